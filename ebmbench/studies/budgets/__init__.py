"""What more training buys, and who is ahead at equal cost."""

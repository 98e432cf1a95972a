"""What the records come to, in numbers."""

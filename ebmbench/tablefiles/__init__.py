"""Tables in files: how they are written, what is in their cells, and a card for one of them."""

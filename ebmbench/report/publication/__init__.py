"""What makes a published folder a data set that others can load and cite."""

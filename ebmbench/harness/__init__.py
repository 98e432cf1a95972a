"""Jobs, the training loop, worker processes and the store of records."""

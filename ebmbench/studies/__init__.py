"""Evidence about the suite and the field: nothing of the benchmark imports it."""

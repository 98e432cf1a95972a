"""Statistics, tables and figures; reads records and nothing else."""

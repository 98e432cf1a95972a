"""Where jobs run: processes on this machine, or a dask cluster."""

"""A study on many machines: the units of a plan are the tasks of a Dask cluster."""

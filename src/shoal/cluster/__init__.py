"""The chunks of a plan trained by the workers of a Dask cluster."""

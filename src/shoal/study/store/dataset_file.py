"""A labelled array as the bytes of a NetCDF file."""

from __future__ import annotations

import io
from pathlib import Path

import xarray as xr


def read_dataset(content: bytes, path: Path) -> xr.Dataset:
    """The labelled array of a file's bytes; `path` is what messages call it."""
    with xr.open_dataset(io.BytesIO(content), engine="h5netcdf") as stored:
        return stored.load()

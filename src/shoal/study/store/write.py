"""Labelled arrays and weights as files of a run folder."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr

from shoal.study.store.folder import RunFolder


def write_results(folder: RunFolder, dataset: xr.Dataset) -> None:
    """results.nc, through h5netcdf."""
    write_dataset(folder, "results.nc", dataset)


def write_dataset(folder: RunFolder, name: str, dataset: xr.Dataset) -> None:
    """A labelled array as a NetCDF file. Made in memory: HDF5 itself crashes where the disk is full."""
    folder.write_bytes(name, bytes(dataset.to_netcdf(engine="h5netcdf", format="NETCDF4")))


def write_weights(folder: RunFolder, weights: Mapping[str, np.ndarray]) -> None:
    """weights.safetensors: "cell label/seed=0/affine_1.W" -> array."""
    from safetensors.numpy import save

    content = save({name: np.ascontiguousarray(value) for name, value in weights.items()})
    folder.write_bytes("weights.safetensors", content)

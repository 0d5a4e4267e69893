"""A run folder, read back."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from shoal.errors import RunError
from shoal.study.store.manifest import MANIFEST, Manifest


@dataclass(frozen=True)
class Run:
    """A finished run, read back. `results` is the labelled Dataset."""

    path: Path
    results: xr.Dataset
    study_text: str

    @property
    def search(self) -> xr.Dataset | None:
        """The path of the search that `results` are the final comparison of; None for any other study."""
        return read_search(self.path)

    def weights(self, prefix: str = "") -> dict[str, np.ndarray]:
        """Final weights whose name begins with `prefix`: "batch_norm=true, l2=0.001/seed=0/affine_1.W"."""
        from safetensors import safe_open

        file = self.path / "weights.safetensors"
        if not file.exists():
            raise RunError(f"{self.path} has no weights.", 'Run with [record] weights = "all" or "best".')
        with safe_open(file, framework="numpy") as stored:
            return {name: stored.get_tensor(name) for name in stored.keys() if name.startswith(prefix)}  # noqa: SIM118


def open_run(path: str | Path) -> Run:
    """Read a run folder back. Raises RunError where it is none, or where a file is not what was written."""
    path = Path(path)
    if not all(os.path.exists(path / name) for name in (MANIFEST, "results.nc")):
        raise RunError(
            f"{path} is not the folder of a finished run.",
            "Name the folder that `shoal run` wrote; --resume finishes one that was interrupted.",
        )
    try:
        _require_as_written(path)
    except OSError as error:
        raise RunError(f"{path} cannot be read: {error.strerror}.", "Make its files readable.") from None
    with xr.open_dataset(path / "results.nc", engine="h5netcdf") as stored:
        results = stored.load()
    return Run(path, results, (path / "study.toml").read_bytes().decode())


def read_search(folder: Path) -> xr.Dataset | None:
    """search.nc of a run folder, where there is one."""
    if not os.path.exists(folder / "search.nc"):
        return None
    with xr.open_dataset(folder / "search.nc", engine="h5netcdf") as stored:
        return stored.load()


def finished_run(path: str | Path) -> Run | None:
    """The run of a folder where it is there and complete. Raises RunError where a file of it is damaged."""
    path = Path(path)
    if not all(os.path.exists(path / name) for name in (MANIFEST, "results.nc")):
        return None
    manifest = Manifest(path).load()
    if "run.json" in manifest:
        return None
    if manifest.as_written("results.nc"):
        with xr.open_dataset(path / "results.nc", engine="h5netcdf") as stored:
            if stored.attrs.get("status") == "interrupted":
                return None
    return open_run(path)


def _require_as_written(path: Path) -> None:
    manifest = Manifest(path).load()
    for name in sorted({"study.toml", "results.nc", *manifest.names()}):
        if name not in manifest or not manifest.as_written(name):
            raise RunError(
                f"{path / name} is not what was written: its SHA-256 differs from the manifest's.",
                "Restore it from a copy, or run the study again in a new folder.",
            )

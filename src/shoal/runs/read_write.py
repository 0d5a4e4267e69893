"""Reads and writes the results and weights of a run folder."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from shoal.errors import RunError
from shoal.files import FILE, cannot_read
from shoal.folder import Folder
from shoal.results.result_schema import check_result
from shoal.results.search_schema import check_search
from shoal.runs.dataset_file import read_dataset
from shoal.runs.folder import MOST_STUDY_BYTES, RunFolder, open_folder
from shoal.runs.manifest import MANIFEST, Manifest

MOST_RESULT_BYTES = 2**32  # of results.nc or search.nc


@dataclass(frozen=True)
class Run:
    """A finished run, read back. `results` is the labelled Dataset, `search` the path of the search that they
    are the final comparison of; None for any other study."""

    path: Path
    results: xr.Dataset
    study_text: str
    search: xr.Dataset | None = None

    def weights(self, prefix: str = "") -> dict[str, np.ndarray]:
        """Final weights whose name begins with `prefix`: "batch_norm=true, l2=0.001/seed=0/affine_1.W"."""
        from shoal.runs.safe_arrays import read_arrays

        with open_folder(self.path) as folder:
            if not folder.exists("weights.safetensors"):
                raise RunError(f"{self.path} has no weights.", 'Run with [record] weights = "all" or "best".')
            with folder.open_file("weights.safetensors") as file:
                return read_arrays(file, self.path / "weights.safetensors", prefix)


def open_run(path: str | Path) -> Run:
    """Read a run folder back. Raises RunError where it is none, or where a file is not what was written."""
    path = Path(path)
    if not all(os.path.exists(path / name) for name in (MANIFEST, "results.nc")):
        raise RunError(
            f"{path} is not the folder of a finished run.",
            "Name the folder that `shoal run` wrote; --resume finishes one that was interrupted.",
        )
    try:
        with open_folder(path) as folder:
            return _read(folder, Manifest(folder).load())
    except OSError as error:
        raise cannot_read(path, error) from None


def finished_run(path: str | Path) -> Run | None:
    """The run of a folder where it is there and complete. Raises RunError where a file of it is damaged."""
    path = Path(path)
    if not all(os.path.exists(path / name) for name in (MANIFEST, "results.nc")):
        return None
    try:
        with open_folder(path) as folder:
            manifest = Manifest(folder).load()
            if "run.json" in manifest:
                return None
            run = _read(folder, manifest)
    except OSError as error:
        raise cannot_read(path, error) from None
    return None if run.results.attrs.get("status") == "interrupted" else run


def study_text(path: str | Path) -> bytes | None:
    """study.toml of a run folder; None where there is none."""
    try:
        with open_folder(path) as folder:
            if folder.kind("study.toml") != FILE:
                return None
            return folder.read("study.toml", MOST_STUDY_BYTES)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise cannot_read(Path(path), error) from None


def _read(folder: Folder, manifest: Manifest) -> Run:
    """Every file is what was written; those that are looked into are hashed as they are read."""
    texts = {"study.toml": MOST_STUDY_BYTES, "results.nc": MOST_RESULT_BYTES, "search.nc": MOST_RESULT_BYTES}
    contents: dict[str, bytes] = {}
    for name in sorted({"study.toml", "results.nc", *manifest.names()}):
        if name == "report.html" and not folder.exists(name):
            continue  # removed, it can be drawn again
        if name in texts and folder.exists(name):
            contents[name] = folder.read(name, texts[name])
            whole = manifest.holds(name, hashlib.sha256(contents[name]).hexdigest())
        else:
            whole = manifest.as_written(name)
        if name not in manifest or not whole:
            raise RunError(
                f"{folder.path / name} is not what was written: its SHA-256 differs from the manifest's.",
                "Restore it from a copy, or run the study again in a new folder.",
            )
    text = _decoded(contents["study.toml"], folder.path)
    found: dict[str, xr.Dataset] = {}
    for name, check in (("results.nc", check_result), ("search.nc", check_search)):
        if name in contents:
            path = folder.path / name
            found[name] = check(read_dataset(contents.pop(name), path), path)
            if found[name].attrs["study"] != text:
                raise RunError(
                    f"{path} is of another study than the study.toml beside it.",
                    "Restore both from a copy, or run the study again in a new folder.",
                )
    return Run(folder.path, found["results.nc"], text, found.get("search.nc"))


def _decoded(content: bytes, path: Path) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise RunError(f"{path / 'study.toml'} is no text in UTF-8.", "Restore it from a copy.") from None


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

"""Data of the user's own as a `Dataset`: each format by its suffix, with the checks that all share."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from shoal.data.dataset import Dataset, Part
from shoal.data.opening import open_named
from shoal.data.own import csv_file, image_folder, mat, npz, parquet
from shoal.data.own.inputs import as_inputs
from shoal.data.own.labels import as_labels
from shoal.data.own.raw import Raw
from shoal.data.own.whereabouts import find_own
from shoal.errors import DataError

_ARRAYS = {".mat": mat.read, ".npz": npz.read}
_TABLES = {".csv": csv_file.read, ".parquet": parquet.read}


def load_own(path: str, target: str | None = None, folders: Sequence[Path] = ()) -> Dataset:
    """The data set in a file, found in one of `folders` unless its path is absolute.

    `target` names the column of classes of a table. The class names are the labels' texts, sorted. Nothing
    that is loaded is run. Raises `DataError` for whatever makes the data unfit.
    """
    found = find_own(path, folders)
    folder = found.is_dir()
    suffix = "" if folder else found.suffix.lower()
    if suffix in _TABLES:
        return _dataset(path, found, _TABLES[suffix](found, target))
    if not folder and suffix not in _ARRAYS:
        known = ", ".join([*_ARRAYS, *_TABLES])
        raise DataError(
            f"{found} is of no known kind ({suffix or 'no suffix'})", f"known: {known}, or a folder of images"
        )
    if target is not None:
        raise DataError(
            f"target = {target!r} was given, but {found.name} has no columns to choose from",
            "leave target out",
        )
    return _dataset(path, found, image_folder.read(found) if folder else _ARRAYS[suffix](found))


def _dataset(name: str, path: Path, raw: Raw) -> Dataset:
    train, test = as_inputs(f"{path}, {raw.x_name}", raw.x), None
    labels = as_labels(f"{path}, {raw.y_name}", raw.y, raw.y_test)
    if raw.x_test is not None and labels.test is not None:
        test = Part(as_inputs(f"{path}, x_test", raw.x_test), labels.test)
    notes = (*raw.notes, *labels.notes, *(() if test is None else _scales(train, test.inputs)))
    source = f"{path} (SHA-256 {raw.sha256 or _sha256(path)})"
    return Dataset(name, Part(train, labels.train), test, labels.classes, source, notes)


def _scales(train: np.ndarray, test: np.ndarray) -> tuple[str, ...]:
    """A note where one part runs from 0 to 1 and the other to 255, as images before and after scaling."""
    ends = [(float(part.min()), float(part.max())) for part in (train, test)]
    low, high = sorted(ends, key=lambda end: end[1])
    if low[0] < 0 or high[0] < 0 or not (0 < low[1] <= 1 and 16 < high[1] <= 255):
        return ()
    (first, last), (begin, end) = ends
    return (
        f"training and test inputs are on different scales: {first:g} to {last:g} and {begin:g} to {end:g}",
    )


def _sha256(path: Path) -> str:
    with open_named(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

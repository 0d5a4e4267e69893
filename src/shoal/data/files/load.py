"""A user's own data as a `Dataset`: each format by its suffix, with the checks that all share.

A path of `[data]` is looked for beside the study file, then in the data folder.
"""

from __future__ import annotations

import difflib
import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from shoal.data.dataset import Dataset, Part
from shoal.data.files import csv, images, mat, npz, parquet
from shoal.data.files.arrays import RawArrays, as_inputs
from shoal.data.files.labels import as_labels
from shoal.data.limits import open_named
from shoal.errors import DataError


def find_own(path: str, folders: Sequence[Path]) -> Path:
    """The file or folder that `path` names: an absolute one as it is, else the first found in `folders`.

    Raises `DataError` that says where was looked, with the nearest name that is there.
    """
    if not path.strip():
        raise DataError("data.path is empty", "name a file or a folder of images")
    wanted = Path(os.path.expanduser(path))
    tried = [wanted] if wanted.is_absolute() else [folder / wanted for folder in folders]
    for candidate in tried:
        if os.path.exists(candidate):
            return candidate
    near = next(filter(None, map(_nearest, tried)), "")
    raise DataError(
        f"there is no {' and no '.join(dict.fromkeys(map(str, tried)))}",
        f"{near}a path is taken from the study file's folder, else from the data folder (--data-dir)",
    )


def _nearest(path: Path) -> str:
    """A name beside the one that is missing, where one is close."""
    try:
        names = os.listdir(path.parent)
    except (OSError, ValueError):  # no such folder, or no name of one
        return ""
    close = difflib.get_close_matches(path.name, names, n=1, cutoff=0.6)
    return f"did you mean {str(path.with_name(close[0]))!r}? " if close else ""


_ARRAYS = {".mat": mat.read, ".npz": npz.read}
_TABLES = {".csv": csv.read, ".parquet": parquet.read}


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
    return _dataset(path, found, images.read(found) if folder else _ARRAYS[suffix](found))


def _dataset(name: str, path: Path, raw: RawArrays) -> Dataset:
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

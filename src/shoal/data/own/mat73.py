"""MATLAB files of version 7.3: HDF5 with MATLAB's array axes in reverse order."""

from __future__ import annotations

from io import BufferedReader
from typing import Any

import numpy as np

from shoal.data.limits import refuse_oversized
from shoal.errors import DataError

MAGIC = b"MATLAB 7.3"
_REMEDY = "in MATLAB: save('data.mat', 'X', 'y', '-v7')"


def read(path: str, file: BufferedReader) -> tuple[np.ndarray, np.ndarray]:
    """`X` and `y`, numbers, in MATLAB's own order of axes. Raises `DataError`."""
    import h5py

    try:
        with h5py.File(file, "r") as stored:
            return _array(path, stored, "X"), _array(path, stored, "y")
    except (OSError, RuntimeError) as error:
        raise DataError(f"{path} is a damaged file of version 7.3: {error}", "save it again") from error


def _array(path: str, file: Any, name: str) -> np.ndarray:
    import h5py

    link = file.get(name, getlink=True)  # looked at first: following it could open another file
    if link is None:
        names = ", ".join(key for key in file if not key.startswith("#"))
        raise DataError(
            f"{path} has no variable {name}; it has {names or 'none'}",
            "save the examples as X, one a row, and their labels as y",
        )
    if not isinstance(link, h5py.HardLink):
        raise DataError(f"{path}: {name} is a link to elsewhere", f"save the array itself; {_REMEDY}")
    data = file[name]
    if not isinstance(data, h5py.Dataset) or data.dtype.kind not in "buif" or "MATLAB_empty" in data.attrs:
        raise DataError(f"{path}: {name} is no full array of numbers", f"text needs version 7; {_REMEDY}")
    if _class(data) == b"char":
        raise DataError(f"{path}: {name} is text, which Shoal reads from version 7 only", _REMEDY)
    if data.external or data.is_virtual:
        raise DataError(f"{path}: {name} lies in another file", f"save the array itself; {_REMEDY}")
    refuse_oversized(f"{path}, {name}", data.shape, data.dtype.itemsize)
    return np.asarray(data[()]).transpose()


def _class(data: Any) -> bytes:
    found = data.attrs.get("MATLAB_class", b"")
    return found.encode() if isinstance(found, str) else bytes(found)

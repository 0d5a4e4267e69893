"""MATLAB files: `X` and `y`. Version 5 to 7 through SciPy, version 7.3 (which is HDF5) through h5py.

MATLAB stores arrays column by column, so an image kept as a row of pixels lists its first column first.
Nothing in a file is run: SciPy is asked for two variables of numbers or text and no other.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from shoal.data.own import mat73
from shoal.data.own.limits import refuse_oversized
from shoal.data.own.raw import Raw
from shoal.errors import DataError

SMALLEST_SIDE = 8  # pixels; a row of 4 or 9 features is no image
_LABELS = ("char", "cell")
_NUMBERS = ("double", "single", "logical", *(f"{s}int{n}" for s in ("", "u") for n in (8, 16, 32, 64)))


def read(path: Path) -> Raw:
    """`X` and `y`, images as (N, rows, columns, channels). Raises `DataError`."""
    x, y = mat73.read(path) if mat73.is_mat73(path) else _read(path)
    x, notes = _examples_first(f"{path}, X", x, max(y.shape, default=0))
    return Raw(x, _text_of(f"{path}, y", y), notes=notes, x_name="X")


def _read(path: Path) -> tuple[np.ndarray, np.ndarray]:
    try:
        from scipy.io import loadmat, whosmat

        with path.open("rb") as file:
            kinds = {name: (shape, kind) for name, shape, kind in whosmat(file)}
        for name, allowed in (("X", _NUMBERS), ("y", (*_NUMBERS, *_LABELS))):
            _refuse_kind(path, name, kinds, allowed)
        with path.open("rb") as file:
            found: dict[str, Any] = loadmat(file, variable_names=["X", "y"])
    except DataError:
        raise
    except Exception as error:  # SciPy has no error of its own: damage shows as almost any
        raise DataError(
            f"{path} is damaged or no MATLAB file: {error}",
            "save it again: save('data.mat', 'X', 'y', '-v7')",
        ) from error
    return found["X"], found["y"]


def _refuse_kind(path: Path, name: str, kinds: dict[str, Any], allowed: tuple[str, ...]) -> None:
    if name not in kinds:
        raise DataError(
            f"{path} has no variable {name}; it has {', '.join(kinds) or 'none'}",
            "save the examples as X, one a row, and their labels as y",
        )
    shape, kind = kinds[name]
    if kind not in allowed:
        raise DataError(
            f"{path}: {name} is a {kind} array",
            "save X as a full array of numbers, y as numbers or a cell array of text: X = full(double(X)); "
            "y = cellstr(y)",
        )
    refuse_oversized(f"{path}, {name}", shape, 8)


def _examples_first(where: str, x: np.ndarray, n: int) -> tuple[np.ndarray, tuple[str, ...]]:
    """Rows of pixels as images where they are square; (rows, columns, [channels,] N) with examples first."""
    if x.ndim == 2:
        side = round(x.shape[1] ** 0.5)
        if side < SMALLEST_SIDE or side * side != x.shape[1]:
            return x, ()
        note = f"rows of {x.shape[1]} pixels were read as images of {side} x {side}, column by column"
        return x.reshape(len(x), side, side).transpose(0, 2, 1), (note,)
    if x.ndim in (3, 4) and x.shape[-1] == n:
        return np.moveaxis(x, -1, 0), (f"X {x.shape} has its examples last; they were put first",)
    return x, ()


def _text_of(where: str, y: np.ndarray) -> np.ndarray:
    """A cell array of text as an array of text; everything else as it is."""
    if y.dtype.kind != "O":
        return y
    words = [cell.item() if cell.size == 1 else cell if cell.size else "" for cell in y.reshape(-1)]
    if not all(isinstance(word, str) for word in words):
        raise DataError(f"{where} is a cell array of more than text", "use cellstr, or a vector of numbers")
    return np.array(words)

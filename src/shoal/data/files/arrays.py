"""Stored arrays, as a format's reader returns them, and their way to inputs.

Readers return arrays unchecked. Inputs are numbers only, none missing, images with their channels last.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shoal.data.limits import float32_of
from shoal.errors import DataError


@dataclass(frozen=True, eq=False)
class RawArrays:
    """Examples first: `x` (N, ...) and `y` (N,), of whatever type the file had; the same of a test part.

    `x_name` and `y_name` are what the file calls them; `notes` say what a reader of results should know.
    `sha256` is that of a whole folder, from its files' names and bytes; None for a single file.
    """

    x: np.ndarray
    y: np.ndarray
    x_test: np.ndarray | None = None
    y_test: np.ndarray | None = None
    notes: tuple[str, ...] = ()
    x_name: str = "x"
    y_name: str = "y"
    sha256: str | None = None


MOST_CHANNELS = 4


def as_inputs(where: str, x: np.ndarray) -> np.ndarray:
    """(N, D), (N, I, J) or (N, I, J, C) as uint8 or float32; (N, I, J) becomes (N, I, J, 1).

    Raises `DataError` for what is no array of numbers, has another number of axes, lacks values, or seems
    to have its channels in front.
    """
    if x.dtype.kind not in "buif":
        raise DataError(
            f"{where} holds {_kind(x)}; expected numbers", "turn it into numbers before saving it"
        )
    if x.ndim not in (2, 3, 4) or 0 in x.shape:
        raise DataError(
            f"{where} has shape {x.shape}",
            "give one row for each example, (N, D), or images, (N, rows, columns) or (N, rows, columns, "
            "channels)",
        )
    if x.ndim == 4 and x.shape[-1] > MOST_CHANNELS and x.shape[1] in (1, 3):
        raise DataError(
            f"{where} has shape {x.shape}: its channels seem to come first",
            "put them last, (N, rows, columns, channels), with numpy.moveaxis(x, 1, -1)",
        )
    _refuse_missing(where, x)
    if x.ndim == 3:
        x = x[..., None]
    if x.dtype.kind == "b":
        return x.astype(np.uint8)
    return x if x.dtype == np.uint8 else float32_of(where, x)


def _refuse_missing(where: str, x: np.ndarray) -> None:
    if x.dtype.kind != "f":
        return
    missing = np.isnan(x)
    if not missing.any():
        return
    examples = np.flatnonzero(missing.reshape(len(x), -1).any(axis=1))
    first = [int(i) for i in np.argwhere(missing)[0]]
    raise DataError(
        f"{where}: {int(missing.sum()):,} values are missing (NaN), in {len(examples):,} of {len(x):,} "
        f"examples; the first is input {first[1:]} of example {first[0]}",
        "leave those examples out, or fill the values in before saving",
    )


def _kind(x: np.ndarray) -> str:
    return {"c": "complex numbers", "O": "Python objects"}.get(x.dtype.kind, f"{x.dtype}, no numbers")

"""How much memory a file may ask for: a header of a few bytes can announce anything."""

from __future__ import annotations

import math

import numpy as np

from shoal.errors import DataError

MOST_BYTES = 16 << 30  # one array as stored; ImageNet at 32 x 32 has 4 GB


def refuse_oversized(where: str, shape: tuple[int, ...], itemsize: int) -> None:
    """Raise `DataError` for an announced array that is larger than MOST_BYTES."""
    size = math.prod(shape) * itemsize
    if size > MOST_BYTES:
        raise DataError(
            f"{where} announces an array of shape {shape}, {size / 2**30:,.0f} GiB",
            f"Shoal holds a data set in memory, at most {MOST_BYTES >> 30} GiB; keep a part of it",
        )


def float32_of(where: str, values: np.ndarray) -> np.ndarray:
    """Numbers as float32. Raises `DataError` where one is too large for it."""
    if values.dtype == np.float32:
        return values
    with np.errstate(over="ignore"):
        narrow = values.astype(np.float32)
    infinite = np.isinf(narrow)
    if infinite.any():
        place = np.argwhere(infinite)[0].tolist()
        raise DataError(
            f"{where}: {values[tuple(place)]:g} at {_place(place)} is not a finite 32-bit number",
            "remove such values, or give the feature in other units",
        )
    return narrow


def _place(place: list[int]) -> str:
    rest = f", input {place[1:]}" if len(place) > 1 else ""
    return f"example {place[0]}{rest}"

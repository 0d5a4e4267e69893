"""How much a data file may ask for, and how it is opened: regular files alone.

A header of a few bytes can announce anything, so each limit is checked before memory is asked for.
`SHOAL_DATA_LIMIT` sets the bytes of one array or table.
"""

from __future__ import annotations

import math
import os
from io import BufferedReader
from pathlib import Path

import numpy as np

from shoal.errors import DataError
from shoal.files import UnsafeFileError, open_regular
from shoal.folder import Folder
from shoal.text import printable

LIMIT_VARIABLE = "SHOAL_DATA_LIMIT"  # bytes, in place of MOST_BYTES
MOST_BYTES = 4 << 30  # one array as stored; ImageNet at 32 x 32 has 3.7 GiB
MOST_PIXELS = 1 << 24  # of an image: 4096 x 4096
MOST_IMAGE_BYTES = 256 << 20  # of the file of one image
MOST_LINE = 1 << 24  # characters in a line of a table
MOST_LABEL = 1000  # characters in a label: an array of text is as wide as its longest
CELL_BYTES = 128  # what a cell of a MATLAB cell array takes at least, as an array of its own


def most_bytes() -> int:
    """The most bytes of one array or table. Raises `DataError` where SHOAL_DATA_LIMIT is no such number."""
    text = os.environ.get(LIMIT_VARIABLE, "").strip()
    if not text:
        return MOST_BYTES
    if not (text.isascii() and text.isdigit() and len(text) < 19 and int(text)):
        raise DataError(
            f"{LIMIT_VARIABLE} is {printable(text)!r}; expected a number of bytes",
            f"set it to {MOST_BYTES} for {MOST_BYTES >> 30} GiB, or leave it unset",
        )
    return int(text)


def refuse_oversized(where: str, shape: tuple[int, ...], itemsize: int) -> None:
    """Raise `DataError` for an announced array that is larger than `most_bytes`."""
    size = math.prod(shape) * itemsize
    if size > most_bytes():
        raise too_large(f"{where} announces an array of shape {shape}", size)


def too_large(what: str, size: int) -> DataError:
    """The error for something of more bytes than `most_bytes`."""
    return DataError(
        f"{what}, {size / 2**30:,.3g} GiB",
        f"Shoal holds a data set in memory, at most {most_bytes() / 2**30:,.3g} GiB of it; keep a part, or "
        f"set {LIMIT_VARIABLE} to more bytes",
    )


def refuse_long_labels(where: str, count: int, longest: int) -> None:
    """Raise `DataError` for labels of more characters than MOST_LABEL, or together of too many bytes."""
    if longest > MOST_LABEL:
        raise DataError(
            f"{where}: one label has {longest:,} characters, at most {MOST_LABEL:,} are read",
            "shorten it, or check whether another column holds the classes",
        )
    refuse_oversized(f"{where}: text", (count,), 4 * longest)


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


def open_named(path: Path) -> BufferedReader:
    """A file that a user named, through whatever links its path has.

    Raises `DataError` where it is a device, a pipe or a folder; OSError.
    """
    try:
        return open_regular(path)
    except UnsafeFileError as error:
        raise DataError(error.what, error.remedy) from error


def open_within(path: Path) -> BufferedReader:
    """A file of a data folder, itself no link: it could lead out of the folder.

    Raises `DataError` where it is a link, a device, a pipe or a folder; OSError.
    """
    try:
        with Folder.open(path.parent) as folder:
            return folder.open_file(path.name)
    except UnsafeFileError as error:
        raise DataError(error.what, error.remedy) from error

"""What a piece of an unfinished run must hold, and the comparison of a file with it.

Pieces are files of arrays (study/safe_arrays.py): finished chunks, checkpoints, the rungs of a halving. The
study says which arrays one has, so a file that was damaged, or made by someone else, is told from what was
written before anything is made of it; how large it can be is known before it is read.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import pairwise
from typing import Any, NoReturn

import numpy as np

from shoal.population.program import Layout
from shoal.runs.safe_arrays import ArrayFileError
from shoal.text import printable

HEADER_BYTES = 2**20  # of a piece, beside those of its arrays' names and its members
ARRAY_BYTES = 2**10  # of an array's entry in a header
MEMBER_BYTES = 2**8  # of a cell's or a seed's number in a header

Check = Callable[[Any], bool]


class PieceError(Exception):
    """What is wrong with a piece, in words that follow its name."""


def most_bytes(layout: Layout, times: int = 1, members: int = 0) -> int:
    """The most bytes of a file with these arrays, each of them so many times as large at the most."""
    arrays = sum(math.prod(one.shape) * np.dtype(one.dtype).itemsize for one in layout.values())
    return times * arrays + ARRAY_BYTES * len(layout) + MEMBER_BYTES * members + HEADER_BYTES


def require_arrays(found: Mapping[str, np.ndarray], layout: Layout) -> None:
    """Raises PieceError where these are not the arrays of a layout: names, shapes and dtypes."""
    if missing := [name for name in layout if name not in found]:
        refuse(f"it lacks {shown(missing[0])}")
    if strange := [name for name in found if name not in layout]:
        refuse(f"it holds {shown(strange[0])}, which is not known")
    for name, own in layout.items():
        array = found[name]
        if array.shape != tuple(own.shape) or array.dtype != np.dtype(own.dtype):
            refuse(
                f"{shown(name)} is {array.dtype} of shape {shown(array.shape)}; "
                f"expected {np.dtype(own.dtype)} of shape {shown(tuple(own.shape))}"
            )


def require_header(header: Mapping[str, Any], checks: Mapping[str, Check]) -> None:
    """Raises PieceError where a header has other keys, or a value that does not pass its check."""
    if missing := [name for name in checks if name not in header]:
        refuse(f"its header lacks {shown(missing[0])}")
    if strange := [name for name in header if name not in checks]:
        refuse(f"its header names {shown(strange[0])}, which is not known")
    for name, check in checks.items():
        if not check(header[name]):
            refuse(f"its header gives {name} as {shown(header[name])}")


def require_range(array: np.ndarray, name: str, low: int, high: int) -> None:
    """Raises PieceError where whole numbers lie outside low .. high."""
    if array.size and (array.min() < low or array.max() > high):
        refuse(f"{shown(name)} has values outside {low:,} .. {high:,}")


def is_count(most: int, least: int = 0) -> Check:
    """A whole number of least .. most."""
    return lambda value: type(value) is int and least <= value <= most


def is_seconds(value: Any) -> bool:
    """A duration."""
    return type(value) in (int, float) and 0 <= value < 1e12


def is_exactly(expected: Any) -> Check:
    """Equal in value and kind: true is not 1."""
    return lambda value: value == expected and _kinds(value) == _kinds(expected)


def are_names(value: Any) -> bool:
    """A list of texts, each once."""
    return (
        isinstance(value, list)
        and all(isinstance(one, str) for one in value)
        and len(set(value)) == len(value)
    )


def are_counts(most: int) -> Check:
    """A list of whole numbers of 0 .. most."""
    one = is_count(most)
    return lambda value: isinstance(value, list) and all(map(one, value))


def are_rising(most: int) -> Check:
    """A list of at least one whole number of 0 .. most, each larger than the one before it."""
    listed = are_counts(most)
    return lambda value: listed(value) and len(value) > 0 and all(a < b for a, b in pairwise(value))


def shown(value: Any) -> str:
    """A value from a file, short and fit to be read."""
    if isinstance(value, (list, dict)) and len(value) > 20:
        return f"a {'list' if isinstance(value, list) else 'table'} of {len(value):,}"
    try:
        return printable(repr(value), 80)
    except RecursionError:
        return "nested too deep"


def refuse(wrong: str) -> NoReturn:
    """Raises PieceError."""
    raise PieceError(wrong)


@contextmanager
def reading(name: str) -> Iterator[None]:
    """Inside, a PieceError becomes an ArrayFileError that names the file."""
    try:
        yield
    except PieceError as wrong:
        raise ArrayFileError(
            f"{name} is not what belongs there: {wrong}.",
            "Restore it from a copy, or run the study again in a new folder.",
        ) from None


def _kinds(value: Any) -> Any:
    return [type(value), *map(_kinds, value)] if isinstance(value, list) else type(value)

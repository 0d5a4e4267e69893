"""Ranges and choices as a unit cube, and points in it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from shoal.study.search.trial import Point
from shoal.study.spec.search import Range

DIGITS = 6  # significant ones of every value that a search tries: labels show as many


def rounded(value: float) -> float:
    """A value as it is tried and written down."""
    return float(f"{value:.{DIGITS}g}")


def place(own: Range, share: float) -> float:
    """The number at a share (0 to 1) of a range."""
    return between(own, *own.ends, share)


def between(own: Range, low: float, high: float, share: float) -> float:
    """The number at a share of the way from low to high, on the range's scale."""
    if own.is_log:
        value = math.exp(math.log(low) * (1 - share) + math.log(high) * share)
    else:
        value = low * (1 - share) + high * share
    return min(max(rounded(value), own.ends[0]), own.ends[1])


def points_of(over: Mapping[str, Any], cube: np.ndarray) -> list[Point]:
    """The points at rows of a unit cube (n, factors): a choice is an equal part of its side."""
    return [
        {path: _value(own, float(u)) for (path, own), u in zip(over.items(), row, strict=True)}
        for row in cube
    ]


def _value(own: Range | Sequence[Any], share: float) -> Any:
    if isinstance(own, Range):
        return place(own, share)
    return own[min(int(share * len(own)), len(own) - 1)]

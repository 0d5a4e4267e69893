"""The steps for one block, and lines that remember what they were asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from shoal.gradients.differences import ROUNDING, Line, Sample


@dataclass
class Steps:
    """The steps for one block, learned as it is probed: `start`, within `smallest` and `largest`.

    `noise` is the standard deviation of the loss's rounding. So many disagreements are doubted as `doubts`.
    """

    start: float
    smallest: float
    largest: float
    noise: float
    doubts: int = 4


def memoized(f: Callable[[float], float]) -> Line:
    """`f` as a line whose values are computed once."""
    known: dict[float, Sample] = {}

    def line(t: float) -> Sample:
        if t not in known:
            known[t] = Sample(f(t))
        return known[t]

    return line


def rounding(noise: float, right: float, left: float, h: float) -> float:
    """What rounding may do to a central difference that is extrapolated once."""
    return 2 * ROUNDING * max(noise, 2.0**-53 * max(abs(right), abs(left))) / h

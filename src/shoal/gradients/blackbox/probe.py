"""The slope along one line, for as few calls of the loss as the answer allows.

Two central differences, at h and h/2, that agree with each other and with what came end it:

    R = (4 D(h/2) - D(h)) / 3,    error = |D(h/2) - D(h)| / 3 + rounding

The step moves while rounding (h too small) or truncation (h too large) hides the answer. Anything else, a
disagreement first of all, is looked into by `differences.slope`, which knows corners.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import inf, isfinite

from shoal.gradients.differences import ROUNDING, Sample, Slope, slope

MOVE = 8.0  # the step changes by this factor
MOVES = 6  # at most so often
SLACK = 10.0
RESOLVED = 0.1  # an error below this share of the tolerance resolves a slope


@dataclass
class Steps:
    """The steps for one block, learned as it is probed: `start`, within `smallest` and `largest`."""

    start: float
    smallest: float
    largest: float
    noise: float


def memoized(f: Callable[[float], float]) -> Callable[[float], Sample]:
    """`f` as a line whose values are computed once."""
    known: dict[float, Sample] = {}

    def line(t: float) -> Sample:
        if t not in known:
            known[t] = Sample(f(t))
        return known[t]

    return line


def probe(
    line: Callable[[float], Sample],
    steps: Steps,
    base: float,
    came: float,
    floor: float,
    tolerance: float,
    *,
    thorough: bool = False,
) -> Slope:
    """The slope of `line` at 0, where its value is `base`, held against `came` (rounded to within `floor`).

    `thorough` goes to `differences.slope` in any case. `steps.start` is left where the slope was found.
    """
    found, h = None, steps.start
    if isfinite(came):
        found, h = _quick(line, steps, base, came, floor, tolerance)
        if found is not None and not thorough:
            steps.start = h
            return found
    full = _full(line, steps, h, base, tolerance)
    if found is not None and (not full.corner and full.error >= found.error):
        return replace(found, crossings=full.crossings)
    return full


def _quick(
    line: Callable[[float], Sample], steps: Steps, base: float, came: float, floor: float, tolerance: float
) -> tuple[Slope | None, float]:
    """The slope if it agrees with `came`, and the step to go on with."""
    h, before, best, best_h = steps.start, 0, None, steps.start
    for _ in range(MOVES):
        right, left = line(h).value, line(-h).value
        inner = (line(h / 2).value - line(-h / 2).value) / h
        outer = (right - left) / (2 * h)
        value, truncation = (4 * inner - outer) / 3, abs(inner - outer) / 3
        rounding = _rounding(steps.noise, right, left, h)
        error = truncation + rounding
        if not isfinite(value):
            error = truncation = inf
        elif best is None or error < best.error:
            best, best_h = Slope(value, error, value, value, h), h
        if value == came == 0 and right == base:
            return replace(best or Slope(0.0, 0.0, 0.0, 0.0, h), value=0.0, error=0.0), h
        if error + floor <= RESOLVED * tolerance * (abs(value) + abs(came)):
            break
        if truncation > rounding and h / MOVE >= steps.smallest and before <= 0:
            h, before = h / MOVE, -1
        elif truncation <= rounding and h * MOVE <= steps.largest and before >= 0:
            h, before = h * MOVE, 1
        else:
            break
    if best is None:
        return None, h
    size = abs(best.value) + abs(came)
    off = abs(best.value - came)
    if best.error + floor <= RESOLVED * tolerance * size:
        return (best if off <= tolerance * size else None), best_h
    rounded = best.error <= 3 * _rounding(steps.noise, base, base, best.step)
    return (best if rounded and off <= SLACK * (best.error + floor) else None), best_h


def _full(line: Callable[[float], Sample], steps: Steps, h: float, base: float, tolerance: float) -> Slope:
    return slope(line, h, steps.smallest, steps.noise, base=Sample(base), target=0.02 * tolerance)


def _rounding(noise: float, right: float, left: float, h: float) -> float:
    return 2 * ROUNDING * max(noise, 2.0**-53 * max(abs(right), abs(left))) / h

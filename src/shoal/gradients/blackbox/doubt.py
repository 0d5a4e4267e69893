"""A slope that disagrees with what came, looked at with ever smaller steps before it is believed.

Steps that cross the same corners agree with each other, and on something else. As the steps shrink,

    D(h) = (f(h) - f(-h)) / (2h)           moves, where it crossed a corner: its error grows by that
    G(h) = (f(h) - 2 f(0) + f(-h)) / h     goes to 0, or stays: then a corner lies nearer than all of them
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from shoal.gradients.differences import Line, Slope

from .steps import Steps, rounding

SHRINK = 4.0
RUNGS = 8
SURE = 3.0  # how many times its rounding G must be
STEADY = 0.2  # and how little it may change over three steps


def doubt(line: Line, found: Slope, steps: Steps, base: float, off: float) -> Slope:
    """The slope with an error that covers what smaller steps say, as far down as they can see `off`; or the
    two slopes of a corner."""
    if steps.doubts <= 0:
        return found
    h, error, gaps = found.step * SHRINK, found.error, []
    for _ in range(RUNGS):
        right, left = line(h).value, line(-h).value
        rounded = rounding(steps.noise, right, left, h)
        if not rounded < off:
            break
        if h <= found.step:
            error = max(error, abs((right - left) / (2 * h) - found.value) - rounded)
        gaps.append(((right - 2 * base + left) / h, rounded))
        if gap := steady(gaps[-3:]):
            middle = (right - left) / (2 * h)
            return replace(found, value=middle, left=middle - gap / 2, right=middle + gap / 2, corner=True)
        h /= SHRINK
    steps.doubts -= 1
    return replace(found, error=error)


def steady(gaps: list[tuple[float, float]]) -> float:
    """The gap between both slopes, if three in a row agree on one that is not 0; else 0."""
    if len(gaps) < 3:
        return 0.0
    values = np.asarray([gap for gap, _ in gaps])
    sure = all(abs(gap) > SURE * rounded for gap, rounded in gaps)
    return float(values[-1]) if sure and np.ptp(values) <= STEADY * abs(values[-1]) else 0.0

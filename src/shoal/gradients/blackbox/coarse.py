"""The slope along one line of a loss that is rounded to single precision.

Steps have to be large, so they cross corners that no step shows by itself, and two of them may agree on a
wrong slope by chance. All of a ladder of steps are taken, and a central difference is believed as far as the
next three smaller ones bear it out:

    error(h) = noise / h + max |D(h) - D(h/2)|, |D(h) - D(h/4)|, |D(h) - D(h/8)|
"""

from __future__ import annotations

import numpy as np

from shoal.gradients.differences import Line, Slope

from .probe import Steps

RUNGS = 7
NEXT = 3
SURE = 10.0  # how many times its rounding a gap between both slopes must be to be called a corner
STEADY = 0.2  # and how little it may change from rung to rung


def coarse_slope(line: Line, steps: Steps, base: float) -> Slope:
    """The slope with the least estimated error. It is infinite where nothing finite was seen."""
    hs = steps.largest * 2.0 ** -np.arange(RUNGS)
    right = np.asarray([line(float(h)).value for h in hs])
    left = np.asarray([line(-float(h)).value for h in hs])
    with np.errstate(invalid="ignore", over="ignore"):
        central, gap = (right - left) / (2 * hs), (right - 2 * base + left) / hs
        errors = [_error(central, steps.noise / hs, j) for j in range(RUNGS - NEXT + 1)]
    j = int(np.argmin(errors))
    if not np.isfinite(errors[j]):
        return Slope(np.nan, np.inf, np.nan, np.nan, float(hs[j]))
    value = float(central[j])
    half = _corner(gap, steps.noise / hs) / 2
    return Slope(value, float(errors[j]), value - half, value + half, float(hs[j]), corner=half != 0)


def _error(central: np.ndarray, rounding: np.ndarray, j: int) -> float:
    apart = np.abs(central[j + 1 : j + 1 + NEXT] - central[j])
    # A smaller step is rounded more: only what that does not explain counts.
    beyond = np.maximum(apart - rounding[j + 1 : j + 1 + NEXT], 0.0)
    error = float(rounding[j] + max(apart[0], float(np.max(beyond))))
    return error if np.isfinite(error) else np.inf


def _corner(gap: np.ndarray, rounding: np.ndarray) -> float:
    """Right slope less left slope, where it is surely not 0; else 0."""
    for j in range(len(gap) - 2):
        three = gap[j : j + 3]
        steady = float(np.ptp(three)) <= STEADY * abs(float(three[2]))
        if steady and np.all(np.abs(three) > SURE * 4 * rounding[j : j + 3]):
            return float(three[2])
    return 0.0

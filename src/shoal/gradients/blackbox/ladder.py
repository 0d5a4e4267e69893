"""The slope along one line where rounding is large beside it: above all in single precision.

Steps have to be large, so they cross corners that no step shows by itself, and two of them may agree on a
wrong slope by chance. All of a ladder of steps are taken, and a central difference is believed as far as the
three smaller ones and the next larger one bear it out:

    error(h) = noise / h + 5 max(|D(h) - D(h/2)|, |D(h) - D(h/4)|, |D(h) - D(h/8)|, |D(h) - D(2h)| / 3)
"""

from __future__ import annotations

import numpy as np

from shoal.gradients.differences import Line, Slope

from .doubt import steady
from .steps import Steps

RUNGS = 7
NEXT = 3
SAFETY = 5.0
GAP = 13.0  # G is rounded by this much more than D


def ladder_slope(line: Line, steps: Steps, base: float) -> Slope:
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
    before = abs(central[j - 1] - central[j]) / 3 if j else np.inf
    error = rounding[j] + SAFETY * max(float(apart[0]), float(np.max(beyond)), float(before))
    return float(error) if np.isfinite(error) else np.inf


def _corner(gap: np.ndarray, rounding: np.ndarray) -> float:
    """Right slope less left slope, where it is surely not 0; else 0."""
    pairs = list(zip(gap.tolist(), (GAP * rounding).tolist(), strict=True))
    return next((found for j in range(len(pairs) - 2) if (found := steady(pairs[j : j + 3]))), 0.0)

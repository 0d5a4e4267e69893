"""The slope along one line, for as few calls of the loss as the answer allows.

Two central differences, at h and h/2, that agree with each other and with the given gradient end it:

    R = (4 D(h/2) - D(h)) / 3,    error = |D(h/2) - D(h)| / 3 + rounding

The step moves while rounding (h too small) or truncation (h too large) hides the answer; any disagreement is
looked into by `differences.slope`, which knows corners.

Where rounding is large, above all in single precision, steps have to be large too: they cross corners that
no step shows by itself, and two of them may agree on a wrong slope by chance. Then a ladder of steps is
taken, and a central difference is believed as far as its neighbours bear it out:

    error(h) = noise / h + 5 max(|D(h) - D(h/2)|, |D(h) - D(h/4)|, |D(h) - D(h/8)|, |D(h) - D(2h)| / 3)

A slope that disagrees is measured again with smaller steps. As they shrink,

    D(h) = (f(h) - f(-h)) / (2h)           moves, where it crossed a corner: its error grows by that
    G(h) = (f(h) - 2 f(0) + f(-h)) / h     goes to 0, or stays: then a corner lies nearer than all steps
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import inf, isfinite

import numpy as np

from shoal.gradients.differences import ROUNDING, Line, Sample, Slope, slope


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


SHRINK = 4.0
MORE_RUNGS = 8
SURE = 3.0  # how many times its rounding G must be
STEADY = 0.2  # and how little it may change over three steps


def refine_slope(line: Line, found: Slope, steps: Steps, base: float, off: float) -> Slope:
    """The slope with an error that covers what smaller steps say, as far down as they can see `off`; or the
    two slopes of a corner."""
    if steps.doubts <= 0:
        return found
    h, error, gaps = found.step * SHRINK, found.error, []
    for _ in range(MORE_RUNGS):
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


MOVE = 8.0  # the step changes by this factor
MOVES = 6  # at most so often
SLACK = 10.0
RESOLVED = 0.1  # an error below this share of the tolerance resolves a slope


@dataclass(frozen=True)
class ReportedSlope:
    """What came for a slope, known to within `floor`, and the relative error it may have."""

    came: float
    floor: float
    tolerance: float

    def resolved(self, value: float, error: float) -> bool:
        """Whether a reference with this error can judge the claim."""
        return error + self.floor <= RESOLVED * self.tolerance * (abs(value) + abs(self.came))

    def agrees(self, found: Slope) -> bool:
        size = abs(found.value) + abs(self.came)
        return abs(found.value - self.came) <= max(
            self.tolerance * size * self.resolved(found.value, found.error),
            SLACK * (found.error + self.floor) * (not self.resolved(found.value, found.error)),
        )


def probe(line: Line, steps: Steps, base: float, claim: ReportedSlope) -> Slope:
    """The slope of `line` at 0, where its value is `base`, held against the claim.

    `steps.start` is left where the slope was found.
    """
    if not isfinite(claim.came):
        return _thorough(line, steps, steps.start, base, claim)
    found = _quick(line, steps, base, claim)
    if found is not None and _settled(found, steps, base, claim):
        steps.start = found.step
        return found
    if found is not None and steps.doubts <= 0 and claim.resolved(found.value, found.error):
        return found  # one more of many that are wrong
    start = found.step if found is not None else steps.start
    full = _thorough(line, steps, start, base, claim)
    if found is not None and not full.corner and full.error >= found.error:
        full = replace(found, crossings=full.crossings)
    if full.corner or claim.agrees(full):
        return full
    return refine_slope(line, full, steps, base, abs(full.value - claim.came))


def _settled(found: Slope, steps: Steps, base: float, claim: ReportedSlope) -> bool:
    """Whether the slope supports the claim, as far as rounding lets it be known at all."""
    rounded = found.error <= 3 * rounding(steps.noise, base, base, found.step)
    return claim.agrees(found) and (claim.resolved(found.value, found.error) or rounded)


def _quick(line: Line, steps: Steps, base: float, claim: ReportedSlope) -> Slope | None:
    """The best of a few pairs of central differences; None where none is finite."""
    h, last, best = steps.start, 0, None
    for _ in range(MOVES):
        right, left = line(h).value, line(-h).value
        inner = (line(h / 2).value - line(-h / 2).value) / h
        outer = (right - left) / (2 * h)
        value, truncation = (4 * inner - outer) / 3, abs(inner - outer) / 3
        rounded = rounding(steps.noise, right, left, h)
        if not isfinite(value):
            truncation = inf
        elif best is None or truncation + rounded < best.error:
            best = Slope(value, truncation + rounded, value, value, h)
        if value == claim.came == 0 and right == base:
            return Slope(0.0, 0.0, 0.0, 0.0, h)
        if claim.resolved(value, truncation + rounded):
            break
        move = -1 if truncation > rounded else 1
        if last == -move or not steps.smallest <= h * MOVE**move <= steps.largest:
            break
        h, last = h * MOVE**move, move
    return best


def _thorough(line: Line, steps: Steps, h: float, base: float, claim: ReportedSlope) -> Slope:
    target = 0.02 * claim.tolerance
    return slope(line, h, steps.smallest, steps.noise, base=Sample(base), target=target)

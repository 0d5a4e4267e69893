"""The slope along one line, for as few calls of the loss as the answer allows.

Two central differences, at h and h/2, that agree with each other and with what came end it:

    R = (4 D(h/2) - D(h)) / 3,    error = |D(h/2) - D(h)| / 3 + rounding

The step moves while rounding (h too small) or truncation (h too large) hides the answer. Anything else, a
disagreement first of all, is looked into by `differences.slope`, which knows corners.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf, isfinite

from shoal.gradients.differences import Line, Sample, Slope, slope

from .doubt import doubt
from .steps import Steps, rounding

MOVE = 8.0  # the step changes by this factor
MOVES = 6  # at most so often
SLACK = 10.0
RESOLVED = 0.1  # an error below this share of the tolerance resolves a slope


@dataclass(frozen=True)
class Claim:
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


def probe(line: Line, steps: Steps, base: float, claim: Claim) -> Slope:
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
    return doubt(line, full, steps, base, abs(full.value - claim.came))


def _settled(found: Slope, steps: Steps, base: float, claim: Claim) -> bool:
    """Whether the slope supports the claim, as far as rounding lets it be known at all."""
    rounded = found.error <= 3 * rounding(steps.noise, base, base, found.step)
    return claim.agrees(found) and (claim.resolved(found.value, found.error) or rounded)


def _quick(line: Line, steps: Steps, base: float, claim: Claim) -> Slope | None:
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


def _thorough(line: Line, steps: Steps, h: float, base: float, claim: Claim) -> Slope:
    target = 0.02 * claim.tolerance
    return slope(line, h, steps.smallest, steps.noise, base=Sample(base), target=target)

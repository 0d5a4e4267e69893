"""The slope of a cost along a line, from its values alone, with an estimate of the slope's own error.

    central difference   D(h) = (f(h) - f(-h)) / (2h) = f'(0) + c2 h^2 + c4 h^4 + ...
    Richardson           (4 D(h/2) - D(h)) / 3        = f'(0) + O(h^4), and so on up the table
    one-sided gap        G(h) = (f(h) - 2 f(0) + f(-h)) / h = (right slope - left slope) + g1 h + g3 h^3 + ...

Two errors pull against each other: cutting off the series (shrinks with h) and the rounding of f (grows
as noise / h). Both are carried through Richardson's table, and the entry with the least sum of the two is
given. A step that crosses a corner of a piecewise linear layer is thrown away and a smaller one is tried.

Source: Ridders (1982), "Accurate computation of F'(x) and F'(x)F''(x)"; Press et al., Numerical Recipes,
section 5.7. Noise: Moré and Wild (2011), "Estimating computational noise".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import pairwise
from math import factorial, inf, nan, sqrt
from typing import NamedTuple, TypeAlias


@dataclass(frozen=True)
class Estimate:
    """An extrapolated value with both parts of its estimated error."""

    value: float
    truncation: float
    rounding: float

    @property
    def error(self) -> float:
        return self.truncation + self.rounding


@dataclass
class RichardsonTable:
    """Values at steps that halve, whose error is a series in h^power, h^(power + 2), h^(power + 4), ...

    `power` is 2 for central differences and 1 for the gap between one-sided ones. `add` takes the value
    at the next step and its rounding error, and gives the best estimate so far: the entry for which
    truncation (how far it is from its two parents) plus rounding (carried through the sums) is least.
    An entry of an earlier row must also answer to the latest one: two steps may agree by chance.
    """

    power: int
    _row: list[tuple[float, float]] = field(default_factory=list)
    _best: Estimate | None = None

    def add(self, value: float, rounding: float) -> Estimate:
        above, self._row = self._row, [(value, rounding)]
        if self._best is None:
            self._best = Estimate(value, inf, rounding)
        latest = Estimate(value, inf, rounding)
        for column, (parent, parent_rounding) in enumerate(above):
            factor = 2.0 ** (self.power + 2 * column)
            left, left_rounding = self._row[-1]
            value = (factor * left - parent) / (factor - 1)
            rounding = (factor * left_rounding + parent_rounding) / (factor - 1)
            self._row.append((value, rounding))
            found = Estimate(value, max(abs(value - left), abs(value - parent)), rounding)
            if found.error <= latest.error:
                latest = found
        if latest.error <= self._best.error:
            self._best = latest
        off = abs(self._best.value - latest.value)
        return Estimate(self._best.value, max(self._best.truncation, off), self._best.rounding)


SHRINK = 8.0  # after a step that crossed a corner, or that the series does not converge for
LEVELS = 6  # halvings of one step before a smaller start is tried
ROUNDING = 4.0  # how many standard deviations of noise one value of f is taken to be off
CLOSE = 32  # one-sided slopes at a corner are measured from this many smallest steps
ROUGH = 1e-2  # a slope known no better than this, and not for rounding, is not known
LOOSE = 1e-3  # the share of a slope by which its confirmation may be off for its own truncation
CORNER = 1e-6  # one-sided slopes must differ by this share of the larger before a corner is called


class Sample(NamedTuple):
    """A value of the cost, and on which side of each corner it was computed (None: not known)."""

    value: float
    sides: bytes | None = None


Line: TypeAlias = Callable[[float], Sample]


@dataclass(frozen=True)
class Slope:
    """The derivative of f at 0: `value`, give or take `error`.

    `corner` says that f has a corner at 0 (or nearer than the smallest step): `left` and `right` are then
    two different slopes, and `value` is their mean. `crossings` counts the steps thrown away on the way.
    """

    value: float
    error: float
    left: float
    right: float
    step: float
    corner: bool = False
    crossings: int = 0


def noise_level(line: Line, spacing: float) -> float:
    """The standard deviation of rounding in f, from a difference table over points `spacing` apart.

    `spacing` must be so small that f is a polynomial of second degree over six of it.
    """
    values = [line(k * spacing).value for k in range(7)]
    largest = max(abs(v) for v in values)
    estimates = [largest * 2.0**-53]  # f is rounded at least once
    for order in range(1, 6):
        values = [b - a for a, b in pairwise(values)]
        if order >= 3:  # the lower ones still see f itself
            factor = factorial(order) ** 2 / factorial(2 * order)
            estimates.append(sqrt(factor * sum(v * v for v in values) / len(values)))
    return max(estimates)


def slope(
    line: Line,
    step: float,
    smallest: float,
    noise: float,
    *,
    base: Sample | None = None,
    target: float = 1e-9,
) -> Slope:
    """The slope of `line` at 0, with steps from `step` down to about `smallest`.

    Ends as soon as the estimated error is below `target` times the slope, or as rounding is the larger
    part of it (a smaller step could only make it worse), and a much smaller step confirms it. Where that
    never happens the estimate is not to be trusted, and `error` is infinite.
    """
    base = base if base is not None else line(0.0)
    best: Slope | None = None
    crossings, settled = 0, False
    h = step
    while h >= smallest:
        found, converged, h = _converge(line, base, h, noise, target)
        h /= SHRINK
        if found is None:
            crossings += 1
        elif not found.corner and not _confirmed(line, found, h, noise):
            pass  # f has features smaller than the steps
        elif best is None or _improves(found, best):
            best, settled = found, converged
            if settled and not best.corner:
                break
    if best is None and base.sides is not None and crossings:  # every step crosses a corner: 0 sits on one
        best, _, _ = _converge(line, base, CLOSE * smallest, noise, target, watch=False)
        assert best is not None
        best, settled = replace(best, corner=True), True
    if best is None:
        best = Slope(nan, inf, nan, nan, h)
    if not settled and best.error > ROUGH * abs(best.value):
        best = replace(best, error=inf)
    return replace(best, crossings=crossings)


def _confirmed(line: Line, found: Slope, h: float, noise: float) -> bool:
    """Whether the central difference at a step far below those of the table fits what the table says.

    Steps larger than every feature of f can agree with each other, and on something else.
    """
    right, left = line(h).value, line(-h).value
    allowed = 10 * (_rounding(right, left, noise, h) + found.error) + LOOSE * abs(found.value)
    return abs((right - left) / (2 * h) - found.value) <= allowed


def _rounding(right: float, left: float, noise: float, h: float) -> float:
    # Values far from 0 may be larger than those that the noise was measured on.
    return ROUNDING * max(noise, 2.0**-53 * max(abs(right), abs(left))) / h


def _decided(opened: Estimate, best: Estimate, rounding: float) -> bool:
    """Whether the gap between both one-sided slopes is known well enough to tell a corner from none."""
    return abs(opened.value) > 10 * opened.error or opened.error <= max(1e-4 * abs(best.value), 16 * rounding)


def _improves(found: Slope, best: Slope) -> bool:
    """Whether a later result, from smaller steps, should replace an earlier one."""
    if not best.corner:
        return found.error < best.error and not found.corner
    # A corner near 0 looks like one at 0 until the steps are smaller than its distance.
    return found.corner or found.error < 0.1 * abs(best.right - best.left)


def _converge(
    line: Line, base: Sample, h: float, noise: float, target: float, *, watch: bool = True
) -> tuple[Slope | None, bool, float]:
    """Halve h until the table converges: the slope (None: a corner was crossed), whether it did, last h."""
    central, gap = RichardsonTable(2), RichardsonTable(1)
    start = h
    for level in range(LEVELS):
        right = line(h)
        left = line(-h) if not watch or right.sides == base.sides else right
        if watch and left.sides != base.sides:
            return None, False, h
        rounding = _rounding(right.value, left.value, noise, h)
        best = central.add((right.value - left.value) / (2 * h), rounding)
        opened = gap.add((right.value - 2 * base.value + left.value) / h, 4 * rounding)
        small = target * abs(best.value)
        converged = (level > 0 and best.error <= small) or (level > 1 and best.truncation <= rounding)
        if converged and (base.sides is not None or _decided(opened, best, rounding)):
            break
        h /= 2
    corner = abs(opened.value) > max(10 * opened.error, CORNER * abs(best.value))
    half = opened.value / 2 if corner else 0.0
    found = Slope(best.value, best.error, best.value - half, best.value + half, start, corner)
    return found, converged, h

"""Richardson's table: combine values at h, h/2, h/4, ... so that the leading powers of h cancel."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf


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
class Tableau:
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

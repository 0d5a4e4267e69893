"""Probes of one block, held against the gradient that came."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from shoal.gradients.compare import SLACK, Comparison, compare
from shoal.gradients.differences import Slope
from shoal.gradients.patterns import Block


@dataclass(eq=False)
class Probes:
    """Slopes by flat position of single entries, and along directions, with what came for each.

    `floor` is how far rounding may have moved an entry of what came.
    """

    came: np.ndarray
    floor: np.ndarray
    tolerance: float
    entries: dict[int, Slope] = field(default_factory=dict)
    along: list[tuple[float, float, Slope]] = field(default_factory=list)  # came, its floor, the slope

    @property
    def positions(self) -> np.ndarray:
        return np.fromiter(self.entries, dtype=np.int64, count=len(self.entries))

    @property
    def slopes(self) -> list[Slope]:
        return [*self.entries.values(), *(slope for _, _, slope in self.along)]

    @property
    def values(self) -> np.ndarray:
        return np.asarray([s.value for s in self.slopes])

    @property
    def analytic(self) -> np.ndarray:
        """What came for every probe: entries, then directions."""
        return np.concatenate([self.came.reshape(-1)[self.positions], [came for came, _, _ in self.along]])

    @property
    def errors(self) -> np.ndarray:
        """The estimated error of each comparison: the slope's, and the rounding of what came."""
        floors = np.concatenate(
            [self.floor.reshape(-1)[self.positions], [floor for _, floor, _ in self.along]]
        )
        return np.asarray([s.error for s in self.slopes]) + floors

    @property
    def corners(self) -> np.ndarray:
        return np.asarray([s.corner for s in self.slopes], dtype=bool)

    def compare(self, *, widen: bool = False) -> Comparison:
        """Every probe: on a corner, anything between both slopes is right.

        `widen` lets it be as far outside as they are apart: of several units that sit on corners at once,
        each may have been given either slope.
        """
        corners = self.corners
        error = np.where(corners, np.inf, self.errors)
        values = np.where(corners, np.nan_to_num(self.values), self.values)
        found = compare(self.analytic, values, error, self.tolerance)
        outside = corners & ~self._between(widen and int(corners.sum()) > 1)
        return Comparison(found.errors, found.resolved, found.wrong | outside)

    def known(self, name: str, value: np.ndarray) -> Block:
        """The block for the search of patterns: true where a single entry has a slope."""
        true, error = np.full(self.came.size, np.nan), np.full(self.came.size, np.inf)
        for position, slope in self.entries.items():
            if not slope.corner:
                true[position], error[position] = (
                    slope.value,
                    slope.error + float(self.floor.reshape(-1)[position]),
                )
        shape = self.came.shape
        return Block(name, value, self.came, true.reshape(shape), error.reshape(shape))

    def _between(self, widen: bool) -> np.ndarray:
        left = np.asarray([s.left for s in self.slopes])
        right = np.asarray([s.right for s in self.slopes])
        low, high = np.minimum(left, right), np.maximum(left, right)
        room = SLACK * self.errors + 10 * self.tolerance * np.maximum(np.abs(left), np.abs(right))
        room = room + (high - low) * widen
        return (low - room <= self.analytic) & (self.analytic <= high + room)

"""Max pooling."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import ClassVar

from shoal.layers.arrays import Array, Values, namespace
from shoal.layers.pool import Pool
from shoal.layers.windows import cells, fold, pad


@dataclass(frozen=True)
class MaxPool(Pool):
    """The largest number of each window, channel by channel.

    Equation:  y[n, i, j, c] = max over K, L of x[n, i s + k, j t + l, c],   with stride (s, t)
    Backward:  dy goes to the cell that was the largest; cells that several windows chose add up
    Shapes:    x (N, I, J, C), y (N, I', J', C)
    Caveat:    where several cells are the largest, the first one, row by row, gets all of dy: two equal
               cells are a corner, where no derivative exists. NaN stays NaN. Padded cells are never chosen.
               Rows and columns left over are dropped (see `Pool`).
    Source:    Riesenhuber and Poggio (1999), Nature Neuroscience 2, "Hierarchical models of object
               recognition in cortex"; Scherer, Müller and Behnke (2010), section 3.
    """

    kind: ClassVar[str] = "max_pool"

    def forward(self, parameters: Values, x: Array) -> tuple[Array, dict[str, Array]]:
        xp, axes = namespace(x), self.axes(x)
        seen = cells(pad(x, axes, -inf), axes)
        largest = next(seen)
        chosen = xp.zeros(largest.shape, dtype=xp.int32)
        for position, cell in enumerate(seen, start=1):
            larger = (cell > largest) | (cell != cell)  # NaN is unlike itself, and nothing is larger
            largest = xp.where(larger, cell, largest)
            chosen = xp.where(larger, xp.full_like(chosen, position), chosen)
        return largest, {"chosen": chosen, "image": x[:0, ...]}  # of the image only the shape is wanted

    def backward(self, parameters: Values, saved: Values, dy: Array) -> tuple[Array, dict[str, Array]]:
        xp, chosen, zero = namespace(dy), saved["chosen"], namespace(dy).zeros_like(dy)
        rows, columns = self.windows.size
        pieces = [xp.where(chosen == position, dy, zero) for position in range(rows * columns)]
        return fold(pieces, self.axes(saved["image"])), {}

    def corner_side(self, saved: Values) -> Array:
        """Which cell of each window is the largest: the plane of the maximum that x lies on."""
        return saved["chosen"]

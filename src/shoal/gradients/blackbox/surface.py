"""The loss around a point: lines through single entries and along directions, with steps that suit them."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import floor as round_down
from math import log2

import numpy as np

from shoal.gradients.differences import Line, Slope

from .complex_step import ComplexStep
from .ladder import ladder_slope
from .loss import Loss
from .noise import COARSE, measure_noise, noise_along
from .probe import Claim, probe
from .steps import Steps, memoized

FALLBACK = 0.25  # the size of a block of zeros, where no other is there to compare with
LARGE = 0.125  # how large a change of a block is that shows whether the loss depends on it


@dataclass(eq=False)
class Surface:
    """The loss in float64 numbers around `point`, whose own value is `value`.

    `noise` is the standard deviation of its rounding. `steps` are kept for each block: for entries (0), for
    directions (1). `complex_step` is used for the blocks in `analytic`.
    """

    loss: Loss
    point: list[np.ndarray]
    tolerance: float
    value: float = 0.0
    noise: float = 0.0
    steps: dict[tuple[int, int], Steps] = field(default_factory=dict)
    complex_step: ComplexStep | None = None
    analytic: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        self.value = self.loss.at(self.point)
        sizes = [self.size(k) for k in range(len(self.point))]
        self.noise = measure_noise(self.loss, self.point, sizes, self.value)

    @property
    def coarse(self) -> bool:
        """Whether the loss is rounded as single precision rounds."""
        return self.noise > COARSE * abs(self.value) or (self.loss.parameters.single and not self.loss.wide)

    def entry(self, k: int, position: int, came: float, floor: float) -> Slope:
        """The slope by one entry of block k, at a flat position."""
        claim = Claim(came, floor, self.tolerance)
        if self.complex_step is not None and k in self.analytic:
            value, error = self.complex_step.entry(k, position)
            exact = Slope(value, error, value, value, 0.0)
            if claim.agrees(exact):
                return exact
            found = self._slope(k, 0, self._line(k, position), claim)
            near = abs(found.value - value) <= 10 * found.error + self.tolerance * abs(value)
            return found if found.corner or not near else exact
        return self._slope(k, 0, self._line(k, position), claim)

    def direction(self, k: int, u: np.ndarray, came: float, floor: float) -> Slope:
        """The slope of the loss along u, of the shape of block k."""
        point = self.point[k]
        line = memoized(lambda t: self.with_block(k, point + t * u))
        return self._slope(k, 1, line, Claim(came, floor, self.tolerance))

    def with_block(self, k: int, block: np.ndarray) -> float:
        if self.point is self.loss.parameters.base:
            return self.loss.with_block(k, block)
        return self.loss.at([*self.point[:k], block, *self.point[k + 1 :]])

    def change(self, k: int, rng: np.random.Generator) -> float:
        """How much the loss changes for steps in block k that are a good part of the block itself."""
        point, size = self.point[k], LARGE * self.size(k)
        moves = [point + size * rng.uniform(-1, 1, point.shape) for _ in range(2)]
        return max(abs(self.with_block(k, moved) - self.value) for moved in moves)

    def size(self, k: int) -> float:
        """The size of a typical entry of block k."""
        block = self.point[k]
        if own := float(np.sqrt(np.mean(block * block))):
            return own
        others = [float(np.sqrt(np.mean(b * b))) for b in self.point]
        return max(others) or FALLBACK

    def _slope(self, k: int, kind: int, line: Line, claim: Claim) -> Slope:
        steps = self._steps(k, kind)
        return ladder_slope(line, steps, self.value) if self.coarse else probe(line, steps, self.value, claim)

    def _line(self, k: int, position: int) -> Line:
        block = self.point[k].copy()
        flat = block.reshape(-1)
        before = float(flat[position])

        def f(t: float) -> float:
            flat[position] = before + t
            return self.with_block(k, block)

        return memoized(f)

    def _steps(self, k: int, kind: int) -> Steps:
        """Powers of two: then a step in one entry is exact in single precision too."""
        if (k, kind) in self.steps:
            return self.steps[k, kind]
        size = 2.0 ** round_down(log2(self.size(k)))
        # Many entries that move together move the loss as much as one does by a larger step.
        together = 2.0 ** round(log2(max(self.point[k].size, 1)) / 4) if kind == 1 else 1.0
        noise, largest = self.noise, max(size, 2.0**-6) / 2 / together
        if self.coarse:
            noise = max(noise, noise_along(self.loss, self.point, k, self.size(k)))
        self.steps[k, kind] = Steps(2.0**-11 * size / together, 2.0**-30 * size, largest, noise)
        return self.steps[k, kind]

"""The loss around a point: lines through single entries and along directions, with steps that suit them."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import floor as round_down
from math import log2

import numpy as np

from shoal.gradients.differences import Slope, noise_level

from .loss import Loss
from .probe import Steps, memoized, probe

SPACINGS = (1e-12, 1e-9, 1e-7)  # on which rounding is measured, in float64: code inside may be coarser
SPACINGS_SINGLE = (1e-6, 1e-4)
COARSE = 1e-11  # rounding of this share of the loss: computed in single precision inside
FALLBACK = 0.25  # the size of a block of zeros, where no other is there to compare with


@dataclass(eq=False)
class Surface:
    """The loss in float64 numbers around `point`, whose own value is `value`.

    `noise` is the standard deviation of its rounding. `steps` are kept for each block: for entries (0), for
    directions (1).
    """

    loss: Loss
    point: list[np.ndarray]
    tolerance: float
    value: float = 0.0
    noise: float = 0.0
    steps: dict[tuple[int, int], Steps] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.value = self.loss.at(self.point)
        self.noise = self._measure_noise()

    @property
    def coarse(self) -> bool:
        """Whether the loss is rounded as single precision rounds."""
        return self.loss.parameters.single or self.noise > COARSE * abs(self.value)

    def entry(self, k: int, position: int, came: float, floor: float, *, thorough: bool = False) -> Slope:
        """The slope by one entry of block k, at a flat position."""
        block = self.point[k].copy()
        flat = block.reshape(-1)
        before = float(flat[position])

        def f(t: float) -> float:
            flat[position] = before + t
            return self.with_block(k, block)

        steps = self._steps(k, 0)
        return probe(memoized(f), steps, self.value, came, floor, self.tolerance, thorough=thorough)

    def direction(self, k: int, u: np.ndarray, came: float, floor: float) -> Slope:
        """The slope of the loss along u, of the shape of block k."""
        point = self.point[k]
        steps = self._steps(k, 1)
        line = memoized(lambda t: self.with_block(k, point + t * u))
        return probe(line, steps, self.value, came, floor, self.tolerance)

    def with_block(self, k: int, block: np.ndarray) -> float:
        if self.point is self.loss.parameters.base:
            return self.loss.with_block(k, block)
        return self.loss.at([*self.point[:k], block, *self.point[k + 1 :]])

    def change(self, k: int, rng: np.random.Generator) -> float:
        """How much the loss changes for steps in block k that are as large as the block itself."""
        point = self.point[k]
        size = max(self.size(k), 1.0)
        moves = [point + size * rng.standard_normal(point.shape) for _ in range(2)]
        return max(abs(self.with_block(k, moved) - self.value) for moved in moves)

    def size(self, k: int) -> float:
        """The size of a typical entry of block k."""
        block = self.point[k]
        if own := float(np.sqrt(np.mean(block * block))):
            return own
        others = [float(np.sqrt(np.mean(b * b))) for b in self.point]
        return max(others) or FALLBACK

    def _steps(self, k: int, kind: int) -> Steps:
        """Powers of two: then a step in one entry is exact in single precision too."""
        if (k, kind) not in self.steps:
            size = 2.0 ** round_down(log2(self.size(k)))
            single = self.coarse
            start, smallest = (2.0**-5, 2.0**-12) if single else (2.0**-11, 2.0**-30)
            largest = max(size, 1.0) * (2.0**-1 if kind == 0 else 2.0**-3)
            if kind == 1:
                start /= 2.0 ** round(log2(max(self.point[k].size, 1)) / 4)
            noise = max(self.noise, self._noise_along(k, single)) if single else self.noise
            self.steps[k, kind] = Steps(start * size, smallest * size, largest, noise)
        return self.steps[k, kind]

    def _noise_along(self, k: int, single: bool) -> float:
        """Rounding as seen along one direction of block k, where its own numbers are coarse."""
        rng = np.random.default_rng(k)
        u = rng.choice([-1.0, 1.0], self.point[k].shape) * self.size(k)
        line = memoized(lambda t: self.with_block(k, self.point[k] + t * u))
        return noise_level(line, 1e-5)

    def _measure_noise(self) -> float:
        """Rounding along one direction through everything; along a second where the first may hold a corner."""
        single = self.loss.parameters.single
        spacings = SPACINGS_SINGLE if single else SPACINGS
        least, *coarser = (self._noise(0, spacing) for spacing in spacings)
        for spacing, found in zip(spacings[1:], coarser, strict=True):
            if found > 10 * least:
                found = min(found, self._noise(1, spacing), self._noise(2, spacing))
            least = max(least, found)
        if float(np.float32(self.value)) == self.value and self._rounds_to_single():
            least = max(least, 2.0**-24 * abs(self.value))
        return least

    def _noise(self, seed: int, spacing: float) -> float:
        rng = np.random.default_rng(seed)
        us = [self.size(k) * rng.choice([-1.0, 1.0], b.shape) for k, b in enumerate(self.point)]
        line = memoized(lambda t: self.loss.at([b + t * u for b, u in zip(self.point, us, strict=True)]))
        return noise_level(line, spacing)

    def _rounds_to_single(self) -> bool:
        """Whether values nearby are all single-precision numbers, too."""
        rng = np.random.default_rng(3)
        values = [
            self.loss.at([b * (1 + 1e-2 * rng.standard_normal(b.shape)) + 1e-3 for b in self.point])
            for _ in range(3)
        ]
        return all(float(np.float32(value)) == value for value in values)

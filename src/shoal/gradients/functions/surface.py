"""The loss around a point: lines through single entries and along directions, with suitable steps.

The loss may be rounded in double precision, in single, or in single inside of double.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import floor as round_down
from math import log2

import numpy as np

from shoal.gradients.differences import Line, Slope, noise_level
from shoal.gradients.functions.complex_step import ComplexStep
from shoal.gradients.functions.slopes import ReportedSlope, Steps, ladder_slope, memoized, probe
from shoal.gradients.functions.user_functions import Loss

SPACINGS = (1e-12, 1e-9, 1e-7)  # of points on which rounding is measured: code inside may be coarser
SPACINGS_SINGLE = (1e-6, 1e-4)
COARSE = 1e-11  # rounding of this share of the loss is that of single precision
RATIO = 10.0  # a spacing that shows this much more may have met a corner: two other directions decide


def measure_noise(loss: Loss, point: Sequence[np.ndarray], sizes: Sequence[float], value: float) -> float:
    """The standard deviation of the loss's rounding around `point`, whose loss is `value`.

    `sizes` are those of typical entries of the blocks.
    """
    spacings = SPACINGS_SINGLE if loss.parameters.single and not loss.wide else SPACINGS
    least = _along(loss, point, sizes, 0, spacings[0])
    for spacing in spacings[1:]:
        found = _along(loss, point, sizes, 0, spacing)
        if found > RATIO * least:
            found = min(found, *(_along(loss, point, sizes, seed, spacing) for seed in (1, 2)))
        least = max(least, found)
    if float(np.float32(value)) == value and _rounds_to_single(loss, point):
        least = max(least, 2.0**-24 * abs(value))
    return least


def noise_along(loss: Loss, point: Sequence[np.ndarray], k: int, size: float) -> float:
    """The same along a direction of block k alone."""
    rng = np.random.default_rng(k)
    u = size * rng.choice([-1.0, 1.0], point[k].shape)
    line = memoized(lambda t: loss.at([*point[:k], point[k] + t * u, *point[k + 1 :]]))
    return noise_level(line, SPACINGS_SINGLE[-1])


def _along(
    loss: Loss, point: Sequence[np.ndarray], sizes: Sequence[float], seed: int, spacing: float
) -> float:
    rng = np.random.default_rng(seed)
    us = [size * rng.choice([-1.0, 1.0], b.shape) for b, size in zip(point, sizes, strict=True)]
    line = memoized(lambda t: loss.at([b + t * u for b, u in zip(point, us, strict=True)]))
    return noise_level(line, spacing)


def _rounds_to_single(loss: Loss, point: Sequence[np.ndarray]) -> bool:
    """Whether values nearby are all single-precision numbers, too."""
    rng = np.random.default_rng(3)
    values = [loss.at([b * (1 + 1e-2 * rng.standard_normal(b.shape)) for b in point]) for _ in range(3)]
    return all(float(np.float32(v)) == v for v in values) and len(set(values)) > 1


FALLBACK = 0.25  # the size of a block of zeros, where no other is there to compare with
LARGE = 0.125  # how large a change of a block is that shows whether the loss depends on it


@dataclass(eq=False)
class LossSurface:
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
        claim = ReportedSlope(came, floor, self.tolerance)
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
        return self._slope(k, 1, line, ReportedSlope(came, floor, self.tolerance))

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

    def _slope(self, k: int, kind: int, line: Line, claim: ReportedSlope) -> Slope:
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

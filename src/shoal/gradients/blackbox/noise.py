"""How the loss is rounded: in double precision, in single, or in single inside of double."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from shoal.gradients.differences import noise_level

from .loss import Loss
from .steps import memoized

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

"""How far rounding may have moved the gradient that came, entry by entry."""

from __future__ import annotations

import numpy as np

from .gradients import Gradients
from .surface import Surface

ROUNDED = 64.0  # last digits of a block's largest entry
NUDGE = 2.0  # last digits by which parameters are moved to see what rounding does to single precision
SAFETY = 8.0
MOST = 1e-2  # a corner looks like rounding: no more than this share of the largest entry is rounding


def rounding_floors(gradients: Gradients, surface: Surface) -> list[np.ndarray]:
    """The last digits of each block; in single precision also what a change in the parameters' last digits
    does, which grows where much cancels."""
    parameters = gradients.loss.parameters
    coarse = surface.coarse and not parameters.single
    floors = [
        np.full(came.shape, ROUNDED * max(leaf.epsilon, 2.0**-23 * coarse) * _largest(came))
        for leaf, came in zip(parameters.leaves, gradients.came, strict=True)
    ]
    if not (parameters.single and gradients.trusted):
        return floors
    rng = np.random.default_rng(0)
    for _ in range(2):
        moved = [
            b * (1 + NUDGE * leaf.epsilon * rng.choice([-1.0, 1.0], b.shape))
            for leaf, b in zip(parameters.leaves, parameters.base, strict=True)
        ]
        for k, there in enumerate(gradients.at(moved)):
            off = np.nan_to_num(np.abs(there - gradients.came[k]), nan=0.0, posinf=0.0)
            floors[k] = np.maximum(floors[k], np.minimum(SAFETY * off, MOST * _largest(gradients.came[k])))
    return floors


def rounding_of_zero(gradients: Gradients, surface: Surface) -> float:
    """What may be left, in any block, of numbers that cancel: last digits of the largest gradient of all."""
    epsilon = max(gradients.loss.parameters.epsilon, 2.0**-23 * surface.coarse)
    return ROUNDED * epsilon * max(_largest(came) for came in gradients.came)


def _largest(came: np.ndarray) -> float:
    return float(np.max(np.abs(came[np.isfinite(came)]), initial=0.0))

"""The catalogue: every mistake that the doctor knows by name, with the backward passes to plant it in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from shoal.gradients.doctor.mistake import Mistake
from shoal.gradients.doctor.site import Site

from . import activations, affine, batch_norm, convolution, dropout, l2, losses, pooling, whole
from .affine_mistakes import MISTAKES as AFFINE
from .batch_norm_mistakes import MISTAKES as BATCH_NORM
from .convolution_mistakes import MISTAKES as CONVOLUTION
from .kinked_mistakes import MISTAKES as KINKED
from .loss_mistakes import mistakes as loss_mistakes
from .smooth_mistakes import MISTAKES as SMOOTH

ACTIVATIONS = {**KINKED, **SMOOTH}

LOSSES = ("softmax_cross_entropy", "sigmoid_cross_entropy", "squared_error")
BY_KIND: dict[str, tuple[Mistake, ...]] = {
    "affine": (*AFFINE, *l2.MISTAKES),
    **ACTIVATIONS,
    "batch_norm": BATCH_NORM,
    "dropout": dropout.MISTAKES,
    "convolution": (*CONVOLUTION, *l2.MISTAKES),
    "average_pool": pooling.AVERAGE,
    "global_average_pool": pooling.GLOBAL,
    "max_pool": pooling.MAX,
    **{kind: loss_mistakes(kind) for kind in LOSSES},
}
OF_THE_WHOLE = (
    whole.NEGATED,
    whole.SWAPPED,
    whole.STALE,
    whole.ACCUMULATED,
    l2.ONE_LAYER_ONLY,
    whole.FACTOR,
    whole.WRONG_L2_FACTOR,
    whole.ZERO,
    dropout.NOT_DRAWN,
)
"""What each kind of layer (or loss) can get wrong, and what can go wrong around them."""

PLANTS: dict[str, Callable[..., Any]] = {
    "affine": affine.plant,
    **dict.fromkeys(ACTIVATIONS, activations.plant),
    "batch_norm": batch_norm.plant,
    "dropout": dropout.plant,
    "convolution": convolution.plant,
    "average_pool": pooling.plant_average,
    "global_average_pool": pooling.plant_global,
    "max_pool": pooling.plant_max,
}


def _by_name() -> dict[str, Mistake]:
    found: dict[str, Mistake] = {}
    for mistake in (*(m for own in BY_KIND.values() for m in own), *OF_THE_WHOLE):
        found.setdefault(mistake.name, mistake)
    return found


CATALOGUE: dict[str, Mistake] = _by_name()
"""By name. Where a mistake can be made in several kinds of layer, the first one's words."""


def plant(
    site: Site, dy: np.ndarray | None, options: dict[str, Any]
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """dx and gradients of a layer (or of the loss: dy is None) with `options` spoilt in its backward."""
    if site.is_loss:
        return losses.plant(site, **options), {}
    if site.kind in PLANTS:
        return PLANTS[site.kind](site, dy, **{**site.defaults, **options})
    return site.layer.backward(site.own, site.saved, dy)

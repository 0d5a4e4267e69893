"""The catalogue: every mistake that the doctor knows by name, with the backward passes to plant it in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from shoal.doctor.catalogue import (
    activations,
    affine,
    batch_norm,
    convolution,
    dropout,
    l2,
    losses,
    network,
    pooling,
)
from shoal.doctor.catalogue.activation_mistakes import KINKED as KINKED
from shoal.doctor.catalogue.activation_mistakes import SMOOTH as SMOOTH
from shoal.doctor.catalogue.affine import MISTAKES as AFFINE
from shoal.doctor.catalogue.batch_norm import MISTAKES as BATCH_NORM
from shoal.doctor.catalogue.convolution import MISTAKES as CONVOLUTION
from shoal.doctor.catalogue.losses import mistakes as loss_mistakes
from shoal.doctor.layer_at_point import LayerAtPoint
from shoal.doctor.mistake import Mistake

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
    network.NEGATED,
    network.SWAPPED,
    network.STALE,
    network.ACCUMULATED,
    l2.ONE_LAYER_ONLY,
    network.FACTOR,
    network.WRONG_L2_FACTOR,
    network.ZERO,
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
    site: LayerAtPoint, dy: np.ndarray | None, options: dict[str, Any]
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """dx and gradients of a layer (or of the loss: dy is None) with `options` spoilt in its backward."""
    if site.is_loss:
        return losses.plant(site, **options), {}
    if site.kind in PLANTS:
        return PLANTS[site.kind](site, dy, **{**site.defaults, **options})
    return site.layer.backward(site.own, site.saved, dy)

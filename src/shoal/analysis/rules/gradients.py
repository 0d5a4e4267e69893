"""Gradients that vanish or explode on their way down."""

from __future__ import annotations

import numpy as np

from shoal.analysis.findings import Rule, RuleResult
from shoal.analysis.inside import HealthData

VANISHING = Rule(
    "vanishing-gradients",
    "Vanishing gradients",
    "Moving a layer's weights by their own size, straight down the gradient, would change the loss by less "
    "than a hundredth of the loss of guessing (to first order), and the network learned little.",
    "steepness",
    1e-2,
    "{:.1e}",
    "Start from he_normal (ReLU) or glorot_normal (tanh, sigmoid); use ReLU, batch norm, fewer layers or a "
    "smaller l2.",
)
EXPLODING = Rule(
    "exploding-gradients",
    "Exploding gradients",
    "Moving a layer's weights by their own size, straight down the gradient, would change the loss by more "
    "than a hundred times the loss of guessing (to first order).",
    "steepness",
    100.0,
    "{:,.0f}",
    "Start from smaller weights (he_normal, glorot_normal), use batch norm, or lower the rate.",
)
SHARE = 0.5  # of the recorded steps at which more than half of the loss of guessing is left


def steepness(inside: HealthData) -> np.ndarray | None:
    """|gradient| |weights| / loss of guessing, (cells, seeds, steps, layers); None if not measured."""
    if not inside.has("gradient_norm", "weight_norm", "train_loss"):
        return None
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        slope = inside.layered("gradient_norm") * inside.layered("weight_norm")
        return slope / inside.chance_loss[:, :, None, None]


def vanishing(inside: HealthData) -> RuleResult | None:
    """Holds at steps where the loss is above half of guessing's, if that is so at half of those or more."""
    values = steepness(inside)
    if values is None:
        return None
    with np.errstate(invalid="ignore"):
        high = inside.train_loss > 0.5 * inside.chance_loss[..., None]
        small = (values < VANISHING.threshold) & high[..., None]
    often = small.sum(axis=2) >= SHARE * np.maximum(high.sum(axis=2), 1)[..., None]
    stuck = inside.finished & inside.barely_trained
    return RuleResult(VANISHING, small & (often & stuck[..., None])[:, :, None, :], values, low=True)


def exploding(inside: HealthData) -> RuleResult | None:
    """Holds wherever a finite record is above the threshold."""
    values = steepness(inside)
    if values is None:
        return None
    with np.errstate(invalid="ignore"):
        holds = (values > EXPLODING.threshold) & np.isfinite(values)
    return RuleResult(EXPLODING, holds & inside.finished[:, :, None, None], values)

"""A learning rate too high or too low for the weights that it moves."""

from __future__ import annotations

import numpy as np

from shoal.analysis.findings import Rule, RuleResult, whole_networks
from shoal.analysis.inside import HealthData
from shoal.analysis.rules.gradients import VANISHING, steepness, vanishing

TOO_HIGH = Rule(
    "rate-too-high",
    "Rate too high",
    "One update would change a layer's weights by three tenths of their size or more, and the training loss "
    "ended above half of that of guessing, or was lost altogether.",
    "an update of",
    0.3,
    "{:.2g} of the weights",
    "Lower the rate tenfold, or warm up to it; `shoal lr-range` finds where it may lie.",
)
TOO_LOW = Rule(
    "rate-too-low",
    "Rate too low",
    "The updates of the whole training add up to less than a tenth of the weights in every layer, and the "
    "training loss ended above half of that of guessing.",
    "all updates together",
    0.1,
    "{:.1e} of the weights",
    "Raise the rate tenfold, or train for longer; `shoal lr-range` finds where it may lie.",
)


def too_high(inside: HealthData) -> RuleResult | None:
    """Weights that have all but vanished themselves are no measure of an update."""
    steep = steepness(inside)
    if steep is None or not inside.has("update_ratio"):
        return None
    with np.errstate(invalid="ignore"):
        values = np.where(steep >= VANISHING.threshold, inside.layered("update_ratio"), np.nan)
    failed = inside.finished & (inside.diverged | inside.barely_trained)
    with np.errstate(invalid="ignore"):
        holds = (values >= TOO_HIGH.threshold) & np.isfinite(values)
    return RuleResult(TOO_HIGH, holds & failed[:, :, None, None], values)


def too_low(inside: HealthData) -> RuleResult | None:
    """Weights that vanishing gradients leave where they are have a finding of their own."""
    if not inside.has("update_ratio", "train_loss"):
        return None
    path = _path(inside)
    furthest = np.where(np.isnan(path), -np.inf, path).max(axis=-1)
    lost = vanishing(inside)
    other = np.zeros_like(inside.sound) if lost is None else lost.holds.any(axis=(2, 3))
    holds = inside.barely_trained & ~other & (furthest >= 0) & (furthest < TOO_LOW.threshold)
    return whole_networks(TOO_LOW, holds, furthest, low=True)


def _path(inside: HealthData) -> np.ndarray:
    """Update ratios summed over all steps, from the recorded ones by trapezoids: (cells, seeds, layers)."""
    ratios = inside.layered("update_ratio")
    paths = np.empty((*ratios.shape[:2], ratios.shape[3]))
    for cell, recorded in enumerate(inside.recorded):
        paths[cell] = np.trapezoid(ratios[cell][:, recorded], inside.steps[recorded], axis=1)
    return paths

"""The rules of health: each says where it holds in a result, or None where it cannot look."""

from __future__ import annotations

from collections.abc import Callable

from shoal.analysis.findings import Rule, RuleResult
from shoal.analysis.inside import HealthData
from shoal.analysis.rules import curves, gradients, layers, rate

Check = Callable[[HealthData], RuleResult | None]

RULES: tuple[tuple[Rule, Check], ...] = (
    (curves.DIVERGENCE, curves.divergence),
    (curves.NO_LEARNING, curves.no_learning),
    (gradients.EXPLODING, gradients.exploding),
    (gradients.VANISHING, gradients.vanishing),
    (layers.DYING, layers.dying),
    (layers.SATURATION, layers.saturation),
    (rate.TOO_HIGH, rate.too_high),
    (rate.TOO_LOW, rate.too_low),
    (layers.LAG, layers.lag),
    (curves.OVERFITTING, curves.overfitting),
    (curves.UNDERFITTING, curves.underfitting),
)

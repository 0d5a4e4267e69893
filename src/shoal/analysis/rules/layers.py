"""Layers that stop passing anything on: dying units, saturation, batch norms whose statistics lag."""

from __future__ import annotations

import numpy as np

from shoal.analysis.findings import Rule, RuleResult
from shoal.analysis.inside import HealthData

DYING = Rule(
    "dying-units",
    "Dying units",
    "Half or more of a layer's ReLU units are zero on every example of the probe: no gradient reaches their "
    "weights, so nothing brings them back.",
    "dead units",
    0.5,
    "{:.0%}",
    "Lower the rate, use leaky_relu or batch norm, start from he_normal; make very narrow layers wider.",
)
SATURATION = Rule(
    "saturation",
    "Saturation",
    "Half or more of a sigmoid or tanh layer's outputs lie where the slope is below 5 % of its largest: the "
    "gradient that passes through them all but vanishes.",
    "saturated outputs",
    0.5,
    "{:.0%}",
    "Start from glorot_normal, standardize the inputs, put batch norm in front of the activation, or lower "
    "the rate.",
)
LAG = Rule(
    "lagging-statistics",
    "Batch-norm statistics that lag",
    "The running mean or deviation that evaluation uses differs from what the layer sees in training by a "
    "quarter of a standard deviation or more, root mean square over features.",
    "distance of running from probe statistics",
    0.25,
    "{:.2g} deviations",
    "Lower batch_norm.decay, train for longer, end with a smaller rate, or set "
    'batch_norm.statistics = "population".',
)


def dying(inside: HealthData) -> RuleResult | None:
    return _at_end(inside, DYING, "dead_fraction")


def saturation(inside: HealthData) -> RuleResult | None:
    return _at_end(inside, SATURATION, "saturated_fraction")


def lag(inside: HealthData) -> RuleResult | None:
    """The larger of |running mean - mean| / sigma and |log(running sigma / sigma)|."""
    return _at_end(inside, LAG, "running_mean_lag", "running_deviation_lag")


def _at_end(inside: HealthData, rule: Rule, *names: str) -> RuleResult | None:
    """Holds where the last record reaches the threshold; the steps are all that reach it."""
    if not inside.has(*names):
        return None
    values = np.maximum.reduce([inside.layered(name) for name in names])
    with np.errstate(invalid="ignore"):
        reaches = values >= rule.threshold
    at_end = inside.at_end(reaches) & inside.sound[..., None]
    return RuleResult(rule, reaches & at_end[:, :, None, :], values)

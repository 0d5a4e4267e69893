"""The health of a study's networks: every rule, asked of every member."""

from __future__ import annotations

import numpy as np
import xarray as xr

from shoal.analysis.factors import cell_levels
from shoal.analysis.findings import Finding, Health, Rule, RuleResult
from shoal.analysis.inside import HealthData
from shoal.analysis.rules import RULES

# A network at fault in one of these ways is not said to underfit: that would be no news.
_EXPLAINS = frozenset(
    {
        "divergence",
        "no-learning",
        "vanishing-gradients",
        "rate-too-high",
        "rate-too-low",
        "dying-units",
    }
)


def health(results: xr.Dataset) -> Health:
    """Every rule of health on every finished network of a result, by cell.

    The rules and their thresholds are in docs/health.md. Those that look inside the layers need a study
    with `health = true` under `[record]`; others look at curves alone.
    """
    inside = HealthData(results)
    evidence: dict[str, RuleResult] = {}
    unchecked: list[Rule] = []
    for rule, check in RULES:
        found = check(inside)
        if found is None:
            unchecked.append(rule)
        else:
            evidence[rule.name] = found
    _leave_to_causes(evidence)
    sick = np.zeros_like(inside.finished)
    for found in evidence.values():
        sick |= found.holds.any(axis=(2, 3))
    return Health(
        tuple(f for found in evidence.values() for f in _findings(inside, found)),
        tuple(found.rule for found in evidence.values()),
        tuple(unchecked),
        inside.has("gradient_norm"),
        int(inside.finished.sum()),
        int(sick.sum()),
    )


def _leave_to_causes(evidence: dict[str, RuleResult]) -> None:
    """Takes members out of underfitting that other findings explain."""
    if "underfitting" in evidence:
        for name in _EXPLAINS & evidence.keys():
            evidence["underfitting"].holds[evidence[name].holds.any(axis=(2, 3))] = False


def _findings(inside: HealthData, evidence: RuleResult) -> list[Finding]:
    cells = np.flatnonzero(evidence.holds.any(axis=(1, 2, 3)))
    return [_finding(inside, evidence, int(cell)) for cell in cells]


def _finding(inside: HealthData, evidence: RuleResult, cell: int) -> Finding:
    holds, values = evidence.holds[cell], evidence.values[cell]
    labels = inside.dataset["seed"].values
    ranked = np.where(holds & ~np.isnan(values), -values if evidence.low else values, -np.inf)
    seed, step, layer = (int(i) for i in np.unravel_index(int(ranked.argmax()), ranked.shape))
    layers, steps, at = (), (), None
    if evidence.inside_layers:
        layers = tuple(name for name, has in zip(inside.layers, holds.any(axis=(0, 1)), strict=True) if has)
        steps = tuple(int(s) for s in inside.steps[holds.any(axis=(0, 2))])
        at = int(inside.steps[step])
    elif evidence.step is not None:
        steps = tuple(sorted({int(s) for s in evidence.step[cell][holds[:, 0, 0]]}))
        at = int(evidence.step[cell, seed])
    return Finding(
        evidence.rule,
        cell,
        cell_levels(inside.dataset, cell),
        tuple(int(labels[s]) for s in np.flatnonzero(holds.any(axis=(1, 2)))),
        int(inside.finished[cell].sum()),
        layers,
        steps,
        float(values[seed, step, layer]),
        inside.layers[layer] if evidence.inside_layers else None,
        int(labels[seed]),
        at,
        evidence.note,
    )

"""For which blocks the complex step gives the loss's slope."""

from __future__ import annotations

import numpy as np

from .complex_step import ComplexStep
from .search import signs
from .surface import Surface

NEAR = 1e-5  # a complex step may differ from a central difference by this share


def find_analytic(surface: Surface, rng: np.random.Generator) -> list[str]:
    """Set `surface.analytic`, and say plainly of the other blocks why not."""
    step, reasons = ComplexStep(surface.loss), {}
    found = set()
    leaves = surface.loss.parameters.leaves
    for k, block in enumerate(surface.point):
        u = signs(rng, block.shape)
        value, reason = step.along(k, u)
        if not reason:
            slope = surface.direction(k, u, value, 0.0)
            if abs(slope.value - value) > 10 * slope.error + NEAR * abs(value):
                reason = f"its slope is {value:.6g} there, and {slope.value:.6g} by central differences"
        if reason:
            reasons.setdefault(reason, []).append(leaves[k].path)
        else:
            found.add(k)
            step.sizes[k] = abs(value) / float(np.sqrt(block.size))
    surface.complex_step, surface.analytic = step, frozenset(found)
    return [
        f"No complex step for {', '.join(names)}: {reason}. Differences were used."
        for reason, names in reasons.items()
    ]

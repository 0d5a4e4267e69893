"""For a wrong block, the likeliest reason: a layer's own backward, the L2 term, or how they are chained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from shoal.gradients.verdict import Verdict

from .autodiff import Derivatives
from .local import LayerCheck
from .point import Parameters, Point
from .result import BlockCheck


def explain(
    blocks: Sequence[BlockCheck],
    layers: Sequence[LayerCheck],
    point: Point,
    came: Parameters,
    truth: Derivatives,
) -> list[BlockCheck]:
    """The blocks, each wrong one with a note that says why it is wrong."""
    order = [check.layer for check in layers]
    explained = []
    for block in blocks:
        if block.verdict is Verdict.WRONG:
            at = order.index(block.layer)
            behind = [check for check in layers[at + 1 :] if check.parts.keys() & {"dx", "dscores"}]
            a, true = (g[block.layer][block.parameter] for g in (came, truth.gradients))
            W = point.parameters[block.layer][block.parameter] if block.parameter == "W" else None
            block = replace(block, note=_reason(block, layers[at], behind, a - true, W))
        explained.append(block)
    return explained


def _reason(
    block: BlockCheck, own: LayerCheck, behind: list[LayerCheck], off: np.ndarray, W: np.ndarray | None
) -> str:
    if block.parameter in own.parts:
        return f"this layer's own backward is wrong (by {own.parts[block.parameter]:.1e}, taken alone)"
    if behind:
        names = ", ".join(check.layer for check in behind)
        return f"wrong because of {names} behind it"
    if W is not None and (factor := _multiple(off, W)) is not None:
        return f"off by {factor:.6g} W: the L2 term is not the derivative of the L2 cost"
    return "every layer's own backward is right: look at how they are put together"


def _multiple(off: np.ndarray, W: np.ndarray) -> float | None:
    """The factor c for which off = c W, if there is one."""
    size = float(np.sum(W * W))
    if not size or not np.all(np.isfinite(off)):
        return None
    factor = float(np.sum(off * W)) / size
    return factor if np.max(np.abs(off - factor * W)) <= 1e-6 * np.max(np.abs(off)) else None

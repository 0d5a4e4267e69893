"""The gradient check: hand-written gradients against central differences, and against autodiff.

Differences know nothing of how a gradient is computed, but see few entries of a large block and lose what
is small beside the cost. Autodiff sees every entry to the last digits, but trusts the same forward code.
A block is `ok` when both agree with it. A wrong block gets its likeliest reason: a layer's own backward, the
L2 term, or how layers are chained.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from time import perf_counter
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from shoal.errors import NetworkError
from shoal.gradients.networks.autodiff import Derivatives, differentiator
from shoal.gradients.networks.blocks import BlockChecker
from shoal.gradients.networks.local import LayerCheck, check_cost, check_layers, local_inputs
from shoal.gradients.networks.point import Parameters, Point, as_parameters, draw_point, make_point
from shoal.gradients.networks.result import BlockCheck, GradientCheck
from shoal.gradients.verdict import Verdict
from shoal.network import Network, parameter_count


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


PROBES = 64  # entries probed in each block
DIRECTIONS = 3  # random directions through each block that is not probed whole
NUDGE = 1e-3  # how far from a corner a disagreement is judged again


def check_network(
    network: Network,
    parameters: Mapping[str, Mapping[str, Any]],
    x: Any,
    targets: Any,
    l2: float,
    noise: Mapping[str, Any] | None = None,
    *,
    gradients: Mapping[str, Mapping[str, Any]] | None = None,
    probes: int = PROBES,
    directions: int = DIRECTIONS,
    seed: int = 0,
    label: str = "network",
) -> GradientCheck:
    """Check `network.cost_and_gradients`, or `gradients` from elsewhere, at `parameters` on a batch.

    x is (N, ...) and targets what the loss takes; everything is computed in float64. `noise` is for the
    layers that draw (see `Network.draw_shapes`). `probes` entries of each block are probed (all of a block
    that is no larger), and `directions` random directions through each larger one. `seed` chooses them.

    Raises NetworkError where the cost or a gradient's shape makes a check impossible.
    """
    point = make_point(network, parameters, x, targets, l2, noise)
    return check_point(
        point, gradients=gradients, probes=probes, directions=directions, seed=seed, label=label
    )


def check_start(
    network: Network,
    x: Any,
    labels: Any,
    l2: float,
    *,
    probes: int = PROBES,
    directions: int = DIRECTIONS,
    seed: int = 0,
    label: str = "network",
    moved: bool = True,
) -> GradientCheck:
    """Check a network as its initializers start it from `seed`, on inputs x (N, ...) and labels (N,).

    `moved` takes gamma, beta and b off the 1 and 0 they start from, where some mistakes are invisible.
    """
    x = np.asarray(x, dtype=np.float64)
    targets = np.asarray(network.loss.targets_from_labels(np.asarray(labels), network.classes, x))
    point = draw_point(network, x, targets, l2, seed, moved=moved)
    return check_point(point, probes=probes, directions=directions, seed=seed, label=label)


def check_point(
    point: Point,
    *,
    gradients: Mapping[str, Mapping[str, Any]] | None = None,
    probes: int = PROBES,
    directions: int = DIRECTIONS,
    seed: int = 0,
    label: str = "network",
) -> GradientCheck:
    """Check at a point that is already in float64; see `check_network`."""
    started = perf_counter()
    with threadpool_limits(1):  # products this small only wait for each other's threads
        blocks, layers = _check(point, gradients, probes, directions, seed)
    return GradientCheck(
        network=label,
        seed=seed,
        blocks=tuple(blocks),
        layers=layers,
        examples=len(point.x),
        l2=point.l2,
        parameters=parameter_count(point.network),
        seconds=perf_counter() - started,
    )


def _check(
    point: Point,
    gradients: Mapping[str, Mapping[str, Any]] | None,
    probes: int,
    directions: int,
    seed: int,
) -> tuple[list[BlockCheck], tuple[LayerCheck, ...]]:
    """The blocks, and each layer alone."""
    _require_finite(point)
    rng = np.random.default_rng(seed)
    near, ordinary = local_inputs(point, rng)
    differentiate = differentiator(point, near.xs, near.dys)
    truth = differentiate(point, None)
    truth_ordinary = differentiator(point, ordinary.xs, ordinary.dys)(point, None)
    layers = check_layers(point, [(near, truth), (ordinary, truth_ordinary)])
    if gradients is None:
        cost, came = point.gradients()
        layers = (*layers, check_cost(cost, point))
    else:
        came = as_parameters(gradients, point.parameters)
    blocks = BlockChecker(point, truth, differentiate, probes, directions, rng).check(came)
    if gradients is None and _wrong_on_corners(blocks):
        there = point.moved(rng, NUDGE, everything=True)
        again = BlockChecker(there, differentiate(there, None), differentiate, probes, directions, rng)
        blocks = _forgive_corners(blocks, again.check(there.gradients()[1]))
    return explain(blocks, layers, point, came, truth), layers


def _wrong_on_corners(blocks: Sequence[BlockCheck]) -> bool:
    """A corner at the point itself has no derivative, so code may choose one, and be right in its way."""
    return any(b.verdict is Verdict.WRONG for b in blocks) and any(b.corners for b in blocks)


def _forgive_corners(blocks: list[BlockCheck], again: list[BlockCheck]) -> list[BlockCheck]:
    """Blocks that are wrong on a corner and right a little away from it, as they are there."""
    note = "a unit sits on a corner here, where no derivative exists; judged a little away from it"
    return [
        replace(other, verdict=Verdict.KINK, corners=block.corners, note=note)
        if block.verdict is Verdict.WRONG and other.verdict is not Verdict.WRONG
        else block
        for block, other in zip(blocks, again, strict=True)
    ]


def _require_finite(point: Point) -> None:
    if not point.parameters:
        raise NetworkError("The network has no parameters; expected at least one.", "Add an affine layer.")
    with np.errstate(all="ignore"):
        cost = point.cost
    if not np.isfinite(cost):
        raise NetworkError(
            f"The cost is {cost} at the point of the gradient check; expected a finite number.",
            "Look for NaN or huge values in the inputs, or use smaller initial weights.",
        )

"""Each layer's backward against autodiff of its own forward: which layer is to blame.

A mistake in one layer makes the gradient of everything in front of it wrong. Taken alone, with an input and
a dy of its own, only the layer with the mistake disagrees.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from shoal.gradients.networks.autodiff import Derivatives
from shoal.gradients.networks.point import Point

TOLERANCE = 1e-8
JITTER = 1e-3  # inputs are moved by this share of their size, off any corner


@dataclass(frozen=True)
class LayerCheck:
    """How far a layer's (or the loss's) own backward is from autodiff of its own forward.

    `error` is the largest difference as a share of the largest true entry, over dx and every parameter;
    `part` is where: "dx", a parameter's name, "dscores" for a loss, "value" for the cost. `parts` are all
    that are wrong, each with its error.
    """

    layer: str
    error: float
    part: str
    parts: Mapping[str, float]

    @property
    def ok(self) -> bool:
        return not self.parts


@dataclass(frozen=True)
class Inputs:
    """For each layer an input `xs[i]`, and a `dys[i]` of its output's shape."""

    xs: list[np.ndarray]
    dys: list[np.ndarray]


def local_inputs(point: Point, rng: np.random.Generator) -> tuple[Inputs, Inputs]:
    """Inputs near the real ones, and inputs of ordinary size: standard normal ones.

    Near the real ones a mistake may be invisible: a tanh that gets 1e-9 is the identity. The random dys, a
    generic direction, hide no term.
    """
    near = [x + JITTER * _size(x) * rng.standard_normal(x.shape) for x in point.inputs[:-1]]
    ordinary = [rng.standard_normal(x.shape) for x in point.inputs[:-1]]
    dys = [rng.standard_normal(y.shape) for y in point.inputs[1:]]
    return Inputs(near, dys), Inputs(ordinary, dys)


def check_layers(point: Point, both: Sequence[tuple[Inputs, Derivatives]]) -> tuple[LayerCheck, ...]:
    """One result for each layer, from the input on, and one for the loss: the worse of all inputs given."""
    results = [_check_layers(point, inputs, truth) for inputs, truth in both]
    return tuple(max(alike, key=lambda check: check.error) for alike in zip(*results, strict=True))


def _check_layers(point: Point, inputs: Inputs, truth: Derivatives) -> list[LayerCheck]:
    found = []
    for i, (name, layer) in enumerate(zip(point.network.names, point.network.layers, strict=True)):
        own = point.parameters.get(name, {})
        _, saved = point.run(i, own, inputs.xs[i])
        dx, gradients = layer.backward(own, saved, inputs.dys[i])
        # The lowest layer of a network is asked for `gradients` alone.
        alone = layer.gradients(own, saved, inputs.dys[i]) if own else {}
        by_x, by_own = truth.layers[i]
        errors = {"dx": _distance(dx, by_x)}
        for key, true in by_own.items():
            errors[key] = max(_distance(g.get(key), true) for g in (gradients, alone))
        found.append(_worst(name, errors))
    loss = point.network.loss
    dscores = loss.backward(loss.forward(point.inputs[-1], point.targets)[1])
    found.append(_worst(loss.kind, {"dscores": _distance(dscores, truth.dscores)}))
    return found


def check_cost(cost: Any, point: Point) -> LayerCheck:
    """Whether the cost that comes with the gradients is the one that they are checked against."""
    return _worst("cost", {"value": _distance(np.asarray(cost), np.asarray(point.cost))})


def _worst(name: str, errors: dict[str, float]) -> LayerCheck:
    errors = {key: float(np.nan_to_num(error, nan=np.inf)) for key, error in errors.items()}
    part = max(errors, key=lambda key: errors[key])
    parts = {key: error for key, error in errors.items() if error > TOLERANCE}
    return LayerCheck(name, errors[part], part, parts)


def _distance(came: np.ndarray | None, true: np.ndarray) -> float:
    """The largest difference as a share of the largest true entry; infinite where the shapes differ."""
    if came is None or np.shape(came) != true.shape:
        return np.inf
    largest, off = float(np.max(np.abs(true))), float(np.max(np.abs(came - true)))
    return off / largest if largest > 0 else (0.0 if off == 0 else np.inf)


def _size(x: np.ndarray) -> float:
    return float(np.sqrt(np.mean(x * x))) or 1.0

"""Correct networks in the circumstances that make checkers cry wolf."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from .case import Case, generator, with_zeros
from .draw import Generator, draw_batch, draw_point, draw_specimen
from .point import Point
from .specimen import ACTIVATIONS, Specimen

FAMILIES = ("plain", "kinks", "vanishing", "constant features", "no L2", "batch of 2")


def draw_correct(draw: int, seed: int, dtype: Any = np.float64) -> Case:
    """A correct network; the families take turns."""
    family = FAMILIES[draw % len(FAMILIES)]
    rng = generator("correct", draw, seed)
    net, point = DRAW[family](rng)
    others = tuple(draw_point(net, rng) for _ in range(2))
    name = np.dtype(dtype).name
    return Case(f"correct/{name}/{family}/{draw}", net, point.as_type(dtype), others, dtype=dtype)


def _plain(rng: Generator) -> tuple[Specimen, Point]:
    net = draw_specimen(rng)
    return net, draw_point(net, rng)


def _kinks(rng: Generator) -> tuple[Specimen, Point]:
    """ReLUs with whole units at exactly 0, and inputs that are 0 for whole examples."""
    net = draw_specimen(rng)
    corner = str(rng.choice(["relu", "leaky_relu"]))
    net = replace(
        net, activations=tuple((corner, 0.1 if corner == "leaky_relu" else 0.0) for _ in net.hidden)
    )
    point = draw_point(net, rng)
    layers = tuple(part.name for part in net.of_kind(corner))
    point = with_zeros(net, point, layers, rng)
    x = point.x.copy()
    x[rng.random(len(x)) < 0.2] = 0
    return net, replace(point, x=x)


def _vanishing(rng: Generator) -> tuple[Specimen, Point]:
    """Gradients shrink to about 1e-12 on their way to the input."""
    net = draw_specimen(rng)
    kind = str(rng.choice(ACTIVATIONS))
    hidden = tuple(int(rng.integers(3, 20)) for _ in range(int(rng.integers(4, 9))))
    slope = {"leaky_relu": 0.1, "sigmoid": 1.0}.get(kind, 0.0)
    l2 = 0.0 if rng.random() < 0.5 else net.l2
    net = replace(net, hidden=hidden, activations=((kind, slope),) * len(hidden), epsilon=None, l2=l2)
    point = draw_point(net, rng)
    shrink = 10 ** (-11 / len(hidden)) * (4 if kind == "sigmoid" else 1)
    parameters = {name: {"W": own["W"] * shrink, "b": own["b"]} for name, own in point.parameters.items()}
    return net, replace(point, parameters=parameters)


def _constant_features(rng: Generator) -> tuple[Specimen, Point]:
    """Batch norm over features that are the same for all examples: some units, or the whole batch."""
    net = draw_specimen(rng, epsilon=float(rng.choice([1e-5, 1e-3])))
    point = draw_point(net, rng)
    if rng.random() < 0.25:
        return net, replace(point, x=np.repeat(point.x[:1], len(point.x), axis=0))
    parameters = {name: {k: a.copy() for k, a in own.items()} for name, own in point.parameters.items()}
    for part in net.of_kind("affine")[:-1]:
        off = rng.choice(part.units, max(1, part.units // 4), replace=False)
        parameters[part.name]["W"][:, off] = 0  # the bias stays: a constant that is not 0
    return net, replace(point, parameters=parameters)


def _no_l2(rng: Generator) -> tuple[Specimen, Point]:
    net = draw_specimen(rng, l2=0.0)
    return net, draw_point(net, rng, draw_batch(rng))


def _batch_of_two(rng: Generator) -> tuple[Specimen, Point]:
    net = draw_specimen(rng)
    return net, draw_point(net, rng, 2)


DRAW = dict(
    zip(FAMILIES, (_plain, _kinks, _vanishing, _constant_features, _no_l2, _batch_of_two), strict=True)
)

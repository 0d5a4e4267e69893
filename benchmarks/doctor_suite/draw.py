"""Random networks and random numbers in them."""

from __future__ import annotations

from typing import Any

import numpy as np

from .forward import Arrays
from .point import Point
from .specimen import ACTIVATIONS, Part, Specimen

Generator = np.random.Generator
LOSSES = ("softmax_cross_entropy", "squared_error", "sigmoid_cross_entropy")


def draw_specimen(rng: Generator, **fixed: Any) -> Specimen:
    """2 to 9 affine layers, widths 3 to 60, and all the rest; `fixed` settings are taken as given."""
    depth = int(rng.integers(2, 10)) - 1
    square = rng.random() < 0.35
    width = _width(rng)
    hidden = tuple(width if square else _width(rng) for _ in range(depth))
    kind = str(rng.choice(ACTIVATIONS))
    mixed = rng.random() < 0.25
    kinds = [str(rng.choice(ACTIVATIONS)) if mixed else kind for _ in hidden]
    slopes = {
        "leaky_relu": float(rng.choice([0.01, 0.1, 0.2, 0.3])),
        "sigmoid": float(rng.choice([0.5, 1.0, 2.0, 3.0])),
    }
    drawn: dict[str, Any] = {
        "inputs": width if square and rng.random() < 0.6 else _width(rng),
        "hidden": hidden,
        "classes": int(rng.integers(3, 11)),
        "activations": tuple((k, slopes.get(k, 0.0)) for k in kinds),
        "epsilon": float(rng.choice([1e-5, 1e-4, 1e-3])) if rng.random() < 0.5 else None,
        "rate": float(rng.choice([0.1, 0.2, 0.3, 0.5])) if rng.random() < 0.3 else None,
        "loss": str(rng.choice(LOSSES, p=[0.7, 0.15, 0.15])),
        "l2": float(10 ** rng.uniform(-5, -1)) if rng.random() < 0.8 else 0.0,
        "stepwise": bool(rng.random() < 0.5),
    }
    return Specimen(**(drawn | fixed))


def draw_point(net: Specimen, rng: Generator, n: int | None = None) -> Point:
    """Parameters away from every special value, a batch of 2 to 64, and the batch before of another size."""
    n = n or draw_batch(rng)
    before = n if net.rate is not None else draw_batch(rng)  # one draw of noise serves both batches
    parameters = {part.name: _parameters(net, part, rng) for part in net.parts}
    scale, offset = rng.uniform(0.5, 2, net.inputs), rng.normal(0, 0.5, net.inputs)
    batch, previous = (
        (rng.normal(0, 1, (m, net.inputs)) * scale + offset, rng.integers(0, net.classes, m))
        for m in (n, before)
    )
    return Point(
        parameters={name: own for name, own in parameters.items() if own},
        x=batch[0],
        y=batch[1],
        noise=draw_noise(net, n, rng),
        running={part.name: _running(part, rng) for part in net.of_kind("batch_norm")},
        previous=previous,
    )


def draw_noise(net: Specimen, n: int, rng: Generator) -> Arrays | None:
    """Uniform noise for each dropout layer; None without any."""
    return {part.name: rng.random((n, part.units)) for part in net.of_kind("dropout")} or None


def draw_batch(rng: Generator) -> int:
    """2 to 64, small ones as often as large ones."""
    return int(np.exp(rng.uniform(np.log(2), np.log(65))))


def _width(rng: Generator) -> int:
    return int(np.exp(rng.uniform(np.log(3), np.log(61))))


def _parameters(net: Specimen, part: Part, rng: Generator) -> Arrays:
    if part.kind == "affine":
        gain = rng.uniform(1.0, 1.6)
        W = rng.normal(0, gain / np.sqrt(part.inputs), (part.inputs, part.units))
        return {"W": W, "b": rng.normal(0, 0.3, part.units)}
    if part.kind == "batch_norm":
        return {"gamma": rng.uniform(0.5, 1.6, part.units), "beta": rng.normal(0, 0.3, part.units)}
    return {}


def _running(part: Part, rng: Generator) -> Arrays:
    return {"mean": rng.normal(0, 0.3, part.units), "variance": rng.uniform(0.5, 2, part.units)}

"""Where a check starts: a network's initial parameters, or given ones, with a batch and its noise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from shoal.network import Network

from .point import Point


def draw_point(
    network: Network, x: np.ndarray, targets: np.ndarray, l2: float, seed: int, *, moved: bool = True
) -> Point:
    """The network as its initializers start it from `seed`, `moved` off the constants among them.

    `targets` are what the network's loss takes (see its `targets_from_labels`).
    """
    rng = np.random.default_rng(seed)
    noise = {
        name: {key: _draw(rng, shape, kind) for key, (shape, kind) in wanted.items()}
        for name, wanted in network.parameter_noise().items()
    }
    drops = {name: rng.random(shape) for name, shape in network.draw_shapes(len(x)).items()}
    point = make_point(network, network.initialize(noise), x, targets, l2, drops)
    return point.moved(rng) if moved else point


def make_point(
    network: Network, parameters: Mapping, x: Any, targets: Any, l2: Any, noise: Mapping | None = None
) -> Point:
    """A point with every array in NumPy float64 (integer targets stay integers)."""
    targets = np.asarray(targets)
    return Point(
        network,
        {name: {key: _double(value) for key, value in own.items()} for name, own in parameters.items()},
        _double(x),
        targets if targets.dtype.kind in "iu" else _double(targets),
        float(l2),
        {name: _double(value) for name, value in (noise or {}).items()},
    )


def _double(array: Any) -> np.ndarray:
    return np.asarray(array, dtype=np.float64)


def _draw(rng: np.random.Generator, shape: tuple[int, ...], kind: str) -> np.ndarray:
    return rng.standard_normal(shape) if kind == "normal" else rng.uniform(-1.0, 1.0, shape)

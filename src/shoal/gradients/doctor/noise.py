"""How far apart two right gradients may be because numbers have only so many digits.

The forward and the backward pass are run again with every intermediate value off by a random rounding error;
what that moves in a gradient is what any other right way to compute it may be off by.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from shoal.gradients.networks.point import Parameters, Point

from .catalogue import plant
from .site import Site, sites_of, with_inputs

DRAWS = 3
LARGER = 20.0


def backward(sites: Sequence[Site]) -> tuple[Parameters, dict[str, np.ndarray]]:
    """The true gradients, and the dy that arrives at each layer."""
    found: Parameters = {}
    arriving: dict[str, np.ndarray] = {}
    dy = None
    for site in reversed(sites):
        if dy is not None:
            arriving[site.name] = dy
        dy, gradients = plant(site, dy, {})
        if gradients:
            found[site.name] = gradients
    return {name: found[name] for name in sites[0].point.parameters}, arriving


def rounding_noise(
    point: Point, true: Parameters, epsilon: float, rng: np.random.Generator
) -> dict[str, dict[str, float]]:
    """For each block the largest change in `DRAWS` passes with errors of size `epsilon`."""
    largest = {name: dict.fromkeys(own, 0.0) for name, own in true.items()}
    for k in range(2 * DRAWS):
        # Larger errors find the units that lie so near a corner that rounding may choose the side.
        share = 1.0 if k < DRAWS else LARGER
        rounded = _rounded_backward(point, share * epsilon, rng)
        for name, own in true.items():
            for key, value in own.items():
                off = np.max(np.abs(rounded[name][key] - value), initial=0.0) / (
                    share / 2 if share > 1 else 1.0
                )
                largest[name][key] = max(largest[name][key], float(np.nan_to_num(off, nan=np.inf)))
    return largest


def _rounded_backward(point: Point, epsilon: float, rng: np.random.Generator) -> Parameters:
    def off(value: np.ndarray) -> np.ndarray:
        return value * (1 + epsilon * rng.standard_normal(value.shape))

    parameters = {n: {k: off(v) for k, v in own.items()} for n, own in point.parameters.items()}
    rounded = replace(point, parameters=parameters, x=off(point.x))
    inputs = [rounded.x]
    keeps_ties = any(layer.kind == "max_pool" for layer in point.network.layers)
    for i, name in enumerate(point.network.names):
        own = parameters.get(name, {})
        y, saved = rounded.run(i, own, inputs[-1])
        if point.network.layers[i].kind == "batch_norm":  # a rounded mean moves all examples alike
            offset = own["gamma"] * saved["inverse_sigma"] * np.abs(saved["mean"])
            y = y + epsilon * offset * rng.standard_normal(offset.shape)
        inputs.append(y * (1 + epsilon * _alike(y, rng)) if keeps_ties else off(y))
    found: Parameters = {}
    dy = None
    for site in reversed(sites_of(with_inputs(rounded, inputs), {})):
        dx, gradients = plant(site, dy, {})
        if gradients:
            found[site.name] = {key: off(value) for key, value in gradients.items()}
        dy = dx + epsilon * (np.abs(dx) + _subtracted(site, dy)) * rng.standard_normal(dx.shape)
    return found


def _alike(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Standard normal numbers, the same ones for equal values: cells that tie for a maximum go on to tie."""
    _, where = np.unique(values, return_inverse=True)
    return rng.standard_normal(values.size)[where].reshape(values.shape)


def _subtracted(site: Site, dy: np.ndarray | None) -> np.ndarray | float:
    """The size of what cancels within a layer's dx, such as in p - 1 and 1 - y^2: its rounding stays."""
    if dy is None:
        return 1.0 / site.n
    if site.kind == "batch_norm":
        xhat, over = site.saved["xhat"], tuple(range(dy.ndim - 1))
        inner = np.abs(dy) + np.abs(dy).mean(axis=over) + np.abs(xhat) * np.abs(dy * xhat).mean(axis=over)
        return np.abs(site.own["gamma"]) * site.saved["inverse_sigma"] * inner
    return np.abs(dy) if dy.shape == site.x.shape else 0.0

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
from .site import Site, sites_of

DRAWS = 3


def backward(sites: Sequence[Site]) -> Parameters:
    """The true gradients, from the loss down to the lowest layer with parameters."""
    found: Parameters = {}
    dy = None
    for site in reversed(sites):
        dy, gradients = plant(site, dy, {})
        if gradients:
            found[site.name] = gradients
    return {name: found[name] for name in sites[0].point.parameters}


def rounding_noise(
    point: Point, true: Parameters, epsilon: float, rng: np.random.Generator
) -> dict[str, dict[str, float]]:
    """For each block the largest change in `DRAWS` passes with errors of size `epsilon`."""
    largest = {name: dict.fromkeys(own, 0.0) for name, own in true.items()}
    for _ in range(DRAWS):
        rounded = _rounded_backward(point, epsilon, rng)
        for name, own in true.items():
            for key, value in own.items():
                off = np.max(np.abs(rounded[name][key] - value), initial=0.0)
                largest[name][key] = max(largest[name][key], float(np.nan_to_num(off, nan=np.inf)))
    return largest


def _rounded_backward(point: Point, epsilon: float, rng: np.random.Generator) -> Parameters:
    def off(value: np.ndarray) -> np.ndarray:
        return value * (1 + epsilon * rng.standard_normal(value.shape))

    parameters = {n: {k: off(v) for k, v in own.items()} for n, own in point.parameters.items()}
    rounded = _RoundedPoint(point, parameters, off)
    found: Parameters = {}
    dy = None
    for site in reversed(sites_of(rounded.point, {})):
        dx, gradients = plant(site, dy, {})
        if gradients:
            found[site.name] = {key: off(value) for key, value in gradients.items()}
        # Differences such as p - 1 and 1 - y^2 keep the rounding of what was subtracted.
        size = np.abs(dx) + (1.0 / site.n if dy is None else np.abs(dy) if dy.shape == dx.shape else 0.0)
        dy = dx + epsilon * size * rng.standard_normal(dx.shape)
    return found


class _RoundedPoint:
    """A point whose layers' outputs are rounded."""

    def __init__(self, point: Point, parameters: Parameters, off) -> None:
        self.point = replace(point, parameters=parameters, x=off(point.x))
        inputs = [self.point.x]
        for i, name in enumerate(point.network.names):
            inputs.append(off(self.point.run(i, parameters.get(name, {}), inputs[-1])[0]))
        self.point.__dict__["inputs"] = tuple(inputs)  # in place of the exact ones

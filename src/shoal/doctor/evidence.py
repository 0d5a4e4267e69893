"""The user's gradients at one point beside the true ones, and how closely the two can be told apart.

For that, the forward and backward pass run again with every intermediate value off by a random rounding
error: what that moves in a gradient is how far apart two right computations may be.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from shoal.doctor.catalogue import plant
from shoal.doctor.layer_at_point import LayerAtPoint, sites_of, with_inputs
from shoal.gradients.networks.point import Parameters, Point

DRAWS = 3
LARGER = 20.0


def backward(sites: Sequence[LayerAtPoint]) -> tuple[Parameters, dict[str, np.ndarray]]:
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


def _subtracted(site: LayerAtPoint, dy: np.ndarray | None) -> np.ndarray | float:
    """The size of what cancels within a layer's dx, such as in p - 1 and 1 - y^2: its rounding stays."""
    if dy is None:
        return 1.0 / site.n
    if site.kind == "batch_norm":
        xhat, over = site.saved["xhat"], tuple(range(dy.ndim - 1))
        inner = np.abs(dy) + np.abs(dy).mean(axis=over) + np.abs(xhat) * np.abs(dy * xhat).mean(axis=over)
        return np.abs(site.own["gamma"]) * site.saved["inverse_sigma"] * inner
    return np.abs(dy) if dy.shape == site.x.shape else 0.0


SAFETY = 20.0  # over the largest rounding seen in a few draws
RELATIVE = 2.0**19  # in units of the last digit (1e-10 in float64): what is off by less is right
RELATIVE_SINGLE = 64.0  # the same for float32 (8e-6)
DOUBLE = 2.0**-52


@dataclass(frozen=True, eq=False)
class GradientEvidence:
    """The user's gradients `came` at a point, computed with rounding errors of size `epsilon`.

    `true` are the point's own gradients, `noise` what rounding may change in each block of them. The layers
    `evaluated` are taken to have been computed as after training (running statistics, no dropout). The true
    gradients of the batch `before`, if given, have been taken off what came.
    """

    point: Point
    came: Parameters
    epsilon: float
    state: Mapping[str, Mapping[str, np.ndarray]]
    evaluated: frozenset[str] = frozenset()
    before: GradientEvidence | None = None

    @cached_property
    def sites(self) -> tuple[LayerAtPoint, ...]:
        """What the walk passes."""
        return sites_of(self.point, self.state, self.evaluated)

    @cached_property
    def true(self) -> Parameters:
        return self._backward[0]

    @cached_property
    def arriving(self) -> dict[str, float]:
        """The largest number in the true dy of each layer."""
        return {name: _largest(dy) for name, dy in self._backward[1].items()}

    @cached_property
    def _backward(self) -> tuple[Parameters, dict[str, np.ndarray]]:
        return backward(sites_of(self.point, self.state))

    @cached_property
    def noise(self) -> dict[str, dict[str, float]]:
        own = rounding_noise(self.point, self.true, self.epsilon, np.random.default_rng(0))
        if self.before is None:
            return own
        return {n: {k: v + self.before.noise[n][k] for k, v in keys.items()} for n, keys in own.items()}

    @property
    def relative(self) -> float:
        """The share of a block's largest number by which any of it may be off."""
        return self.epsilon * (RELATIVE if self.epsilon == DOUBLE else RELATIVE_SINGLE)

    def tolerance(
        self, name: str, key: str, predicted: Mapping[str, np.ndarray], dy: np.ndarray | None = None
    ) -> float:
        """How far numbers may be from those `predicted` for this block, and still be the same.

        A mistake that makes the layer's gradients, or the `dy` that arrives there, larger makes their
        rounding larger too, also where the terms of a block cancel.
        """
        arriving = self.arriving.get(name, 0.0)
        growth = max(1.0, _largest(dy) / arriving) if dy is not None and arriving else 1.0
        for other, values in predicted.items():
            if self.noise[name][other] < 1e-6 * (true := _largest(self.true[name][other])):
                growth = max(growth, _largest(values) / true)
        if self.drowned(name):
            return np.inf
        return self.relative * _largest(predicted[key]) + SAFETY * self.noise[name][key] * growth

    def drowned(self, name: str) -> bool:
        """Whether a layer's gradients are nothing but rounding here, and cannot be judged: dW, or dgamma and
        dbeta both, of the layer or of one behind it, whose dy is then handed down.

        Batch norms over constant features amplify rounding by 1/sqrt(epsilon) each.
        """
        names = list(self.true)
        return any(self._is_rounding(behind) for behind in names[names.index(name) :])

    def _is_rounding(self, name: str) -> bool:
        keys = ("W",) if "W" in self.true[name] else tuple(self.true[name])
        return all(SAFETY * self.noise[name][key] > _largest(self.true[name][key]) for key in keys)

    def informative(self, name: str, key: str) -> bool:
        """Whether the block's numbers stand clear of their rounding."""
        return _largest(self.true[name][key]) > 100 * self.tolerance(name, key, self.true[name])

    def wrong(self, name: str, key: str) -> np.ndarray:
        """Which entries that came are wrong."""
        came, true = self.came[name][key], self.true[name][key]
        with np.errstate(invalid="ignore"):
            return ~(np.abs(came - true) <= self.tolerance(name, key, self.true[name]))


def precision_of(gradients: Mapping[str, Mapping[str, Any]]) -> float:
    """The size of a rounding error in the least precise of the arrays."""
    kinds = {np.asarray(g).dtype for own in gradients.values() for g in own.values()}
    return max((float(np.finfo(k).eps) for k in kinds if k.kind == "f"), default=DOUBLE)


def _largest(values: np.ndarray) -> float:
    return float(np.max(np.abs(values), initial=0.0))

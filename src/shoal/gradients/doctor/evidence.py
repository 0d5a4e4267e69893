"""What the user's code said at one point, beside what is true there and how exactly that can be told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from shoal.gradients.networks.point import Parameters, Point

from .noise import backward, rounding_noise
from .site import Site, sites_of

SAFETY = 20.0  # over the largest rounding seen in a few draws
RELATIVE = 2.0**19  # in units of the last digit (1e-10 in float64): what is off by less is right
RELATIVE_SINGLE = 64.0  # the same for float32 (8e-6)
DOUBLE, SINGLE = 2.0**-52, 2.0**-23


@dataclass(frozen=True, eq=False)
class Evidence:
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
    before: Evidence | None = None

    @cached_property
    def sites(self) -> tuple[Site, ...]:
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

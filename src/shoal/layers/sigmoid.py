"""The logistic sigmoid."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import ClassVar

from shoal.layers.arrays import Array, Number, Values, namespace
from shoal.layers.base import Layer, check_number


def logistic(a: Array) -> Array:
    """1 / (1 + exp(-a)), from an exponential that cannot overflow; accurate in both tails."""
    xp = namespace(a)
    # Not abs(a): its derivative at 0, taken as 0 by an automatic differentiation, would spoil this one's.
    decay = xp.exp(xp.where(a >= 0, -a, a))
    return xp.where(a >= 0, xp.ones_like(a), decay) / (1 + decay)


@dataclass(frozen=True)
class Sigmoid(Layer):
    """The logistic sigmoid, with a slope.

    Equation:  y = 1 / (1 + exp(-slope x))
    Backward:  dx = slope y (1 - y) dy
    Shapes:    x and y (N, ...)
    Caveat:    the derivative is at most slope / 4, so it shrinks through many layers. `slope` may be traced.
    Source:    Rumelhart, Hinton and Williams (1986), Nature 323, eqs. 2 and 5 (there with slope 1).
    """

    slope: Number = 1.0
    kind: ClassVar[str] = "sigmoid"
    elementwise: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_number("sigmoid slope", self.slope, isfinite, "finite")

    def forward(self, parameters: Values, x: Array) -> tuple[Array, Array]:
        y = logistic(self.slope * x)
        return y, y

    def backward(self, parameters: Values, saved: Array, dy: Array) -> tuple[Array, dict[str, Array]]:
        return self.slope * saved * (1 - saved) * dy, {}

"""The leaky rectified linear unit."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import ClassVar

from shoal.layers.arrays import Array, Number, Values, namespace
from shoal.layers.base import Layer, check_number


@dataclass(frozen=True)
class LeakyReLU(Layer):
    """A ReLU that lets a fraction `slope` of the negative part through.

    Equation:  y = x where x > 0, else slope x
    Backward:  dx = dy where x > 0, else slope dy
    Shapes:    x and y (N, ...)
    Caveat:    the derivative at the corner x = 0 is taken as `slope`. `slope` may be traced.
    Source:    Maas, Hannun and Ng (2013), "Rectifier nonlinearities improve neural network acoustic
               models", section 2 (there with slope 0.01).
    """

    slope: Number = 0.01
    kind: ClassVar[str] = "leaky_relu"
    elementwise: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_number("leaky ReLU slope", self.slope, isfinite, "finite")

    def forward(self, parameters: Values, x: Array) -> tuple[Array, Array]:
        positive = x > 0
        return namespace(x).where(positive, x, self.slope * x), positive

    def backward(self, parameters: Values, saved: Array, dy: Array) -> tuple[Array, dict[str, Array]]:
        return namespace(dy).where(saved, dy, self.slope * dy), {}

    def corner_side(self, saved: Array) -> Array:
        return saved

"""The rectified linear unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from shoal.layers.arrays import Array, Values, namespace
from shoal.layers.base import Layer


@dataclass(frozen=True)
class ReLU(Layer):
    """The positive part of each number.

    Equation:  y = max(x, 0)
    Backward:  dx = dy where y > 0, else 0
    Shapes:    x and y (N, ...)
    Caveat:    the derivative at the corner x = 0 is taken as 0. NaN stays NaN, so divergence is not hidden.
    Source:    Nair and Hinton (2010), "Rectified linear units improve restricted Boltzmann machines".
    """

    kind: ClassVar[str] = "relu"
    elementwise: ClassVar[bool] = True

    def forward(self, parameters: Values, x: Array) -> tuple[Array, Array]:
        xp = namespace(x)
        y = xp.where(x <= 0, xp.zeros_like(x), x)
        return y, y  # y is kept anyway, as the next layer's x

    def backward(self, parameters: Values, saved: Array, dy: Array) -> tuple[Array, dict[str, Array]]:
        xp = namespace(dy)
        return xp.where(saved > 0, dy, xp.zeros_like(dy)), {}

    def corner_side(self, saved: Array) -> Array:
        return saved > 0

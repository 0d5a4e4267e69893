"""The hyperbolic tangent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from shoal.layers.arrays import Array, Values, namespace
from shoal.layers.base import Layer


@dataclass(frozen=True)
class Tanh(Layer):
    """The hyperbolic tangent of each number.

    Equation:  y = tanh(x)
    Backward:  dx = (1 - y^2) dy
    Shapes:    x and y (N, ...)
    Caveat:    saturates: beyond |x| of about 10 in float32, y is 1 to the last digit and dx is 0.
    Source:    LeCun, Bottou, Orr and Müller (1998), "Efficient BackProp", section 4.4.
    """

    kind: ClassVar[str] = "tanh"
    elementwise: ClassVar[bool] = True

    def forward(self, parameters: Values, x: Array) -> tuple[Array, Array]:
        y = namespace(x).tanh(x)
        return y, y

    def backward(self, parameters: Values, saved: Array, dy: Array) -> tuple[Array, dict[str, Array]]:
        return (1 - saved * saved) * dy, {}

"""The sigmoid linear unit, also called swish."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from shoal.layers.arrays import Array, Values
from shoal.layers.base import Layer
from shoal.layers.sigmoid import logistic


@dataclass(frozen=True)
class SiLU(Layer):
    """Each number times its logistic sigmoid.

    Equation:  y = x s,    s = 1 / (1 + exp(-x))
    Backward:  dx = s (1 + x (1 - s)) dy
    Shapes:    x and y (N, ...)
    Caveat:    not monotonic: the least value is about -0.278, at x = -1.278.
    Source:    Elfwing, Uchibe and Doya (2018), Neural Networks 107, eqs. 4 and 5; Ramachandran, Zoph and Le
               (2017), "Searching for activation functions" (swish with beta = 1).
    """

    kind: ClassVar[str] = "silu"
    elementwise: ClassVar[bool] = True

    def forward(self, parameters: Values, x: Array) -> tuple[Array, Array]:
        s = logistic(x)
        return x * s, (x, s)

    def backward(self, parameters: Values, saved: Array, dy: Array) -> tuple[Array, dict[str, Array]]:
        x, s = saved
        return s * (1 + x * (1 - s)) * dy, {}

"""The Gaussian error linear unit, in its tanh form."""

from __future__ import annotations

from dataclasses import dataclass
from math import pi, sqrt
from typing import ClassVar

from shoal.layers.arrays import Array, Values, namespace
from shoal.layers.base import Layer

SCALE, CUBE = sqrt(2 / pi), 0.044715


@dataclass(frozen=True)
class GELU(Layer):
    """x times the probability that a standard normal number is below x, approximated by a tanh.

    Equation:  y = x (1 + t) / 2,    t = tanh(u),    u = sqrt(2/pi) (x + 0.044715 x^3)
    Backward:  dx = ((1 + t) / 2 + x/2 (1 - t^2) sqrt(2/pi) (1 + 3 * 0.044715 x^2)) dy
    Shapes:    x and y (N, ...)
    Caveat:    the exact y = x Phi(x) needs the error function, which the array API standard lacks; the two
               differ by at most 4.8e-4. BERT and GPT-2 use the tanh form (`jax.nn.gelu`, PyTorch's
               `approximate="tanh"`); Keras's and PyTorch's default is the exact one.
    Source:    Hendrycks and Gimpel (2016), "Gaussian Error Linear Units (GELUs)", section 2.
    """

    kind: ClassVar[str] = "gelu"
    elementwise: ClassVar[bool] = True

    def forward(self, parameters: Values, x: Array) -> tuple[Array, Array]:
        t = namespace(x).tanh(SCALE * (x + CUBE * x * x * x))
        return 0.5 * x * (1 + t), (x, t)

    def backward(self, parameters: Values, saved: Array, dy: Array) -> tuple[Array, dict[str, Array]]:
        x, t = saved
        inner = SCALE * (1 + 3 * CUBE * x * x)
        return (0.5 * (1 + t) + 0.5 * x * (1 - t * t) * inner) * dy, {}

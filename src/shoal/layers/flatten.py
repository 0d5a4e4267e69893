"""Images to rows of features."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import ClassVar

from shoal.layers.arrays import Array, Shape, Values, namespace
from shoal.layers.base import Layer


@dataclass(frozen=True)
class Flatten(Layer):
    """All axes of an example in a row.

    Equation:  y[n, (i J + j) C + c] = x[n, i, j, c]
    Backward:  dx is dy in the shape of x
    Shapes:    x (N, I, J, C) or any other, y (N, I J C)
    Caveat:    channels are last, so a pixel's channels end up side by side; PyTorch's are a plane apart.
    Source:    row-major order, as numpy.reshape.
    """

    kind: ClassVar[str] = "flatten"

    def forward(self, parameters: Values, x: Array) -> tuple[Array, Array]:
        y = namespace(x).reshape(x, (x.shape[0], prod(x.shape[1:])))
        return y, x[:0, ...]  # no elements: only its shape is wanted, and an array passes any jit boundary

    def backward(self, parameters: Values, saved: Array, dy: Array) -> tuple[Array, dict[str, Array]]:
        return namespace(dy).reshape(dy, (dy.shape[0], *saved.shape[1:])), {}

    def output_shape(self, shape: Shape) -> Shape:
        return (prod(shape),)

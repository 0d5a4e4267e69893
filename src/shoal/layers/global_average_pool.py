"""Global average pooling."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import ClassVar

from shoal.layers.arrays import Array, Shape, Values, namespace
from shoal.layers.base import Layer
from shoal.layers.windows import image_shape


@dataclass(frozen=True)
class GlobalAveragePool(Layer):
    """The mean of each channel over the whole image.

    Equation:  y[n, c] = 1 / (I J) sum over I, J of x[n, i, j, c]
    Backward:  dx[n, i, j, c] = dy[n, c] / (I J)
    Shapes:    x (N, I, J, C), y (N, C)
    Caveat:    the image's axes are gone, as in Keras; ONNX keeps them with one cell each.
    Source:    Lin, Chen and Yan (2014), "Network in network", section 3.2.
    """

    kind: ClassVar[str] = "global_average_pool"

    def forward(self, parameters: Values, x: Array) -> tuple[Array, Array]:
        return namespace(x).mean(x, axis=(1, 2)), x[:0, ...]  # no elements: only the shape is wanted

    def backward(self, parameters: Values, saved: Array, dy: Array) -> tuple[Array, dict[str, Array]]:
        share = dy[:, None, None, :] / prod(saved.shape[1:3])
        return namespace(dy).broadcast_to(share, (dy.shape[0], *saved.shape[1:])), {}

    def output_shape(self, shape: Shape) -> Shape:
        *_, channels = image_shape(shape)
        return (channels,)

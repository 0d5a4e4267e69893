"""The convolution for GPUs: the device's own, for each of its three products."""

from __future__ import annotations

from dataclasses import dataclass

from jax import Array, lax

from shoal.layers import Convolution, Shape
from shoal.layers.windows import Axis

IMAGES = ("NHWC", "HWIO", "NHWC")
KERNELS = ("CHWN", "IHWO", "HWNC")  # channels as examples, examples as channels: the product is dW


@dataclass(frozen=True)
class LaxConvolution(Convolution):
    """The plain convolution, its three products by `lax.conv_general_dilated`.

    Backward:  dx is the convolution of dy, spread by the stride, with the kernels turned around;
               dW that of the images with dy, spread by the stride, each example a channel
    Shapes:    as the plain one: x (N, I, J, C), W (K, L, C, F), y (N, I', J', F)
    """

    def _forward(self, x: Array, W: Array) -> Array:
        axes = self._axes(x, W)
        padding = [(axis.before, axis.after) for axis in axes]
        return lax.conv_general_dilated(x, W, _strides(axes), padding, dimension_numbers=IMAGES)

    def _backward_W(self, x: Array, dy: Array) -> Array:
        axes = self.windows.over(x.shape[1:])
        padding = [(axis.before, axis.after - _unseen(axis)) for axis in axes]
        return lax.conv_general_dilated(
            x, dy, (1, 1), padding, rhs_dilation=_strides(axes), dimension_numbers=KERNELS
        )

    def _backward_x(self, W: Array, dy: Array, shape: Shape) -> Array:
        axes = self.windows.over(shape)
        padding = [(a.window - 1 - a.before, a.window - 1 - a.after + _unseen(a)) for a in axes]
        turned = lax.rev(W, (0, 1)).swapaxes(2, 3)
        return lax.conv_general_dilated(
            dy, turned, (1, 1), padding, lhs_dilation=_strides(axes), dimension_numbers=IMAGES
        )


def _strides(axes: tuple[Axis, Axis]) -> tuple[int, int]:
    return axes[0].stride, axes[1].stride


def _unseen(axis: Axis) -> int:
    """Padded cells at the end that no window sees."""
    return axis.padded - axis.window - (axis.count - 1) * axis.stride

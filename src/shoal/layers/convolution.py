"""The two-dimensional convolution."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod
from typing import ClassVar

from shoal.errors import NetworkError
from shoal.layers.arrays import Array, Shape, Values, namespace
from shoal.layers.base import Layer, check_number
from shoal.layers.initial import HeNormal, Initial
from shoal.layers.windows import Axis, Padding, Pair, Windows, cells, fold, pad


@dataclass(frozen=True)
class Convolution(Layer):
    """The same affine map of every window of an image: a cross-correlation with each of F kernels.

    Equation:  y[n, i, j, f] = sum over K, L, C of xpad[n, i s + k, j t + l, c] W[k, l, c, f] + b[f]
               with stride (s, t) and xpad the image with zeros around it (see `windows` for how many).
               With the windows in rows, P (N I' J', K L C): y = P W + b, an affine map
    Backward:  dW = P' dy,   db = sum over N, I', J' of dy,   dP = dy W';
               dx is dP with each number added back to the cell that it was taken from
    Shapes:    x (N, I, J, C), W (K, L, C, F), b (F,), y (N, I', J', F)
    Caveats:   The kernel is not flipped, as in all neural network libraries; mathematics calls this a
               cross-correlation. "same" pads as Keras and ONNX's SAME_UPPER do; PyTorch's differs for even
               kernels and refuses strides. Rows and columns left over by "valid" and by explicit padding
               are dropped, as in Keras and PyTorch. W is stored as in Keras; PyTorch's is (F, C, K, L).
               fan_in is K L C and fan_out K L F.
    Source:    LeCun, Bottou, Bengio and Haffner (1998), section II.A; Goodfellow, Bengio and Courville
               (2016), Deep Learning, eqs. 9.6, 9.11 and 9.13 (there without bias).

    `kernel` and `stride` are one number or (rows, columns); `padding` is "valid", "same", a number or
    ((top, bottom), (left, right)). Raises NetworkError for values that are none of these, for examples that
    are no images, and for images that the kernel does not fit into.
    """

    filters: int
    kernel: Pair
    stride: Pair = 1
    padding: Padding = "valid"
    initial: Initial = field(default_factory=HeNormal)
    kind: ClassVar[str] = "convolution"

    def __post_init__(self) -> None:
        check_number("filters", self.filters, lambda v: float(v).is_integer() and v >= 1, "whole and above 0")
        _ = self.windows

    @property
    def windows(self) -> Windows:
        """How the kernel slides."""
        return Windows.of("kernel", self.kernel, self.stride, self.padding)

    def forward(self, parameters: Values, x: Array) -> tuple[Array, Array]:
        return self._forward(x, parameters["W"]) + parameters["b"], x

    def backward(self, parameters: Values, saved: Array, dy: Array) -> tuple[Array, dict[str, Array]]:
        dx = self._backward_x(parameters["W"], dy, saved.shape[1:])
        return dx, self.gradients(parameters, saved, dy)

    def gradients(self, parameters: Values, saved: Array, dy: Array) -> dict[str, Array]:
        return {"W": self._backward_W(saved, dy), "b": namespace(dy).sum(dy, axis=(0, 1, 2))}

    def output_shape(self, shape: Shape) -> Shape:
        rows, columns = self.windows.over(shape)
        return (rows.count, columns.count, self.filters)

    def parameter_shapes(self, shape: Shape) -> dict[str, Shape]:
        return {"W": (*self.windows.size, shape[-1], self.filters), "b": (self.filters,)}

    def noise_for_parameters(self, shape: Shape) -> dict[str, str]:
        return {"W": self.initial.distribution}

    def initial_parameters(self, shape: Shape, noise: Values, like: Array) -> dict[str, Array]:
        xp = namespace(like)
        window = prod(self.windows.size)
        return {
            "W": self.initial.scale(window * shape[-1], window * self.filters) * noise["W"],
            "b": xp.zeros((self.filters,), dtype=like.dtype),
        }

    # The three products; a faster form of the layer gives these three in another way.

    def _forward(self, x: Array, W: Array) -> Array:
        """P W, as images."""
        axes = self._axes(x, W)
        P = _windows_in_rows(x, axes)
        return namespace(x).reshape(P @ _in_rows(W), self._shape_of_y(axes, x.shape[0]))

    def _backward_W(self, x: Array, dy: Array) -> Array:
        """P' dy, as kernels."""
        P = _windows_in_rows(x, self.windows.over(x.shape[1:]))
        return namespace(dy).reshape(P.T @ _in_rows(dy), (*self.windows.size, x.shape[-1], self.filters))

    def _backward_x(self, W: Array, dy: Array, shape: Shape) -> Array:
        """dP = dy W', added back to images of `shape`."""
        axes = self.windows.over(shape)
        dP = _in_rows(dy) @ _in_rows(W).T
        dP = namespace(dy).reshape(dP, (*dy.shape[:3], prod(self.windows.size), shape[-1]))
        return fold([dP[..., cell, :] for cell in range(dP.shape[3])], axes)

    def _axes(self, x: Array, W: Array) -> tuple[Axis, Axis]:
        """How the kernel slides over x. Raises NetworkError where W is not made for x."""
        expected = self.parameter_shapes(x.shape[1:])["W"]
        if tuple(W.shape) != expected:
            raise NetworkError(
                f"got kernels of shape {tuple(W.shape)} for images of {x.shape[-1]} channels; "
                f"expected {expected}.",
                "Hand the images that the parameters were initialized for, or initialize them for these.",
            )
        return self.windows.over(x.shape[1:])

    def _shape_of_y(self, axes: tuple[Axis, Axis], n: int) -> tuple[int, ...]:
        return (n, axes[0].count, axes[1].count, self.filters)


def _windows_in_rows(x: Array, axes: tuple[Axis, Axis]) -> Array:
    """P: what each window sees, (N I' J', K L C)."""
    return _in_rows(namespace(x).concat(list(cells(pad(x, axes), axes)), axis=-1))


def _in_rows(array: Array) -> Array:
    """All axes but the last in one."""
    return namespace(array).reshape(array, (prod(array.shape[:-1]), array.shape[-1]))

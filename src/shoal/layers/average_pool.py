"""Average pooling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from shoal.layers.arrays import Array, Values, namespace
from shoal.layers.pool import Pool
from shoal.layers.windows import Axis, cells, fold, pad


@dataclass(frozen=True)
class AveragePool(Pool):
    """The mean of each window, channel by channel.

    Equation:  y[n, i, j, c] = 1 / count[i, j] sum over K, L of x[n, i s + k, j t + l, c]
               with stride (s, t) and count the window's cells that lie in the image
    Backward:  each cell of the image gets dy / count from every window that sees it
    Shapes:    x (N, I, J, C), y (N, I', J', C)
    Caveat:    padded cells are not counted, as in Keras and by default in ONNX (count_include_pad = 0);
               PyTorch counts them by default. Rows and columns left over are dropped (see `Pool`).
    Source:    LeCun, Bottou, Bengio and Haffner (1998), section II.B (there with a trained factor and bias).
    """

    kind: ClassVar[str] = "average_pool"

    def forward(self, parameters: Values, x: Array) -> tuple[Array, Array]:
        axes = self.axes(x)
        total = sum(cells(pad(x, axes), axes))
        return total / _counts(axes, x), x[:0, ...]  # no elements: only the shape is wanted

    def backward(self, parameters: Values, saved: Array, dy: Array) -> tuple[Array, dict[str, Array]]:
        axes = self.axes(saved)
        share = dy / _counts(axes, dy)
        rows, columns = self.windows.size
        return fold([share] * (rows * columns), axes), {}


def _counts(axes: tuple[Axis, Axis], like: Array) -> Array:
    """(I', J', 1): how many cells of each window lie in the image."""
    xp = namespace(like)
    rows, columns = (xp.asarray(axis.real, dtype=like.dtype) for axis in axes)
    return rows[:, None, None] * columns[None, :, None]

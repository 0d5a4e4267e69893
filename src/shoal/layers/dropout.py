"""Dropout, in its inverted form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from shoal.layers.arrays import Array, Number, Shape, Values, namespace
from shoal.layers.base import Layer, check_number


@dataclass(frozen=True)
class Dropout(Layer):
    """Drop each number with probability `rate`; scale the kept ones so that the mean stays.

    With `channels`, whole channels of an image are dropped: neighbouring cells of a channel are much alike,
    so that a single dropped cell is hardly missed.

    Equation:  y = x / (1 - rate) where noise >= rate, else 0;   in evaluation y = x
    Backward:  dx = dy / (1 - rate) where noise >= rate, else 0
    Shapes:    x, noise and y (N, ...); noise is uniform on [0, 1). With `channels`: x and y (N, I, J, C),
               noise (N, 1, 1, C)
    Caveat:    `rate` is the share dropped, as in Keras and PyTorch; the source's p is the share kept.
               `rate` may be traced, and may be 0.
    Source:    Srivastava et al. (2014), "Dropout: a simple way to prevent neural networks from
               overfitting", section 4; the scaling in training is section 10's. Channels: Tompson et al.
               (2015), "Efficient object localization using convolutional networks", section 3.2.
    """

    rate: Number
    channels: bool = False
    kind: ClassVar[str] = "dropout"
    draws: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_number("dropout rate", self.rate, lambda v: 0 <= v < 1, "at least 0 and below 1")

    def noise_shape(self, shape: Shape) -> Shape:
        return (*(1 for _ in shape[:-1]), *shape[-1:]) if self.channels else shape

    def forward(self, parameters: Values, x: Array, noise: Array) -> tuple[Array, Array]:
        kept = noise >= self.rate
        return self._scale_kept(kept, x), kept

    def backward(self, parameters: Values, saved: Array, dy: Array) -> tuple[Array, dict[str, Array]]:
        return self._scale_kept(saved, dy), {}

    def evaluate(self, parameters: Values, state: Values, x: Array) -> Array:
        return x

    def _scale_kept(self, kept: Array, x: Array) -> Array:
        xp = namespace(x)
        return xp.where(kept, x / (1 - self.rate), xp.zeros_like(x))

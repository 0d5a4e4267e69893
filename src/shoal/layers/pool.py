"""What average and max pooling share: a window that slides over each channel."""

from __future__ import annotations

from abc import ABC
from dataclasses import dataclass

from shoal.errors import NetworkError
from shoal.layers.arrays import Array, Shape
from shoal.layers.base import Layer
from shoal.layers.windows import Axis, Padding, Pair, Windows


@dataclass(frozen=True)
class Pool(Layer, ABC):
    """A window that makes one number of each channel, at each place.

    `window` is one number or (rows, columns); `stride` the same, by default the window's size, so that
    windows do not overlap; `padding` is "valid", "same", a number or ((top, bottom), (left, right)). What
    "valid" and explicit padding leave over, where the window does not divide the image, is dropped, as in
    Keras and PyTorch; "same" keeps it.
    """

    window: Pair
    stride: Pair | None = None
    padding: Padding = "valid"

    def __post_init__(self) -> None:
        windows = self.windows
        sides = windows.padding if isinstance(windows.padding, tuple) else None
        if isinstance(windows.padding, int):
            sides = ((windows.padding,) * 2,) * 2
        if sides and any(max(side) >= size for side, size in zip(sides, windows.size, strict=True)):
            raise NetworkError(
                f"padding is {self.padding!r} for a window of {windows.size[0]} x {windows.size[1]}; "
                "expected less padding than window, or a window would see no cell of the image.",
                'Use a smaller padding, or "same".',
            )

    @property
    def windows(self) -> Windows:
        """How the window slides."""
        stride = self.window if self.stride is None else self.stride
        return Windows.of("window", self.window, stride, self.padding)

    def output_shape(self, shape: Shape) -> Shape:
        rows, columns = self.windows.over(shape)
        return (rows.count, columns.count, shape[-1])

    def axes(self, x: Array) -> tuple[Axis, Axis]:
        """How the window slides over images x (N, I, J, C)."""
        return self.windows.over(x.shape[1:])

"""Windows that slide over an image: where they start, how many fit, what each cell of them sees.

Of one axis with `size` cells and padding on both sides:

    count = floor((before + size + after - window) / stride) + 1        windows along the axis
    window i sees the padded cells  i stride, ..., i stride + window - 1

    valid     before = after = 0; the cells that no window covers are dropped, as in Keras and PyTorch
    same      count = ceil(size / stride); an odd cell of padding goes behind, as in Keras and in ONNX's
              SAME_UPPER
    explicit  one number for all four sides, or ((top, bottom), (left, right)); floor as for valid

`fold` is the transpose of `cells`: it adds what the windows say of each cell of the image.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from shoal.errors import NetworkError
from shoal.layers.arrays import Array, Shape, namespace

Pair: TypeAlias = "int | tuple[int, int]"  # one number for both, or (rows, columns)
Sides: TypeAlias = tuple[tuple[int, int], tuple[int, int]]  # (top, bottom), (left, right)
Padding: TypeAlias = "str | int | Sides"  # "valid", "same", a number for all sides, or each


@dataclass(frozen=True)
class Axis:
    """Windows along one axis of an image."""

    size: int
    window: int
    stride: int
    before: int
    after: int

    @property
    def padded(self) -> int:
        """Cells with the padding."""
        return self.before + self.size + self.after

    @property
    def count(self) -> int:
        """Windows that fit."""
        return (self.padded - self.window) // self.stride + 1

    @property
    def real(self) -> list[int]:
        """For each window, how many of its cells are not padding."""
        starts = [i * self.stride - self.before for i in range(self.count)]
        return [min(start + self.window, self.size) - max(start, 0) for start in starts]

    def cell(self, k: int) -> slice:
        """The padded cells that the windows have at their own position k."""
        return slice(k, k + (self.count - 1) * self.stride + 1, self.stride)


@dataclass(frozen=True)
class Windows:
    """Windows of one size, with their stride and padding, before an image is known."""

    name: str  # what a message calls the window: "kernel" or "window"
    size: tuple[int, int]
    stride: tuple[int, int]
    padding: Padding

    @classmethod
    def of(cls, name: str, size: Pair, stride: Pair, padding: Padding) -> Windows:
        """Raises NetworkError for sizes and strides below 1 and for a padding that is none."""
        return cls(name, _pair(name, size), _pair("stride", stride), _checked_padding(padding))

    def over(self, shape: Shape) -> tuple[Axis, Axis]:
        """The rows and columns of images of `shape` (I, J, C).

        Raises NetworkError for what is no image and for images that no window fits into.
        """
        rows, columns, _ = image_shape(shape)
        axes = self._axis(0, rows), self._axis(1, columns)
        if min(axis.count for axis in axes) < 1:
            padded = axes[0].padded, axes[1].padded
            around = f" ({padded[0]} x {padded[1]} with padding)" if padded != (rows, columns) else ""
            raise NetworkError(
                f"got an image of {rows} x {columns}{around}; "
                f"expected at least the {self.name}'s {self.size[0]} x {self.size[1]}.",
                f'Use a smaller {self.name} or padding "same", or shrink the image less on the way.',
            )
        return axes

    def _axis(self, at: int, size: int) -> Axis:
        window, stride = self.size[at], self.stride[at]
        before, after = 0, 0
        if self.padding == "same":
            missing = max((-(-size // stride) - 1) * stride + window - size, 0)
            before, after = missing // 2, missing - missing // 2
        elif isinstance(self.padding, tuple):
            before, after = self.padding[at]
        elif isinstance(self.padding, int):
            before = after = self.padding
        return Axis(size, window, stride, before, after)


def image_shape(shape: Shape) -> tuple[int, int, int]:
    """(I, J, C) of the shape of an image. Raises NetworkError for any other shape."""
    if len(shape) != 3:
        raise NetworkError(
            f"got examples of shape {tuple(shape)}; expected an image (rows, columns, channels).",
            "Put it in front of the first dense or flatten layer, on data whose examples are images.",
        )
    rows, columns, channels = shape
    return rows, columns, channels


def pad(x: Array, axes: tuple[Axis, Axis], value: float = 0.0) -> Array:
    """Images (N, I, J, C) with `value` around them, where there is padding."""
    for at, axis in enumerate(axes, start=1):
        x = _surround(x, at, axis.before, axis.after, value)
    return x


def cells(padded: Array, axes: tuple[Axis, Axis]) -> Iterator[Array]:
    """For each position (k, l) within the window, row by row: what all windows see there, (N, I', J', C)."""
    rows, columns = axes
    for row in range(rows.window):
        for column in range(columns.window):
            yield padded[:, rows.cell(row), columns.cell(column), :]


def fold(pieces: Sequence[Array], axes: tuple[Axis, Axis]) -> Array:
    """Images (N, I, J, C): each piece, in the order of `cells`, added where it was seen."""
    rows, columns = axes
    image: Any = 0
    for row in range(rows.window):
        wide: Any = 0
        for column in range(columns.window):
            wide = wide + _place(pieces[row * columns.window + column], 2, columns, column)
        image = image + _place(wide, 1, rows, row)
    inner = [slice(axis.before, axis.before + axis.size) for axis in axes]
    return image[:, inner[0], inner[1], :]


def _place(piece: Array, at: int, axis: Axis, k: int) -> Array:
    """The transpose of taking `axis.cell(k)` along array axis `at`: zeros where nothing was taken."""
    spread = _spread(piece, at, axis.stride)
    return _surround(spread, at, k, axis.padded - k - spread.shape[at], 0.0)


def _spread(x: Array, at: int, stride: int) -> Array:
    """x with stride - 1 zeros between neighbours along an axis."""
    if stride == 1 or x.shape[at] == 1:  # one window has no neighbour, however wide the stride
        return x
    xp, shape = namespace(x), x.shape
    apart = xp.expand_dims(x, axis=at + 1)
    gaps = xp.zeros((*shape[: at + 1], stride - 1, *shape[at + 1 :]), dtype=x.dtype)
    spread = xp.reshape(
        xp.concat([apart, gaps], axis=at + 1), (*shape[:at], shape[at] * stride, *shape[at + 1 :])
    )
    inner = [slice(None)] * x.ndim
    inner[at] = slice(0, (shape[at] - 1) * stride + 1)
    return spread[tuple(inner)]


def _surround(x: Array, at: int, before: int, after: int, value: float) -> Array:
    xp, shape = namespace(x), x.shape
    around = [
        xp.full((*shape[:at], count, *shape[at + 1 :]), value, dtype=x.dtype) for count in (before, after)
    ]
    parts = [part for part in (around[0], x, around[1]) if part.shape[at]]
    return xp.concat(parts, axis=at) if len(parts) > 1 else x


def _pair(name: str, value: Any) -> tuple[int, int]:
    both = value if isinstance(value, tuple) else (value, value)
    if len(both) != 2 or not all(_is_whole(v) and v >= 1 for v in both):
        raise NetworkError(
            f"{name} is {value!r}; expected a whole number above 0, or two of them for rows and columns.",
            f"Give one {name}, or a pair (rows, columns).",
        )
    return both


def _checked_padding(value: Any) -> Padding:
    if value in ("valid", "same") or (_is_whole(value) and value >= 0):
        return value
    pairs = isinstance(value, tuple) and all(isinstance(p, tuple) and len(p) == 2 for p in value)
    if pairs and len(value) == 2 and all(_is_whole(v) and v >= 0 for pair in value for v in pair):
        return value
    raise NetworkError(
        f'padding is {value!r}; expected "valid", "same", a whole number, or ((top, bottom), (left, right)).',
        'Use "valid" for none and "same" to keep the image\'s size.',
    )


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)

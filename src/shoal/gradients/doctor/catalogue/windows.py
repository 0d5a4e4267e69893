"""Windows that slide over images, put together again with what can be spoilt in that."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from shoal.layers.windows import Axis

Shift = tuple[int, int]  # by how many cells rows and columns are off


def cells(
    x: np.ndarray, axes: Sequence[Axis], *, value: float = 0.0, shift: Shift = (0, 0), stride: bool = True
) -> Iterator[np.ndarray]:
    """For each position in the window what all windows see there, (N, I', J', C), row by row."""
    canvas = _canvas(x, axes, value, shift)
    for k in range(axes[0].window):
        for m in range(axes[1].window):
            yield canvas[:, _seen(axes[0], k, stride), _seen(axes[1], m, stride), :]


def fold(
    pieces: Sequence[np.ndarray], axes: Sequence[Axis], *, shift: Shift = (0, 0), stride: bool = True
) -> np.ndarray:
    """Images (N, I, J, C) to which each piece, in the order of `cells`, is added where it was seen.

    The padding is cut off `shift` cells beside its place; without the `stride` windows stand side by side.
    """
    n, _, _, channels = pieces[0].shape
    size = [axis.padded + 2 for axis in axes]
    canvas = np.zeros((n, *size, channels))
    position = 0
    for k in range(axes[0].window):
        for m in range(axes[1].window):
            canvas[:, _seen(axes[0], k, stride, 1), _seen(axes[1], m, stride, 1), :] += pieces[position]
            position += 1
    rows, columns = (
        slice(1 + axis.before + off, 1 + axis.before + off + axis.size)
        for axis, off in zip(axes, shift, strict=True)
    )
    return canvas[:, rows, columns, :]


def _canvas(x: np.ndarray, axes: Sequence[Axis], value: float, shift: Shift) -> np.ndarray:
    """The image with its padding, moved by `shift` within it."""
    wide = np.full((len(x), *(axis.padded + 2 for axis in axes), x.shape[-1]), value)
    rows, columns = (
        slice(1 + axis.before + off, 1 + axis.before + off + axis.size)
        for axis, off in zip(axes, shift, strict=True)
    )
    wide[:, rows, columns, :] = x
    return wide[:, 1:-1, 1:-1, :]


def _seen(axis: Axis, k: int, stride: bool, margin: int = 0) -> slice:
    step = axis.stride if stride else 1
    start = k + margin
    return slice(start, start + (axis.count - 1) * step + 1, step)

"""Which numbers a convolution reads, as tables of indices: NumPy, made while the program is traced.

A block is p x q neighbouring outputs. Together they read a window of A cells, larger than the kernel and
smaller than their windows one by one, so that gathering windows moves fewer numbers, and the product that
follows has more rows. The kernel is written into the block's larger one, once for each output in it.

A window has U rows of V cells, A = U V.

    read    (U, V, B)     cell (u, v) of block b's window: an inner cell of the input; their number for none
    writes  (m, Q)        input cell q was read at most m times: where, counted in (A, B); 0 where fewer
    written (m, Q)        True where `writes` means it
    widen   (p q, U, V)   which of the kernel's K L cells output o of a block applies to (u, v); K L for none
    narrow  (p q, K L)    the reverse: where in (p q, A) kernel cell k stands for output o
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from shoal.kernels.order import PixelOrder
from shoal.layers.windows import Axis


class Tables(NamedTuple):
    """The tables, as described above."""

    read: np.ndarray
    writes: np.ndarray
    written: np.ndarray
    widen: np.ndarray
    narrow: np.ndarray

    @property
    def padded(self) -> bool:
        """Whether some window reaches beyond the image."""
        return bool((self.read == self.writes.shape[1]).any())


@lru_cache(maxsize=64)
def make_tables(
    axes: tuple[Axis, Axis], source: PixelOrder, target: PixelOrder, block: tuple[int, int]
) -> Tables:
    """The tables of a convolution along `axes`, from images in `source` order to `target` order.

    `target` must be in blocks of `block`, without cells left over.
    """
    rows, columns = axes
    p, q = block
    height, width = _window(rows, p), _window(columns, q)
    blocks = np.asarray(target.cells)[: len(target.cells) // (p * q)]  # the first cell of each
    i = rows.stride * (blocks // target.columns) - rows.before + np.arange(height)[:, None]
    j = columns.stride * (blocks % target.columns) - columns.before + np.arange(width)[:, None]
    read = _numbers(source)[_inside(i, rows)[:, None], _inside(j, columns)[None]]
    return Tables(read, *_transposed(read, len(source.cells)), *_kernel_tables(axes, block, height, width))


def widened(axes: tuple[Axis, Axis], block: tuple[int, int]) -> float:
    """How many times more multiplications a block costs than its outputs one by one."""
    rows, columns = axes
    (p, q), window = block, rows.window * columns.window
    return _window(rows, p) * _window(columns, q) / window


def _window(axis: Axis, outputs: int) -> int:
    """Cells along one axis that so many neighbouring outputs read."""
    return (outputs - 1) * axis.stride + axis.window


def _numbers(order: PixelOrder) -> np.ndarray:
    """(I + 1, J + 1): the inner number of each cell; beyond the image, the number of cells."""
    numbers = np.full((order.rows + 1, order.columns + 1), len(order.cells), np.int32)
    cells = np.asarray(order.cells)
    numbers[cells // order.columns, cells % order.columns] = np.arange(len(cells), dtype=np.int32)
    return numbers


def _inside(cells: np.ndarray, axis: Axis) -> np.ndarray:
    """The same cells, with `axis.size` for those beyond the image."""
    return np.where((cells >= 0) & (cells < axis.size), cells, axis.size)


def _transposed(read: np.ndarray, cells: int) -> tuple[np.ndarray, np.ndarray]:
    """`writes` and `written`: for each input cell, where it was read."""
    flat = read.reshape(-1)
    by_cell = np.argsort(flat, kind="stable")
    counts = np.bincount(flat, minlength=cells + 1)[:cells]
    starts = np.cumsum(counts) - counts
    nth = np.arange(max(int(counts.max(initial=0)), 1))[:, None]
    written = nth < counts
    places = by_cell[np.where(written, starts + nth, 0)]
    return np.where(written, places, 0).astype(np.int32), written


def _kernel_tables(
    axes: tuple[Axis, Axis], block: tuple[int, int], height: int, width: int
) -> tuple[np.ndarray, np.ndarray]:
    rows, columns = axes
    size = rows.window * columns.window
    down, right = np.divmod(np.arange(size), columns.window)
    a, b = np.divmod(np.arange(block[0] * block[1]), block[1])
    place = (a[:, None] * rows.stride + down) * width + b[:, None] * columns.stride + right  # (p q, K L)
    widen = np.full((len(a), height * width), size, np.int32)
    outputs = np.arange(len(a))[:, None]
    widen[outputs, place] = np.arange(size)
    return widen.reshape(-1, height, width), (outputs * height * width + place).astype(np.int32)

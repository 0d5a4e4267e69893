"""In which order an image's cells lie in memory between fast layers.

Public order is (N, I, J, C). Inner order is (C, Q, N): Q counts the cells of the image in any order that
suits the layer above, and the innermost loop runs over the examples: always long, whatever the image, and
the same for every layer.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import jax.numpy as jnp
import numpy as np
from jax import Array


@dataclass(frozen=True)
class PixelOrder:
    """The cells of an image of `rows` x `columns`: inner cell q is cell `cells[q]`, counted row by row."""

    rows: int
    columns: int
    cells: tuple[int, ...]

    @classmethod
    def row_by_row(cls, rows: int, columns: int) -> PixelOrder:
        """The order of a flattened image."""
        return cls(rows, columns, tuple(range(rows * columns)))

    def in_blocks(self, block: tuple[int, int], rows: int, columns: int) -> PixelOrder:
        """The order of an image of `rows` x `columns` whose blocks are this image's cells.

        All blocks' first cells come first, in this order, then all their second cells, and so on; cells
        that belong to no block come last. A pool over these blocks adds contiguous pieces of memory.
        """
        return _in_blocks(self, block, rows, columns)

    @property
    def is_row_by_row(self) -> bool:
        return self.cells == tuple(range(len(self.cells)))

    def to_inner(self, x: Array) -> Array:
        """(N, I, J, C) to (C, Q, N)."""
        n, _, _, c = x.shape
        inner = jnp.transpose(x, (3, 1, 2, 0)).reshape(c, self.rows * self.columns, n)
        return inner if self.is_row_by_row else inner[:, np.asarray(self.cells)]

    def to_public(self, x: Array) -> Array:
        """(C, Q, N) to (N, I, J, C)."""
        c, _, n = x.shape
        rows = x if self.is_row_by_row else x[:, np.argsort(np.asarray(self.cells))]
        return jnp.transpose(rows.reshape(c, self.rows, self.columns, n), (3, 1, 2, 0))


@lru_cache(maxsize=256)
def _in_blocks(order: PixelOrder, block: tuple[int, int], rows: int, columns: int) -> PixelOrder:
    p, q = block
    of_block = [divmod(cell, order.columns) for cell in order.cells]
    cells = [(p * i + a) * columns + q * j + b for a in range(p) for b in range(q) for i, j in of_block]
    left_over = sorted(set(range(rows * columns)) - set(cells))
    return PixelOrder(rows, columns, (*cells, *left_over))

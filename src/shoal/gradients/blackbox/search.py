"""Where a large block is wrong: rows and columns are halved as long as a direction through them disagrees."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from shoal.gradients.compare import compare

from .surface import Surface

FEW = 6  # wrong pieces at one level of halving; beyond, they are all over
CROSSINGS = 36  # entries probed where a few rows meet a few columns


@dataclass(frozen=True)
class Extent:
    """Rows and columns that hold wrong entries, None where they are many; the block is seen as a matrix whose
    last axis is the columns."""

    rows: tuple[int, ...] | None
    columns: tuple[int, ...] | None

    def positions(self, shape: tuple[int, int], rng: np.random.Generator, each: int) -> np.ndarray:
        """Flat positions to probe: all crossings of few rows with few columns, else `each` of every line."""
        rows, columns = self.rows, self.columns
        if rows and columns:
            grid = [r * shape[1] + c for r in rows for c in columns]
            return np.asarray(grid[:CROSSINGS])
        if rows:
            picks = [(r, c) for r in rows for c in _some(shape[1], each, rng)]
        elif columns:
            picks = [(r, c) for c in columns for r in _some(shape[0], each, rng)]
        else:
            return np.asarray([], dtype=np.int64)
        return np.asarray([r * shape[1] + c for r, c in picks])


@dataclass(eq=False)
class Searcher:
    """Halves block k of a surface; `came` and `floor` as everywhere."""

    surface: Surface
    k: int
    came: np.ndarray
    floor: np.ndarray
    rng: np.random.Generator

    @property
    def shape(self) -> tuple[int, int]:
        return as_matrix(self.came.shape)

    def search(self) -> Extent:
        """Rows first; columns within the rows found."""
        rows, columns = self.shape
        found = halve(rows, lambda piece: self._wrong(piece, slice(None)))
        within = list(found) if found else slice(None)
        return Extent(found, halve(columns, lambda piece: self._wrong(within, piece)))

    def _wrong(self, rows: slice | list[int], columns: slice) -> bool:
        u = np.zeros(self.shape)
        part = u[rows, columns]
        u[rows, columns] = signs(self.rng, part.shape)
        u = u.reshape(self.came.shape)
        along = float(np.sum(self.came * u))
        floor = float(np.sqrt(np.sum((self.floor * u) ** 2)))
        slope = self.surface.direction(self.k, u, along, floor)
        error = np.inf if slope.corner else slope.error + floor
        found = compare(np.array([along]), np.array([slope.value]), error, self.surface.tolerance)
        return bool(found.wrong[0])


def halve(count: int, wrong: Callable[[slice], bool]) -> tuple[int, ...] | None:
    """The single wrong places among `count`, or None where there are many. `wrong` asks about a range."""
    pieces = [slice(0, count)]
    while any(piece.stop - piece.start > 1 for piece in pieces):
        halves = [half for piece in pieces for half in _halves(piece)]
        pieces = [half for half in halves if wrong(half)]
        if len(pieces) > FEW:
            return None
    return tuple(piece.start for piece in pieces)


def signs(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Random signs of sizes around 1: two equal mistakes do not cancel."""
    return rng.choice([-1.0, 1.0], shape) * rng.uniform(0.5, 1.5, shape)


def as_matrix(shape: tuple[int, ...]) -> tuple[int, int]:
    columns = shape[-1] if len(shape) > 1 else 1
    return int(np.prod(shape)) // columns, columns


def _halves(piece: slice) -> list[slice]:
    if piece.stop - piece.start == 1:
        return [piece]
    middle = (piece.start + piece.stop) // 2
    return [slice(piece.start, middle), slice(middle, piece.stop)]


def _some(count: int, each: int, rng: np.random.Generator) -> np.ndarray:
    return rng.choice(count, min(each, count), replace=False)

"""One block of parameters: probed whole if it is small; screened, then searched, if it is large.

The search halves rows and columns as long as a direction through them disagrees, and so finds where a large
block is wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from shoal.gradients.compare import SLACK, Comparison, compare
from shoal.gradients.differences import Slope
from shoal.gradients.functions.surface import LARGE, LossSurface
from shoal.gradients.patterns import Block


@dataclass(eq=False)
class Probes:
    """Slopes by flat position of single entries, and along directions, with what came for each.

    `floor` is how far rounding may have moved an entry of what came.
    """

    came: np.ndarray
    floor: np.ndarray
    tolerance: float
    entries: dict[int, Slope] = field(default_factory=dict)
    along: list[tuple[float, float, Slope]] = field(default_factory=list)  # came, its floor, the slope

    @property
    def positions(self) -> np.ndarray:
        return np.fromiter(self.entries, dtype=np.int64, count=len(self.entries))

    @property
    def slopes(self) -> list[Slope]:
        return [*self.entries.values(), *(slope for _, _, slope in self.along)]

    @property
    def values(self) -> np.ndarray:
        return np.asarray([s.value for s in self.slopes])

    @property
    def analytic(self) -> np.ndarray:
        """What came for every probe: entries, then directions."""
        return np.concatenate([self.came.reshape(-1)[self.positions], [came for came, _, _ in self.along]])

    @property
    def errors(self) -> np.ndarray:
        """The estimated error of each comparison: the slope's, and the rounding of what came."""
        floors = np.concatenate(
            [self.floor.reshape(-1)[self.positions], [floor for _, floor, _ in self.along]]
        )
        return np.asarray([s.error for s in self.slopes]) + floors

    @property
    def corners(self) -> np.ndarray:
        return np.asarray([s.corner for s in self.slopes], dtype=bool)

    def compare(self, *, widen: bool = False) -> Comparison:
        """Every probe: on a corner, anything between both slopes is right.

        `widen` lets it be as far outside as they are apart: of several units that sit on corners at once,
        each may have been given either slope.
        """
        corners = self.corners
        error = np.where(corners, np.inf, self.errors)
        values = np.where(corners, np.nan_to_num(self.values), self.values)
        found = compare(self.analytic, values, error, self.tolerance)
        outside = corners & ~self._between(widen and int(corners.sum()) > 1)
        return Comparison(found.errors, found.resolved, found.wrong | outside)

    def known(self, name: str, value: np.ndarray) -> Block:
        """The block for the search of patterns: true where a single entry has a slope."""
        true, error = np.full(self.came.size, np.nan), np.full(self.came.size, np.inf)
        for position, slope in self.entries.items():
            if not slope.corner:
                true[position], error[position] = (
                    slope.value,
                    slope.error + float(self.floor.reshape(-1)[position]),
                )
        shape = self.came.shape
        return Block(name, value, self.came, true.reshape(shape), error.reshape(shape))

    def _between(self, widen: bool) -> np.ndarray:
        left = np.asarray([s.left for s in self.slopes])
        right = np.asarray([s.right for s in self.slopes])
        low, high = np.minimum(left, right), np.maximum(left, right)
        room = SLACK * self.errors + 10 * self.tolerance * np.maximum(np.abs(left), np.abs(right))
        room = room + (high - low) * widen
        return (low - room <= self.analytic) & (self.analytic <= high + room)


FEW = 6  # wrong pieces at one level of halving; beyond, they are all over
CROSSINGS = 36  # entries probed where a few rows meet a few columns


@dataclass(frozen=True)
class WrongRegion:
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

    surface: LossSurface
    k: int
    came: np.ndarray
    floor: np.ndarray
    rng: np.random.Generator

    @property
    def shape(self) -> tuple[int, int]:
        return as_matrix(self.came.shape)

    def search(self) -> WrongRegion:
        """Rows first; columns within the rows found."""
        rows, columns = self.shape
        found = halve(rows, lambda piece: self._wrong(piece, slice(None)))
        within = list(found) if found else slice(None)
        return WrongRegion(found, halve(columns, lambda piece: self._wrong(within, piece)))

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


WHOLE = 64  # a block of no more entries is probed whole
DIRECTIONS = 3
DEEPER = 32  # further entries of a large block that is wrong
EACH = 4  # entries of every wrong row or column
ALL_OVER = 0.7  # of the resolved entries wrong: no search needed
FLAT = 20.0  # a change of the loss below this many times its rounding is none


@dataclass(eq=False)
class BlockProbe:
    """A block's probes, what a large step in it does to the loss, and where it is wrong."""

    k: int
    probes: Probes
    change: float = np.inf
    flat: bool = False
    extent: WrongRegion | None = None


@dataclass(eq=False)
class BlockProber:
    """Probes the blocks of one surface against the gradients that came at its point."""

    surface: LossSurface
    came: list[np.ndarray]
    entries: int
    rng: np.random.Generator
    floors: list[np.ndarray]
    zero: float  # how large a gradient that is zero may come out

    def screen(self, k: int) -> BlockProbe:
        """Whether the block is right, from as few probes as that takes."""
        came = self.came[k]
        probes = Probes(came, self.floors[k], self.surface.tolerance)
        change = self.surface.change(k, self.rng)
        flat = change <= FLAT * self.surface.noise
        found = BlockProbe(k, probes, change, flat)
        largest = float(np.max(np.abs(came)))
        seen = change / (LARGE * self.surface.size(k)) + FLAT * self.surface.noise / self.surface.size(k)
        if flat and largest <= FLAT * seen + self.zero:
            return found  # neither side sees anything
        small = came.size <= WHOLE
        self._probe(found, np.arange(came.size) if small else self._choose(came))
        if not small or self.surface.coarse:
            self._directions(found)
        return found

    def look_closer(self, found: BlockProbe) -> None:
        """More entries of a large block that is wrong, and where it is wrong unless that is everywhere."""
        came = found.probes.came
        if came.size <= WHOLE:
            return
        some = self.rng.choice(came.size, min(DEEPER, came.size), replace=False)
        self._probe(found, np.concatenate([some, self._zero_lines(came)]))
        if np.all(np.isfinite(came)) and self._share_wrong(found.probes, some) < ALL_OVER:
            searcher = Searcher(self.surface, found.k, came, found.probes.floor, self.rng)
            found.extent = searcher.search()
            self._probe(found, found.extent.positions(searcher.shape, self.rng, EACH))

    def suspects(self, k: int, positions: np.ndarray) -> BlockProbe:
        """These entries of block k, and a direction through it."""
        came = self.came[k]
        found = BlockProbe(k, Probes(came, self.floors[k], self.surface.tolerance))
        self._probe(found, positions)
        self._direction(found, signs(self.rng, came.shape))
        return found

    def _probe(self, found: BlockProbe, positions: np.ndarray) -> None:
        flat = found.probes.came.reshape(-1)
        for position in positions.tolist():
            if position not in found.probes.entries:
                floor = float(found.probes.floor.reshape(-1)[position])
                slope = self.surface.entry(found.k, position, float(flat[position]), floor)
                found.probes.entries[position] = slope

    def _directions(self, found: BlockProbe) -> None:
        """Random signs; and once along what came, where its slope stands out from the noise most."""
        came = found.probes.came
        us = [signs(self.rng, came.shape) for _ in range(DIRECTIONS - 1)]
        if np.all(np.isfinite(came)) and came.any():
            us.append(came / float(np.sqrt(np.mean(came * came))))
        for u in us:
            self._direction(found, u)

    def _direction(self, found: BlockProbe, u: np.ndarray) -> None:
        along = float(np.sum(found.probes.came * u))
        floor = float(np.sqrt(np.sum((found.probes.floor * u) ** 2)))
        found.probes.along.append((along, floor, self.surface.direction(found.k, u, along, floor)))

    def _choose(self, came: np.ndarray) -> np.ndarray:
        """The largest entries (a third), and others at random."""
        sizes = np.nan_to_num(np.abs(came).reshape(-1), nan=np.inf)
        top = max(self.entries // 3, 1)
        largest = np.argpartition(-sizes, top - 1)[:top]
        drawn = self.rng.choice(came.size, self.entries, replace=False)
        return np.unique(np.concatenate([largest, drawn]))[: self.entries + top]

    def _zero_lines(self, came: np.ndarray) -> np.ndarray:
        """Some entries of rows and columns that came as zeros."""
        shape = as_matrix(came.shape)
        matrix = came.reshape(shape)
        empty_rows = np.flatnonzero(~matrix.any(axis=1))[:4]
        empty_columns = np.flatnonzero(~matrix.any(axis=0))[:4]
        if len(empty_rows) == shape[0] or not (len(empty_rows) or len(empty_columns)):
            return np.asarray([], dtype=np.int64)
        within = WrongRegion(tuple(empty_rows.tolist()), None).positions(shape, self.rng, EACH)
        across = WrongRegion(None, tuple(empty_columns.tolist())).positions(shape, self.rng, EACH)
        return np.concatenate([within, across]).astype(np.int64)

    def _share_wrong(self, probes: Probes, positions: np.ndarray) -> float:
        """Of these entries, the share that is wrong among those that say anything."""
        found, at = probes.compare(), np.isin(probes.positions, positions)
        told = (found.resolved | found.wrong)[: len(at)] & at
        nonzero = told & (probes.analytic[: len(at)] != 0) | found.wrong[: len(at)] & at
        return float(np.mean(found.wrong[: len(at)][nonzero])) if nonzero.any() else 0.0

"""One block: probed whole if it is small; screened by directions, then searched, if it is large."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .judge import Probes
from .search import Extent, Searcher, as_matrix, signs
from .surface import LARGE, Surface

WHOLE = 64  # a block of no more entries is probed whole
DIRECTIONS = 3
DEEPER = 32  # further entries of a large block that is wrong
EACH = 4  # entries of every wrong row or column
ALL_OVER = 0.7  # of the resolved entries wrong: no search needed
FLAT = 20.0  # a change of the loss below this many times its rounding is none


@dataclass(eq=False)
class Probed:
    """A block's probes, what a large step in it does to the loss, and where it is wrong."""

    k: int
    probes: Probes
    change: float = np.inf
    flat: bool = False
    extent: Extent | None = None
    searched: bool = False


@dataclass(eq=False)
class Prober:
    """Probes the blocks of one surface against the gradients that came at its point."""

    surface: Surface
    came: list[np.ndarray]
    entries: int
    rng: np.random.Generator
    floors: list[np.ndarray]
    zero: float  # how large a gradient that is zero may come out

    def screen(self, k: int) -> Probed:
        """Whether the block is right, from as few probes as that takes."""
        came = self.came[k]
        probes = Probes(came, self.floors[k], self.surface.tolerance)
        change = self.surface.change(k, self.rng)
        flat = change <= FLAT * self.surface.noise
        found = Probed(k, probes, change, flat)
        largest = float(np.max(np.abs(came)))
        seen = change / (LARGE * self.surface.size(k)) + FLAT * self.surface.noise / self.surface.size(k)
        if flat and largest <= FLAT * seen + self.zero:
            return found  # neither side sees anything
        small = came.size <= WHOLE
        self._probe(found, np.arange(came.size) if small else self._choose(came))
        if not small or self.surface.coarse:
            self._directions(found)
        return found

    def look_closer(self, found: Probed) -> None:
        """More entries of a large block that is wrong, and where it is wrong unless that is everywhere."""
        came = found.probes.came
        if came.size <= WHOLE:
            return
        some = self.rng.choice(came.size, min(DEEPER, came.size), replace=False)
        self._probe(found, np.concatenate([some, self._zero_lines(came)]))
        if np.all(np.isfinite(came)) and self._share_wrong(found.probes, some) < ALL_OVER:
            searcher = Searcher(self.surface, found.k, came, found.probes.floor, self.rng)
            found.extent, found.searched = searcher.search(), True
            self._probe(found, found.extent.positions(searcher.shape, self.rng, EACH))

    def suspects(self, k: int, positions: np.ndarray) -> Probed:
        """These entries of block k, and a direction through it."""
        came = self.came[k]
        found = Probed(k, Probes(came, self.floors[k], self.surface.tolerance))
        self._probe(found, positions)
        self._direction(found, signs(self.rng, came.shape))
        return found

    def _probe(self, found: Probed, positions: np.ndarray) -> None:
        flat = found.probes.came.reshape(-1)
        for position in positions.tolist():
            if position not in found.probes.entries:
                floor = float(found.probes.floor.reshape(-1)[position])
                slope = self.surface.entry(found.k, position, float(flat[position]), floor)
                found.probes.entries[position] = slope

    def _directions(self, found: Probed) -> None:
        """Random signs; and once along what came, where its slope stands out from the noise most."""
        came = found.probes.came
        us = [signs(self.rng, came.shape) for _ in range(DIRECTIONS - 1)]
        if np.all(np.isfinite(came)) and came.any():
            us.append(came / float(np.sqrt(np.mean(came * came))))
        for u in us:
            self._direction(found, u)

    def _direction(self, found: Probed, u: np.ndarray) -> None:
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
        within = Extent(tuple(empty_rows.tolist()), None).positions(shape, self.rng, EACH)
        across = Extent(None, tuple(empty_columns.tolist())).positions(shape, self.rng, EACH)
        return np.concatenate([within, across]).astype(np.int64)

    def _share_wrong(self, probes: Probes, positions: np.ndarray) -> float:
        """Of these entries, the share that is wrong among those that say anything."""
        found, at = probes.compare(), np.isin(probes.positions, positions)
        told = (found.resolved | found.wrong)[: len(at)] & at
        nonzero = told & (probes.analytic[: len(at)] != 0) | found.wrong[: len(at)] & at
        return float(np.mean(found.wrong[: len(at)][nonzero])) if nonzero.any() else 0.0

"""Where a block of parameters is probed: single entries, and random directions through all of them."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from shoal.gradients.differences import Line, Sample, Slope, noise_level, slope

from .point import Point

FIRST = 0.05  # the first step, as a share of the scale at which the layer's output changes
LAST = 5e-8  # the smallest: with less, rounding would be all there is
TINY = 1e-12  # the spacing on which rounding is measured


@dataclass(frozen=True)
class Probes:
    """Slopes of the cost along single `entries` (flat positions) of a block, then along `directions` (each of
    the block's shape)."""

    entries: np.ndarray
    directions: tuple[np.ndarray, ...]
    slopes: tuple[Slope, ...]

    def of(self, gradient: np.ndarray) -> np.ndarray:
        """What a gradient says of the same slopes."""
        along = [float(np.sum(gradient * u)) for u in self.directions]
        return np.concatenate([gradient.ravel()[self.entries], np.asarray(along)])

    def spread(self, floor: np.ndarray) -> np.ndarray:
        """What an error of size `floor` in each entry may add up to in each slope, signs being random."""
        along = [float(np.sqrt(np.sum((floor * u) ** 2))) for u in self.directions]
        return np.concatenate([floor.ravel()[self.entries], np.asarray(along)])

    @property
    def values(self) -> np.ndarray:
        return np.asarray([s.value for s in self.slopes])

    @property
    def errors(self) -> np.ndarray:
        return np.asarray([s.error for s in self.slopes])

    @property
    def corners(self) -> np.ndarray:
        return np.asarray([s.corner for s in self.slopes], dtype=bool)


def probe(
    point: Point, i: int, key: str, entries: np.ndarray, directions: int, rng: np.random.Generator
) -> Probes:
    """Central differences in parameter `key` of layer i."""
    own = point.parameters[point.network.names[i]]
    block, scale = own[key], point.scale(i, key)
    base = point.sample(i, own)
    # In units of a typical entry, so that all of them together move the output as much as one did.
    along = tuple(rng.standard_normal(block.shape) for _ in range(directions))
    fan_in = prod(block.shape[:-1])  # of W; a vector, which is added or multiplied, has 1
    spread = scale / np.sqrt(fan_in)
    u = along[0] if along else rng.standard_normal(block.shape)
    noise = noise_level(direction_line(point, i, key, u), TINY * spread)
    # A parameter that is added to the scores themselves is large at 1, however small the scores are.
    first = FIRST * (max(scale, 1.0) if block.ndim == 1 else scale)
    lines = [entry_line(point, i, key, int(entry)) for entry in entries]
    slopes = [slope(line, first, LAST * scale, noise, base=base) for line in lines]
    lines = [direction_line(point, i, key, u) for u in along]
    slopes += [slope(line, FIRST * spread, LAST * spread, noise, base=base) for line in lines]
    return Probes(entries, along, tuple(slopes))


def choose_entries(
    gradient: np.ndarray, suspicion: np.ndarray, count: int, rng: np.random.Generator
) -> np.ndarray:
    """All entries of a small block. Of a larger one `count`: an eighth each where the gradient is largest and
    where `suspicion` is (both may hold what a sample would miss), the rest at random."""
    if gradient.size <= count:
        return np.arange(gradient.size)
    each = max(count // 8, 1)
    sizes = (np.nan_to_num(np.abs(a).ravel(), nan=np.inf) for a in (gradient, suspicion))
    first = np.unique(np.concatenate([np.argpartition(-size, each - 1)[:each] for size in sizes]))
    drawn = rng.choice(gradient.size, min(count + len(first), gradient.size), replace=False)
    rest = drawn[~np.isin(drawn, first)]
    return np.concatenate([first, rest[: max(count - len(first), 0)]])


def entry_line(point: Point, i: int, key: str, entry: int) -> Line:
    """The cost as a function of a step in one entry."""
    own = point.parameters[point.network.names[i]]
    block = own[key].copy()
    flat, before = block.reshape(-1), float(own[key].reshape(-1)[entry])
    parameters = {**own, key: block}

    def line(step: float) -> Sample:
        flat[entry] = before + step
        return point.sample(i, parameters)

    return line


def direction_line(point: Point, i: int, key: str, u: np.ndarray) -> Line:
    """The cost as a function of a step along `u`."""
    own = point.parameters[point.network.names[i]]
    return lambda step: point.sample(i, {**own, key: own[key] + step * u})

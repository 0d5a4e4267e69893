"""One block, a parameter of a layer: its two comparisons and the verdict they come to.

Single entries are probed, and random directions through all of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from shoal.gradients.compare import Comparison, compare
from shoal.gradients.differences import Line, Sample, Slope, noise_level, slope
from shoal.gradients.networks.autodiff import Derivatives, Differentiate
from shoal.gradients.networks.point import Parameters, Point
from shoal.gradients.networks.result import BlockCheck
from shoal.gradients.networks.rounding import rounding_floors
from shoal.gradients.networks.structure import zero_by_construction
from shoal.gradients.verdict import Verdict

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


TOLERANCE = 1e-6  # relative error against central differences
TOLERANCE_AUTODIFF = 1e-8  # relative error against autodiff


@dataclass(frozen=True)
class BlockChecker:
    """What every block's check at one point shares: the true derivatives, and how to probe."""

    point: Point
    truth: Derivatives
    differentiate: Differentiate
    probes: int
    directions: int
    rng: np.random.Generator

    def check(self, gradients: Parameters) -> list[BlockCheck]:
        """Every parameter of every layer, from the input on."""
        floors = rounding_floors(self.point, self.truth, self.differentiate, self.rng)
        return [
            self._check(i, key, gradients[name][key], floors[name][key])
            for i, name in enumerate(self.point.network.names)
            for key in self.point.parameters.get(name, {})
        ]

    def _check(self, i: int, key: str, gradient: np.ndarray, floor: np.ndarray) -> BlockCheck:
        name = self.point.network.names[i]
        true = self.truth.gradients[name][key]
        exact = compare(gradient, true, floor, TOLERANCE_AUTODIFF)
        suspicion = exact.errors * (exact.resolved | exact.wrong)
        entries = choose_entries(gradient, suspicion, self.probes, self.rng)
        directions = self.directions if gradient.size > self.probes else 0
        found = probe(self.point, i, key, entries, directions, self.rng)
        numeric = _compare_slopes(gradient, found, floor)
        verdict = _verdict(numeric, exact, found, (name, key) in zero_by_construction(self.point.network))
        index, analytic, reference = _worst(gradient, true, numeric, exact, found)
        return BlockCheck(
            layer=name,
            parameter=key,
            shape=gradient.shape,
            error_difference=numeric.worst,
            error_autodiff=exact.worst,
            worst_index=index,
            analytic=analytic,
            reference=reference,
            probed=len(entries),
            directions=len(found.directions),
            below_floor=_below_floor(numeric, found),
            reprobed=sum(s.crossings > 0 for s in found.slopes),
            corners=int(found.corners.sum()),
            verdict=verdict,
            note=_note(verdict, gradient, numeric, found),
        )


def _compare_slopes(gradient: np.ndarray, found: Probes, floor: np.ndarray) -> Comparison:
    """Entries and directions against their slopes. Both sides round.

    On a corner there is no slope: there autodiff judges alone.
    """
    error = np.where(found.corners, np.inf, found.errors + found.spread(floor))
    return compare(found.of(gradient), found.values, error, TOLERANCE)


def _verdict(numeric: Comparison, exact: Comparison, found: Probes, zero: bool) -> Verdict:
    if numeric.wrong.any() or exact.wrong.any():
        return Verdict.WRONG
    if zero and not numeric.worst:
        return Verdict.ZERO
    return Verdict.KINK if found.corners.any() else Verdict.OK


def _worst(
    gradient: np.ndarray, true: np.ndarray, numeric: Comparison, exact: Comparison, found: Probes
) -> tuple[tuple[int, ...] | None, float | None, float | None]:
    """The index of the entry to look at first, with its analytic and its reference value.

    Autodiff has seen every entry, so a wrong one is named from there; otherwise it is the one that
    differences find furthest off.
    """
    at, reference = exact.worst_at, true.ravel()
    if not exact.wrong.any():
        near = numeric.worst_at
        if near is not None and near < len(found.entries):
            at = int(found.entries[near])
            reference = np.full(gradient.size, found.values[near])
    if at is None:
        return None, None, None
    index = tuple(int(k) for k in np.unravel_index(at, gradient.shape))
    return index, float(gradient.ravel()[at]), float(reference[at])


def _below_floor(numeric: Comparison, found: Probes) -> int:
    return numeric.unresolved - int(found.corners.sum())


def _note(verdict: Verdict, gradient: np.ndarray, numeric: Comparison, found: Probes) -> str:
    count = len(found.slopes)
    largest = float(np.max(np.abs(gradient)))
    if verdict is Verdict.ZERO:
        return f"batch norm takes its mean off again; largest entry {largest:.0e}"
    if verdict is Verdict.KINK:
        return f"{int(found.corners.sum())} of {count} probes sit on a corner, where autodiff judges alone"
    if verdict is Verdict.OK and largest == 0:
        return "every entry is 0"
    if verdict is Verdict.OK and (small := _below_floor(numeric, found)):
        return f"{small} of {count} probes are too small beside the cost for differences to resolve"
    return ""

"""One block, a parameter of a layer: its two comparisons and the verdict they come to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shoal.gradients.compare import Comparison, compare
from shoal.gradients.verdict import Verdict

from .autodiff import Derivatives, Differentiate
from .point import Parameters, Point
from .probes import Probes, choose_entries, probe
from .result import BlockCheck
from .rounding import rounding_floors
from .structure import zero_by_construction

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

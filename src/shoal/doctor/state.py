"""Whether the gradients predicted for a layer's parameters are the user's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from shoal.doctor.catalogue import plant
from shoal.doctor.evidence import GradientEvidence
from shoal.doctor.mistake import Mistake, Way
from shoal.gradients.networks.point import Parameters


class Trial(NamedTuple):
    """The largest distance as a share of what is allowed and of the numbers, and whether it says anything."""

    misfit: float
    agreement: float
    informative: bool

    @property
    def passes(self) -> bool:
        return self.misfit <= 1.0


def try_blocks(
    state: SearchState,
    options: dict[str, Any],
    evidence: Sequence[GradientEvidence],
    keys: Sequence[str] | None = None,
) -> Trial:
    """Hold what `options` predict for the state's layer against the user's numbers (for `keys`, or all)."""
    misfit = agreement = 0.0
    informative = False
    for dy, e, came in zip(state.dys, evidence, state.came, strict=True):
        if dy is None:
            continue
        site = e.sites[state.i]
        with np.errstate(all="ignore"):
            _, predicted = plant(site, dy, options)
        for key in keys or predicted:
            off, size = distance(came[site.name][key], predicted[key])
            if not np.isfinite(off):
                return Trial(np.inf, np.inf, informative)
            if off:
                allowed = e.tolerance(site.name, key, predicted, dy)
                misfit = max(misfit, off / allowed if allowed else np.inf)
            if e.informative(site.name, key):
                agreement = max(agreement, off / size if size else off)
                informative = informative or key in ("W", "gamma")
            if misfit > 1.0:
                return Trial(misfit, agreement, informative)
    return Trial(misfit, agreement, informative)


def distance(came: np.ndarray, predicted: np.ndarray) -> tuple[float, float]:
    """The largest difference, and the largest number predicted."""
    off = float(np.max(np.abs(came - predicted), initial=0.0))
    return (off if np.isfinite(off) else np.inf), float(np.max(np.abs(predicted), initial=0.0))


EVERYTHING_BELOW = "rest"  # what a puzzle is about where everything in front is in the dark
AT_ONCE = 2  # new mistakes between two layers with parameters


@dataclass(frozen=True)
class Finding:
    """A mistake planted at a layer in one way."""

    mistake: Mistake
    way: Way
    layer: str
    at: int


@dataclass
class Stretch:
    """The way between two layers with parameters; `passed` is the least cost at which its end was reached."""

    passed: float = np.inf


Dys: TypeAlias = tuple[np.ndarray | None, ...]  # for each piece of evidence; None where it is not known


@dataclass(frozen=True, eq=False)
class SearchState:
    """On the way down, in front of the backward of site `i`.

    `tested` says that its parameters' gradients have been held against the user's. `options` are those chosen
    with them. `came` is what the user's numbers are taken for. `misfit` and `agreement` are the largest
    distances so far, as a share of what is allowed and of the numbers themselves.
    """

    i: int
    dys: Dys
    came: tuple[Parameters, ...]
    cost: float = 0.0
    tested: bool = False
    options: dict = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    puzzles: tuple[tuple[int, str], ...] = ()
    stretch: Stretch = field(default_factory=Stretch)
    new: int = 0
    misfit: float = 0.0
    agreement: float = 0.0
    ended: bool = False

    def with_findings(self, found: Sequence[Finding], **changes) -> SearchState:
        """The state after planting `found`, which cost what is new in them."""
        known = {(f.mistake.name, *f.way.options) for f in self.findings}
        # The same mistake in another form (in W alone, where it was in W and b) is not the same function.
        fresh = {(f.mistake.name, *f.way.options): f.mistake for f in found}
        price = sum(0.5 if m.harmless else 1.0 for form, m in fresh.items() if form not in known)
        price += 0.01 * len(found) + 0.02 * sum(f.mistake.rank + f.way.rank for f in found)
        names = {f.mistake.name for f in found} - {f.mistake.name for f in self.findings}
        changes = {"cost": self.cost + price, "new": self.new + len(names), **changes}
        return replace(self, findings=(*self.findings, *found), **changes)

"""The walk: from the loss down to the inputs, planting mistakes wherever the user's numbers ask for one.

A state has passed some layers on the way down with some mistakes planted, and carries the derivative that
arrives there. Where a layer has parameters, the gradients predicted from it must be the user's, or the state
is dropped. States with fewer mistakes go first (Dijkstra 1959), so one mistake is tried before two.
The same mistake at several layers of a kind counts once: one function is used for all of them.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import TypeAlias

import numpy as np

from shoal.gradients.networks.point import Parameters

from .evidence import Evidence
from .mistake import Mistake, Way

LIKE = 0.25  # explanations that cost this much more are worth mentioning
LATER = 0.3  # a second look at layers whose numbers fitted costs this much more
POPS = 60_000  # steps after which what is known has to do
REST = "rest"  # what a puzzle is about where everything in front is in the dark
AT_ONCE = 2  # new mistakes between two layers with parameters
KEPT = 24  # explanations of like cost that are collected


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
class State:
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

    def with_findings(self, found: Sequence[Finding], **changes) -> State:
        """The state after planting `found`, which cost what is new in them."""
        known = {(f.mistake.name, *f.way.options) for f in self.findings}
        # The same mistake in another form (in W alone, where it was in W and b) is not the same function.
        fresh = {(f.mistake.name, *f.way.options): f.mistake for f in found}
        price = sum(0.5 if m.harmless else 1.0 for form, m in fresh.items() if form not in known)
        price += 0.01 * len(found) + 0.02 * sum(f.mistake.rank + f.way.rank for f in found)
        names = {f.mistake.name for f in found} - {f.mistake.name for f in self.findings}
        changes = {"cost": self.cost + price, "new": self.new + len(names), **changes}
        return replace(self, findings=(*self.findings, *found), **changes)


def search(starts: Sequence[State], evidence: Sequence[Evidence]) -> list[State]:
    """The explanations of the user's numbers of least cost, the best first."""
    from .steps import STAGES, expand

    order = count()
    queue = [(s.cost, -0, next(order), s, 0) for s in starts]
    heapq.heapify(queue)
    ended: list[State] = []
    for _ in range(POPS):
        if not queue:
            break
        cost, _, _, state, stage = heapq.heappop(queue)
        if ended and (cost > ended[0].cost + LIKE or len(ended) >= KEPT):
            break
        if state.ended:
            ended.append(state)
            continue
        if cost > state.stretch.passed + LIKE:
            if stage == 1:  # what has passed a test may still be wrong where the test cannot see
                later = replace(state, stretch=Stretch(), new=AT_ONCE - 1)
                heapq.heappush(queue, (cost + LATER, state.i, next(order), later, stage))
            continue
        for child in expand(state, stage, evidence):
            heapq.heappush(queue, (child.cost, child.i, next(order), child, 0))
        if stage + 1 < len(STAGES):
            heapq.heappush(queue, (state.cost + STAGES[stage + 1], state.i, next(order), state, stage + 1))
    return sorted(ended or [_undecided(starts[0])], key=_quality)


def _undecided(start: State) -> State:
    """Where even giving up is out of reach: nothing below the loss could be judged."""
    return replace(start, puzzles=((start.i - 1, REST),), misfit=1.0, ended=True, cost=np.inf)


def _quality(state: State) -> tuple[float, float]:
    """Better by a whole decade of misfit counts more than being likelier."""
    return round(np.log10(max(state.misfit, 1e-3))), state.cost

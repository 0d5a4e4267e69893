"""The search for mistakes: from the loss down to the inputs, planting one wherever the numbers ask for it.

It starts from the user's numbers as they are, or with a mistake of the whole gradient undone. A state has
passed some layers with some mistakes planted, and carries the derivative that arrives below them. Where a
layer has parameters, the gradients predicted from it must be the user's, or the state is dropped. States
with fewer mistakes go first (Dijkstra 1959), so one mistake is tried before two. The same mistake at several
layers of a kind counts once: one function is used for all of them.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import count

import numpy as np

from shoal.doctor.catalogue.network import ACCUMULATED, FACTOR, NEGATED
from shoal.doctor.evidence import GradientEvidence
from shoal.doctor.fitted_mistakes import factor_of_all
from shoal.doctor.mistake import Mistake, Way
from shoal.doctor.state import AT_ONCE, EVERYTHING_BELOW, Finding, SearchState, Stretch
from shoal.doctor.user_gradients import Interpretation
from shoal.gradients.networks.point import Parameters

CALLS = (2, 3)  # how many calls on one batch may have been added up
BEYOND = 10**6  # behind the loss: what happens to finished gradients


def starts(reading: Interpretation) -> Iterator[SearchState]:
    """The states above the loss, the plain one first."""
    evidence = reading.evidence
    top = len(evidence[0].sites) - 1
    plain = SearchState(top, (None,) * len(evidence), tuple(e.came for e in evidence))
    if reading.mistake is not None:
        plain = plain.with_findings([_in(reading.mistake, layer, reading) for layer in reading.layers], new=0)
    yield plain
    yield _scaled(plain, NEGATED, "of everything", -1.0)
    if reading.mistake is None and len(evidence) == 1:
        for k in CALLS:
            yield _scaled(plain, ACCUMULATED, f"{k} times", 1 / k)
    factor = factor_of_all(evidence)
    if factor is not None:
        yield _scaled(plain, FACTOR, f"{factor:.6g} times", 1 / factor)


def _scaled(plain: SearchState, mistake: Mistake, note: str, factor: float) -> SearchState:
    """The state in which all numbers that came are multiplied by what undoes the mistake."""
    state = plain.with_findings([_whole(mistake, note)], new=0)
    came = tuple(_times(c, factor) for c in plain.came)
    return replace(state, came=came, stretch=Stretch())


def _in(mistake: Mistake, layer: str, reading: Interpretation) -> Finding:
    """The reading's mistake in one of its layers."""
    if layer == "network":
        return _whole(mistake)
    at = reading.evidence[0].point.network.names.index(layer)
    return Finding(
        mistake, Way({"forward": layer}, ("dx",), "the forward pass in evaluation mode"), layer, at
    )


def _whole(mistake: Mistake, note: str = "") -> Finding:
    return Finding(mistake, Way({}, ("gradients",), note), "network", BEYOND)


def _times(came: Parameters, factor: float) -> Parameters:
    return {name: {key: factor * v for key, v in own.items()} for name, own in came.items()}


LIKE = 0.25  # explanations that cost this much more are worth mentioning
LATER = 0.3  # a second look at layers whose numbers fitted costs this much more
POPS = 60_000  # steps after which what is known has to do
KEPT = 24  # explanations of like cost that are collected


def search(starts: Sequence[SearchState], evidence: Sequence[GradientEvidence]) -> list[SearchState]:
    """The explanations of the user's numbers of least cost, the best first."""
    from shoal.doctor.steps import STAGES, expand

    order = count()
    queue = [(s.cost, -0, next(order), s, 0) for s in starts]
    heapq.heapify(queue)
    ended: list[SearchState] = []
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


def _undecided(start: SearchState) -> SearchState:
    """Where even giving up is out of reach: nothing below the loss could be judged."""
    return replace(start, puzzles=((start.i - 1, EVERYTHING_BELOW),), misfit=1.0, ended=True, cost=np.inf)


def _quality(state: SearchState) -> tuple[float, float]:
    """Better by a whole decade of misfit counts more than being likelier."""
    return round(np.log10(max(state.misfit, 1e-3))), state.cost

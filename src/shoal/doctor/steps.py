"""One step of the walk: every way on from a state, by stages of rising cost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from shoal.doctor.catalogue import BY_KIND, plant
from shoal.doctor.evidence import GradientEvidence
from shoal.doctor.fitted_mistakes import PRICE, fit_blocks, fit_loss
from shoal.doctor.layer_at_point import LayerAtPoint
from shoal.doctor.mistake import Mistake, Way
from shoal.doctor.state import AT_ONCE, Finding, SearchState, Stretch, Trial, try_blocks
from shoal.doctor.swapped import exchange
from shoal.doctor.unexplained import GIVEN_UP, RECOVERED, SKIPPED, give_up, is_unknown, recover, resume, skip

STAGES = (0.0, 1.0, 1.0 + PRICE, 2.0, SKIPPED, RECOVERED, GIVEN_UP)
"""What is tried and its cost: nothing new, one mistake, a fitted number, two mistakes, a block of numbers
that nothing explains, a derivative read off the user's own numbers, and giving up."""
SAME = 1e-12  # derivatives closer than this are one


def expand(state: SearchState, stage: int, evidence: Sequence[GradientEvidence]) -> Iterator[SearchState]:
    """The states that follow at one stage."""
    site = evidence[0].sites[state.i]
    at_parameters = bool(site.own) and not state.tested
    if not site.is_loss and is_unknown(state):
        if at_parameters and stage in (0, 6):
            yield from {0: resume, 6: give_up}[stage](state, evidence)
        elif stage == 0:
            yield from _through(state, 0, evidence)
        return
    if stage in (0, 1, 3):
        new = {0: 0, 1: 1, 3: 2}[stage]
        if state.new + new <= AT_ONCE or new == 0:
            yield from (_at_blocks if at_parameters else _through)(state, new, evidence)
        if stage == 1 and at_parameters and state.new < AT_ONCE:
            yield from _exchanged(state, evidence)
    elif stage == 2 and state.new < AT_ONCE:
        if at_parameters:
            yield from (_settle(state, s, evidence) for s in fit_blocks(state, evidence))
        elif site.is_loss:
            yield from fit_loss(state, evidence, _through)
    elif at_parameters and stage > 3:
        yield from {4: skip, 5: recover, 6: give_up}[stage](state, evidence)


def _at_blocks(state: SearchState, new: int, evidence: Sequence[GradientEvidence]) -> Iterator[SearchState]:
    """Hold the layer's own parameters against the user's, with `new` mistakes in their formulas."""
    passing: set[frozenset[int]] = set()
    for fewer in range(new + 1):
        for found in _choices(state, evidence[0].sites[state.i], fewer, own=True):
            if any(_adds_nothing(found, others) for others in passing):
                continue
            options = _merged(found)
            trial = try_blocks(state, options, evidence)
            if trial.passes:
                passing.add(frozenset(map(id, found)))
                if fewer == new:
                    yield _settle(state, state.with_findings(found, options=options), evidence, trial)


def _exchanged(state: SearchState, evidence: Sequence[GradientEvidence]) -> Iterator[SearchState]:
    """Numbers of another layer in this one's place."""
    repeated = list(_choices(state, evidence[0].sites[state.i], 0, own=True))
    if not any(try_blocks(state, _merged(found), evidence).passes for found in repeated):
        for after, trial in exchange(state, repeated, evidence):
            yield _settle(state, after, evidence, trial)


def _adds_nothing(found: Sequence[Finding], passing: frozenset[int]) -> bool:
    """Whether numbers that fit without some of `found` would be explained with it again.

    A mistake that goes on into dx is not idle though the layer's own numbers do not show it.
    """
    rest = [f for f in found if id(f) not in passing]
    return passing <= set(map(id, found)) and not any("dx" in f.way.parts for f in rest)


def _settle(
    before: SearchState, state: SearchState, evidence: Sequence[GradientEvidence], trial: Trial | None = None
) -> SearchState:
    """The state behind a layer's parameters, all of which fit."""
    misfit, agreement, informative = trial or (0.0, 0.0, True)
    if informative:
        before.stretch.passed = min(before.stretch.passed, state.cost)
        state = replace(state, stretch=Stretch(), new=0)
    state = replace(
        state,
        tested=True,
        misfit=max(state.misfit, misfit),
        agreement=max(state.agreement, agreement),
    )
    lowest = min(i for i, site in enumerate(evidence[0].sites) if site.own)
    return replace(state, ended=True) if state.i == lowest else state


def _through(state: SearchState, new: int, evidence: Sequence[GradientEvidence]) -> Iterator[SearchState]:
    """Pass the layer, with `new` mistakes in its dx, but for those that give what the right dx gives."""
    seen = [_signature(d) for _, d in _passes(state, 0, evidence)] if new else []
    for found, dxs in _passes(state, new, evidence):
        signature = _signature(dxs)
        if found and any(_alike(signature, other) for other in seen):
            continue
        if not new:
            seen.append(signature)
        yield state.with_findings(found, i=state.i - 1, dys=dxs, tested=False, options={})


def _passes(
    state: SearchState, new: int, evidence: Sequence[GradientEvidence]
) -> Iterator[tuple[tuple[Finding, ...], tuple[np.ndarray | None, ...]]]:
    for found in _choices(state, evidence[0].sites[state.i], new, own=False):
        options = {**state.options, **_merged(found)}
        yield found, pass_layer(state, options, evidence)


def pass_layer(
    state: SearchState, options: dict[str, Any], evidence: Sequence[GradientEvidence]
) -> tuple[np.ndarray | None, ...]:
    """dx of the state's layer, for each piece of evidence."""
    dxs = []
    for dy, e in zip(state.dys, evidence, strict=True):
        site = e.sites[state.i]
        known = dy is not None or site.is_loss
        with np.errstate(all="ignore"):
            dxs.append(plant(site, dy, options)[0] if known else None)
    return tuple(dxs)


def _choices(state: SearchState, site: LayerAtPoint, new: int, *, own: bool) -> Iterator[tuple[Finding, ...]]:
    """Sets of mistakes to plant, `new` of them not met before; at most one way of each."""
    known = {f.mistake.name for f in state.findings}
    candidates = [f for f in _candidates(site, own) if not (f.way.options.keys() & state.options.keys())]
    old = [f for f in candidates if f.mistake.name in known]
    fresh = [f for f in candidates if f.mistake.name not in known]
    for k in range(3 if known else 1):
        for repeated in combinations(old, k):
            for planted in combinations(fresh, new):
                found = (*repeated, *planted)
                if _compatible(found):
                    yield found


def _candidates(site: LayerAtPoint, own: bool) -> list[Finding]:
    """What can be planted in the formulas of the layer's own parameters, or else in its dx."""
    known = _KNOWN.setdefault(site, {})
    if own not in known:
        known[own] = [
            Finding(mistake, way, site.name, site.i)
            for mistake in BY_KIND.get(site.kind, ())
            for way in mistake.ways(site)
            if _fits(mistake, way, site, own)
        ]
    return known[own]


_KNOWN: WeakKeyDictionary[LayerAtPoint, dict[bool, list[Finding]]] = WeakKeyDictionary()


def _fits(mistake: Mistake, way: Way, site: LayerAtPoint, own: bool) -> bool:
    if mistake.kind == "l2" and not site.point.l2:
        return False
    return any(part in site.own for part in way.parts) == own


def _compatible(found: Sequence[Finding]) -> bool:
    names = [f.mistake.name for f in found]
    keys = [key for f in found for key in f.way.options]
    return len(set(names)) == len(names) and len(set(keys)) == len(keys)


def _merged(found: Sequence[Finding]) -> dict[str, Any]:
    return {key: value for f in found for key, value in f.way.options.items()}


def _signature(dxs: Sequence[np.ndarray | None]) -> np.ndarray:
    rng = np.random.default_rng(1)
    return np.asarray(
        [
            [float(np.sum(d * rng.standard_normal(d.shape))), float(np.max(np.abs(d)))]
            for d in dxs
            if d is not None
        ]
    )


def _alike(a: np.ndarray, b: np.ndarray) -> bool:
    with np.errstate(invalid="ignore"):
        return bool(np.all(np.abs(a - b) <= SAME * b[:, 1:]))

"""How the walk goes on past numbers that no mistake in the catalogue gives."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from shoal.doctor.evidence import GradientEvidence
from shoal.doctor.state import EVERYTHING_BELOW, SearchState, Stretch, distance, try_blocks

INCOMING_DY = "dy"  # what a puzzle is about, beside a parameter's name and REST
SKIPPED, RECOVERED, GIVEN_UP = 2.6, 2.7, 3.9
CONSISTENT = 1e-6  # a derivative read off the user's dW must give the user's dW and db back


def skip(state: SearchState, evidence: Sequence[GradientEvidence]) -> Iterator[SearchState]:
    """Take the blocks that do not fit for wrong by themselves, and what is handed on for right."""
    site = evidence[0].sites[state.i]
    wrong = [key for key in site.own if not try_blocks(state, {}, evidence, [key]).passes]
    if wrong and not _alone(state, wrong, evidence):
        yield _past(state, SKIPPED + len(wrong) - 1, [(state.i, key) for key in wrong], evidence)


def _alone(state: SearchState, wrong: Sequence[str], evidence: Sequence[GradientEvidence]) -> bool:
    """Whether the lowest layer has no block that fits: nothing then shows that the dy arriving is right."""
    site = evidence[0].sites[state.i]
    fitting = [key for key in site.own if key not in wrong]
    told = any(e.informative(site.name, key) for e in evidence for key in fitting)
    return _is_lowest(state, evidence) and not told


def recover(state: SearchState, evidence: Sequence[GradientEvidence]) -> Iterator[SearchState]:
    """Take the dy that arrives here for wrong, and read it off the user's own numbers (see `resume`).

    A batch norm's say too little of it: it stays unknown until the next affine layer.
    """
    if is_unknown(state) or try_blocks(state, {}, evidence).passes:
        return
    lost = replace(state, dys=(None,) * len(evidence))
    puzzle = (state.i, INCOMING_DY)
    if evidence[0].sites[state.i].kind == "affine":
        for found in resume(lost, evidence):
            yield replace(found, cost=found.cost + RECOVERED, puzzles=(*found.puzzles, puzzle))
    else:
        yield _past(lost, RECOVERED, [puzzle], evidence)


def is_unknown(state: SearchState) -> bool:
    """Whether nothing is known of the derivative on its way down."""
    return all(dy is None for dy in state.dys)


def resume(state: SearchState, evidence: Sequence[GradientEvidence]) -> Iterator[SearchState]:
    """Read dy off the user's own dW = x' dy, where x has at least as many features as examples."""
    if evidence[0].sites[state.i].kind == "affine":
        dys = tuple(_read(state, p, e) for p, e in enumerate(evidence))
        if any(dy is not None for dy in dys):
            yield _past(replace(state, dys=dys), 0.0, [], evidence)
    else:
        yield _past(state, 0.0, [], evidence)


def give_up(state: SearchState, evidence: Sequence[GradientEvidence]) -> Iterator[SearchState]:
    """Say nothing of what lies in front."""
    yield replace(
        state,
        cost=state.cost + GIVEN_UP,
        puzzles=(*state.puzzles, (state.i, EVERYTHING_BELOW)),
        ended=True,
        misfit=1.0,
    )


def _past(
    state: SearchState, cost: float, puzzles: list[tuple[int, str]], evidence: Sequence[GradientEvidence]
) -> SearchState:
    return replace(
        state,
        cost=state.cost + cost,
        puzzles=(*state.puzzles, *puzzles),
        tested=True,
        stretch=Stretch(),
        new=0,
        ended=_is_lowest(state, evidence),
    )


def _is_lowest(state: SearchState, evidence: Sequence[GradientEvidence]) -> bool:
    return not any(site.own for site in evidence[0].sites[: state.i])


def _read(state: SearchState, p: int, e: GradientEvidence) -> np.ndarray | None:
    site, came = e.sites[state.i], state.came[p]
    x, own = site.x, came[site.name]
    if x.shape[1] < len(x) or np.linalg.matrix_rank(x) < len(x):
        return None
    data = own["W"] - 2 * site.point.l2 * site.own["W"]
    if not np.all(np.isfinite(data)):
        return None
    dy = np.linalg.lstsq(x.T, data, rcond=None)[0]
    read = {"W": x.T @ dy, "b": dy.sum(axis=0)}
    for key, wanted in (("W", data), ("b", own["b"])):
        off, size = distance(read[key], wanted)
        if off > max(CONSISTENT * size, e.tolerance(site.name, key, read, dy)):
            return None
    return dy

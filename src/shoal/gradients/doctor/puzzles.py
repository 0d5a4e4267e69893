"""How the walk goes on past numbers that no mistake in the catalogue gives."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from .evidence import Evidence
from .search import REST, State, Stretch
from .trial import distance, try_blocks

ARRIVING = "dy"  # what a puzzle is about, beside a parameter's name and REST
SKIPPED, RECOVERED, GIVEN_UP = 2.6, 2.7, 3.9
CONSISTENT = 1e-6  # a derivative read off the user's dW must give the user's dW and db back


def skip(state: State, evidence: Sequence[Evidence]) -> Iterator[State]:
    """Take the blocks that do not fit for wrong by themselves, and what is handed on for right."""
    site = evidence[0].sites[state.i]
    wrong = [key for key in site.own if not try_blocks(state, {}, evidence, [key]).passes]
    if wrong and not _alone(state, wrong, evidence):
        yield _past(state, SKIPPED + len(wrong) - 1, [(state.i, key) for key in wrong], evidence)


def _alone(state: State, wrong: Sequence[str], evidence: Sequence[Evidence]) -> bool:
    """Whether the lowest layer has no block that fits: nothing then shows that the dy arriving is right."""
    site = evidence[0].sites[state.i]
    fitting = [key for key in site.own if key not in wrong]
    told = any(e.informative(site.name, key) for e in evidence for key in fitting)
    return _is_lowest(state, evidence) and not told


def recover(state: State, evidence: Sequence[Evidence]) -> Iterator[State]:
    """Take the dy that arrives here for wrong, and read it off the user's own numbers (see `resume`).

    A batch norm's say too little of it: it stays unknown until the next affine layer.
    """
    if is_unknown(state) or try_blocks(state, {}, evidence).passes:
        return
    lost = replace(state, dys=(None,) * len(evidence))
    puzzle = (state.i, ARRIVING)
    if evidence[0].sites[state.i].kind == "affine":
        for found in resume(lost, evidence):
            yield replace(found, cost=found.cost + RECOVERED, puzzles=(*found.puzzles, puzzle))
    else:
        yield _past(lost, RECOVERED, [puzzle], evidence)


def is_unknown(state: State) -> bool:
    """Whether nothing is known of the derivative on its way down."""
    return all(dy is None for dy in state.dys)


def resume(state: State, evidence: Sequence[Evidence]) -> Iterator[State]:
    """Read dy off the user's own dW = x' dy, where x has at least as many features as examples."""
    if evidence[0].sites[state.i].kind == "affine":
        dys = tuple(_read(state, p, e) for p, e in enumerate(evidence))
        if any(dy is not None for dy in dys):
            yield _past(replace(state, dys=dys), 0.0, [], evidence)
    else:
        yield _past(state, 0.0, [], evidence)


def give_up(state: State, evidence: Sequence[Evidence]) -> Iterator[State]:
    """Say nothing of what lies in front."""
    yield replace(
        state, cost=state.cost + GIVEN_UP, puzzles=(*state.puzzles, (state.i, REST)), ended=True, misfit=1.0
    )


def _past(state: State, cost: float, puzzles: list[tuple[int, str]], evidence: Sequence[Evidence]) -> State:
    return replace(
        state,
        cost=state.cost + cost,
        puzzles=(*state.puzzles, *puzzles),
        tested=True,
        stretch=Stretch(),
        new=0,
        ended=_is_lowest(state, evidence),
    )


def _is_lowest(state: State, evidence: Sequence[Evidence]) -> bool:
    return not any(site.own for site in evidence[0].sites[: state.i])


def _read(state: State, p: int, e: Evidence) -> np.ndarray | None:
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

"""Where the walk starts: the user's numbers as they are, or with a slip of the whole undone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from shoal.gradients.networks.point import Parameters

from .calls import Reading
from .catalogue.whole import ACCUMULATED, FACTOR, NEGATED
from .fits import factor_of_all
from .mistake import Mistake, Way
from .search import Finding, State, Stretch

CALLS = (2, 3)  # how many calls on one batch may have been added up
BEYOND = 10**6  # behind the loss: what happens to finished gradients


def starts(reading: Reading) -> Iterator[State]:
    """The states above the loss, the plain one first."""
    evidence = reading.evidence
    top = len(evidence[0].sites) - 1
    plain = State(top, (None,) * len(evidence), tuple(e.came for e in evidence))
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


def _scaled(plain: State, mistake: Mistake, note: str, factor: float) -> State:
    """The state in which all numbers that came are multiplied by what undoes the mistake."""
    state = plain.with_findings([_whole(mistake, note)], new=0)
    came = tuple(_times(c, factor) for c in plain.came)
    return replace(state, came=came, stretch=Stretch())


def _in(mistake: Mistake, layer: str, reading: Reading) -> Finding:
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

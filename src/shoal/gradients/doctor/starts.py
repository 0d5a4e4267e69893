"""Where the walk starts: the user's numbers as they are, or with a slip of the whole undone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations

from shoal.gradients.networks.point import Parameters

from .calls import Reading
from .catalogue.whole import ACCUMULATED, NEGATED, SWAPPED
from .mistake import Mistake, Way
from .search import Finding, Segment, State

CALLS = (2, 3)  # how many calls on one batch may have been added up


def starts(reading: Reading) -> Iterator[State]:
    """The states above the loss, the plain one first."""
    evidence = reading.evidence
    top = len(evidence[0].sites) - 1
    plain = State(top, (None,) * len(evidence), tuple(e.came for e in evidence))
    if reading.mistake is not None:
        plain = plain.with_findings([_in(reading.mistake, layer, reading) for layer in reading.layers], new=0)
    yield plain
    yield _undone(plain, NEGATED, "of everything", lambda came: _scaled(came, -1.0))
    if reading.mistake is None and len(evidence) == 1:
        for k in CALLS:
            yield _undone(plain, ACCUMULATED, f"{k} times", lambda came, k=k: _scaled(came, 1 / k))
    for keys, one, other in _exchangeable(reading):
        note = f"{', '.join(keys)} of {one} and {other}"
        yield _undone(
            plain,
            SWAPPED,
            note,
            lambda came, k=keys, a=one, b=other: _exchanged(came, k, a, b),
            (one, other, keys),
        )


def _undone(plain: State, mistake: Mistake, note: str, undo, swapped=None) -> State:
    finding = _whole(mistake, note)
    findings = [finding]
    if swapped is not None:
        one, other, keys = swapped
        findings = [Finding(mistake, Way({}, keys, note), layer, finding.at) for layer in (one, other)]
    state = plain.with_findings(findings, new=0)
    return replace(state, came=tuple(undo(came) for came in plain.came), segment=Segment())


def _in(mistake: Mistake, layer: str, reading: Reading) -> Finding:
    """The reading's mistake in one of its layers."""
    if layer == "network":
        return _whole(mistake)
    at = reading.evidence[0].point.network.names.index(layer)
    # Running forward differently spoils everything, behind the layer too.
    return Finding(
        mistake, Way({"forward": layer}, ("dx",), "the forward pass in evaluation mode"), layer, at
    )


def _whole(mistake: Mistake, note: str = "") -> Finding:
    return Finding(mistake, Way({}, ("gradients",), note), "network", 10**6)


def _exchangeable(reading: Reading) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """Pairs of layers whose blocks are all wrong and would fit into each other's place."""
    first = reading.evidence[0]
    for one, other in combinations(first.point.parameters, 2):
        a, b = first.point.parameters[one], first.point.parameters[other]
        alike = tuple(key for key in a if key in b and a[key].shape == b[key].shape)
        for keys in {alike, *((key,) for key in alike)}:
            wrong = [first.wrong(layer, key).any() for layer in (one, other) for key in keys]
            if keys and all(wrong):
                yield keys, one, other


def _scaled(came: Parameters, factor: float) -> Parameters:
    return {name: {key: factor * v for key, v in own.items()} for name, own in came.items()}


def _exchanged(came: Parameters, keys: tuple[str, ...], one: str, other: str) -> Parameters:
    changed = {name: dict(own) for name, own in came.items()}
    for key in keys:
        changed[one][key], changed[other][key] = came[other][key], came[one][key]
    return changed

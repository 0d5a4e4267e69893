"""What a diagnosis is worth: detected, located, named."""

from __future__ import annotations

import time
import traceback
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from typing import Any

from .case import Case
from .catalogue import ENTRIES
from .equivalent import reproduces
from .handed import as_arrays, as_function
from .options import Place
from .specimen import as_shoal


@dataclass
class Outcome:
    """One diagnosis, scored.

    `located` and `named` have one entry for each planted mistake. `equal`: the doctor's own words differ
    but, planted by the suite, give the same numbers. `unverified`: it lists the mistake among equivalents of
    another one, and the suite's numbers deny it. `extra`: it blames so many mistakes more than were made.
    """

    key: str
    about: str
    handed: str
    detected: bool = False
    located: list[bool] = field(default_factory=list)
    named: list[bool] = field(default_factory=list)
    equal: bool = False
    extra: int = 0
    unverified: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    unexplained: int = 0
    seconds: float = 0.0
    error: str = ""

    def as_row(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def examine(case: Case, handed: str) -> Outcome:
    """Hand the case to the doctor, as a "function" or as "arrays", and score what it says."""
    outcome = Outcome(case.key, case.describe(), handed)
    start = time.perf_counter()
    try:
        diagnosis = diagnose(case, handed)
    except Exception:  # a doctor that falls over has found nothing; the reason is kept
        outcome.error = traceback.format_exc(limit=-4)
        outcome.located = outcome.named = [False] * len(case.slips)
        return outcome
    finally:
        outcome.seconds = time.perf_counter() - start
    _score(case, diagnosis, outcome)
    return outcome


def diagnose(case: Case, handed: str) -> Any:
    """Shoal's diagnosis of the case."""
    from shoal.doctor.diagnose import diagnose as shoal_diagnose

    point, net = case.point, case.net
    extra: dict[str, Any] = {"noise": point.noise}
    if net.epsilon is not None:
        extra["state"] = point.running
    if handed == "arrays":
        extra["previous"] = point.previous
    given = as_arrays(case) if handed == "arrays" else as_function(case)
    return shoal_diagnose(_network(net), net.l2, point.parameters, point.x, point.y, given, **extra)


@lru_cache(maxsize=1)
def _network(net: Any) -> Any:
    return as_shoal(net)


def _score(case: Case, diagnosis: Any, outcome: Outcome) -> None:
    causes = list(diagnosis.causes)
    names = [cause.mistake.name for cause in causes]
    outcome.said = [
        f"{n} at {', '.join('.'.join(w) for w in c.where)}" for n, c in zip(names, causes, strict=True)
    ]
    outcome.unexplained = len(diagnosis.unexplained)
    outcome.detected = not diagnosis.ok
    if not case.slips:
        return
    if ENTRIES[case.slips[0].name].harmless:
        outcome.detected = diagnosis.ok and case.slips[0].name in names
    blamed = {tuple(where) for cause in causes for where in cause.where}
    outcome.located = [_found(wanted, blamed) for wanted in case.wanted]
    outcome.named = [slip.name in names for slip in case.slips]
    outcome.extra = max(0, sum(not cause.harmless for cause in causes) - len(case.slips))
    if not (all(outcome.named) and all(outcome.located)):
        claims = [(c.mistake.name, frozenset(layer for layer, _ in c.where)) for c in causes]
        outcome.equal = reproduces(case, claims, outcome.handed == "arrays")
        if outcome.equal:
            outcome.named = outcome.located = [True] * len(case.slips)
        else:
            listed = {name for cause in causes for name in cause.equivalents}
            outcome.unverified = [slip.name for slip in case.slips if slip.name in listed]


def _found(alternatives: tuple[tuple[Place, ...], ...], blamed: set[tuple[str, str]]) -> bool:
    def at(place: Place) -> bool:
        layer, parts = place
        return any((layer, part) in blamed for part in parts)

    return any(all(at(place) for place in places) for places in alternatives)

"""Mistakes with a number in them that is read off the user's own: a factor, a count, an L2 coefficient."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from shoal.doctor.catalogue import BY_KIND, plant
from shoal.doctor.catalogue.network import FACTOR, NEGATED, WRONG_L2_FACTOR, ZERO
from shoal.doctor.evidence import GradientEvidence
from shoal.doctor.mistake import Mistake, Way
from shoal.doctor.state import Finding, SearchState, distance, try_blocks

PRICE = 0.25  # over a mistake without a free number
WHOLE = 1e-6  # a count that is this near to a whole number is one


@dataclass(frozen=True)
class Column:
    """One block over all evidence, end to end: the user's numbers, the predicted ones, and L2's part."""

    came: np.ndarray
    predicted: np.ndarray
    rest: np.ndarray
    allowed: np.ndarray


def fit_blocks(state: SearchState, evidence: Sequence[GradientEvidence]) -> Iterator[SearchState]:
    """The layer's blocks that do not fit, each explained by a factor, an L2 coefficient or by being zero."""
    site = evidence[0].sites[state.i]
    found: list[Finding] = []
    for key in site.own:
        if try_blocks(state, {}, evidence, [key]).passes:
            continue
        fitted = _fit(_column(state, key, evidence), key, site.point.l2)
        if fitted is None:
            return
        mistake, note = fitted
        found.append(Finding(mistake, Way({}, (key,), note), site.name, site.i))
    if found:
        after = state.with_findings(found)
        yield replace(after, cost=after.cost + PRICE)


def _column(state: SearchState, key: str, evidence: Sequence[GradientEvidence]) -> Column:
    came, predicted, rest, allowed = [], [], [], []
    for dy, e, numbers in zip(state.dys, evidence, state.came, strict=True):
        if dy is None:
            continue
        site = e.sites[state.i]
        values = plant(site, dy, {})[1]
        value = values[key]
        l2 = 2 * site.point.l2 * site.own[key] if key == "W" else np.zeros_like(value)
        came.append(numbers[site.name][key].ravel())
        predicted.append((value - l2).ravel())
        rest.append(l2.ravel())
        allowed.append(np.full(value.size, e.tolerance(site.name, key, values, dy)))
    return Column(*(np.concatenate(part) for part in (came, predicted, rest, allowed)))


def _fit(c: Column, key: str, l2: float) -> tuple[Mistake, str] | None:
    if not np.any(c.came):
        return ZERO, ""
    if key == "W" and l2:
        share = multiple(c.came - c.predicted, c.rest, c.allowed)
        if share is not None:
            return WRONG_L2_FACTOR, f"{2 * share:.6g} l2 W in place of 2 l2 W"
    factor = multiple(c.came - c.rest, c.predicted, c.allowed)
    if factor is None:
        factor = multiple(c.came, c.predicted + c.rest, c.allowed)
    if factor is None:
        return None
    return (NEGATED, "") if abs(factor + 1) < WHOLE else (FACTOR, f"{factor:.6g} times the true gradient")


def multiple(a: np.ndarray, b: np.ndarray, allowed: np.ndarray) -> float | None:
    """The factor f for which a = f b to within what is allowed, if there is one."""
    size = float(b @ b)
    if not size or b.size < 2 or not np.all(np.isfinite(a)):
        return None
    factor = float(a @ b) / size
    fits = np.abs(a - factor * b) <= allowed * max(1.0, abs(factor))
    return factor if np.all(fits) and np.max(np.abs(b)) > 100 * np.min(allowed) else None


def factor_of_all(evidence: Sequence[GradientEvidence]) -> float | None:
    """What all of the last layer's numbers are multiplied by, L2's term included, if by anything.

    Without L2 a factor in front of the loss says the same.
    """
    name = next(site.name for site in reversed(evidence[0].sites) if site.own)
    if not evidence[0].point.l2:
        return None
    blocks = [(e, key) for e in evidence for key in e.true[name]]
    came = np.concatenate([e.came[name][key].ravel() for e, key in blocks])
    true = np.concatenate([e.true[name][key].ravel() for e, key in blocks])
    allowed = [np.full(e.true[name][key].size, e.tolerance(name, key, e.true[name])) for e, key in blocks]
    factor = multiple(came, true, np.concatenate(allowed))
    return factor if factor and abs(abs(factor) - 1) > WHOLE else None


def fit_loss(
    state: SearchState, evidence: Sequence[GradientEvidence], through: Callable[..., Iterator[SearchState]]
) -> Iterator[SearchState]:
    """A factor in front of the loss's derivative, alone or with one mistake: the states below the loss."""
    last = evidence[0].sites[state.i - 1]
    if "b" not in last.own:
        return
    for new in (0, 1):
        for below in through(state, new, evidence):
            factors = [
                _factor(below, p, e, last.name) for p, e in enumerate(evidence) if below.dys[p] is not None
            ]
            if any(f is None or abs(f) < 1e-9 or abs(abs(f) - 1) < WHOLE for f in factors):
                continue
            dys = tuple(d if d is None else f * d for d, f in zip(below.dys, factors, strict=True))
            after = below.with_findings(_findings(factors, evidence, state), dys=dys)
            yield replace(after, cost=after.cost + PRICE)


def _findings(factors: list[Any], evidence: Sequence[GradientEvidence], state: SearchState) -> list[Finding]:
    """What factors in front of the loss's derivative come from; a sign is a mistake of its own."""
    loss = evidence[0].sites[state.i].name
    negative = all(f < 0 for f in factors)
    named = [_name([abs(f) for f in factors] if negative else factors, evidence)]
    named += [(NEGATED, "")] * negative
    return [Finding(mistake, Way({}, ("dscores",), note), loss, state.i) for mistake, note in named]


def _factor(state: SearchState, p: int, e: GradientEvidence, name: str) -> float | None:
    dy, came = state.dys[p], state.came[p][name]["b"]
    assert dy is not None
    predicted = dy.sum(axis=0)
    size = float(predicted @ predicted)
    factor = float(came @ predicted) / size if size else np.nan
    if not np.isfinite(factor):
        return None
    off, largest = distance(came, factor * predicted)
    return factor if off <= max(1e-4 * largest, e.tolerance(name, "b", {"b": predicted}, dy)) else None


def _name(factors: list[Any], evidence: Sequence[GradientEvidence]) -> tuple[Mistake, str]:
    """The count that the sum must have been divided by, where it is one number at every batch size."""
    counts = [len(e.point.x) / f for f, e in zip(factors, evidence, strict=True)]
    constant = max(factors) - min(factors) <= WHOLE * abs(factors[0])
    if (
        max(counts) - min(counts) <= WHOLE * abs(counts[0])
        and abs(counts[0] - round(counts[0])) < WHOLE * counts[0]
    ):
        kind = evidence[0].point.network.loss.kind
        wrong = next(m for m in BY_KIND[kind] if m.name == "one-over-n-wrong-count")
        return wrong, f"divided by {round(counts[0])}"
    note = f"{factors[0]:.6g} times" if constant else ", ".join(f"{f:.6g}" for f in factors) + " times"
    return FACTOR, note

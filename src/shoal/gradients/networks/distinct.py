"""Which networks of many cells need a check of their own: cells that train alike share one."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

import numpy as np

from shoal.network import Network

PER_FORM = 3  # networks checked that differ in numbers only: the first, one in the middle, the last


@dataclass(frozen=True, eq=False)
class Case:
    """One thing to check: a network, an L2 coefficient, a few scaled examples x (N, ...) and labels (N,).

    `label` names the cell, `cells` counts those it stands for.
    """

    label: str
    network: Network
    l2: float
    x: np.ndarray
    labels: np.ndarray
    cells: int = 1


def distinct(cases: Iterable[Case], *, every: bool = False) -> list[Case]:
    """One case for each distinct network, with the largest L2 coefficient among its cells.

    Networks of the same layers whose numbers differ (a sigma, a slope, a dropout rate) run the same code:
    of more than `PER_FORM`, the first, the middle and the last are kept, unless `every` is asked for.
    """
    merged: dict[Hashable, Case] = {}
    for case in cases:
        known = merged.setdefault(case.network, replace(case, cells=0))
        merged[case.network] = replace(known, l2=max(known.l2, case.l2), cells=known.cells + case.cells)
    forms: dict[Hashable, list[Case]] = {}
    for case in merged.values():
        forms.setdefault(_form(case.network), []).append(case)
    return [case for alike in forms.values() for case in (alike if every else _few(alike))]


def _few(alike: list[Case]) -> list[Case]:
    if len(alike) <= PER_FORM:
        return alike
    kept = [alike[0], alike[len(alike) // 2], alike[-1]]
    left = sum(case.cells for case in alike) - sum(case.cells for case in kept)
    return [replace(kept[0], cells=kept[0].cells + left), *kept[1:]]


def _form(part: Any) -> Hashable:
    """What is left of a network when its real numbers are forgotten."""
    if is_dataclass(part):
        return type(part), tuple(_form(getattr(part, f.name)) for f in fields(part))
    if isinstance(part, tuple):
        return tuple(_form(p) for p in part)
    return float if isinstance(part, float) else part

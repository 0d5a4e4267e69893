"""Whether the gradients predicted for a layer's parameters are the user's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from .catalogue import plant
from .evidence import Evidence
from .search import State


class Trial(NamedTuple):
    """The largest distance as a share of what is allowed and of the numbers, and whether it says anything."""

    misfit: float
    agreement: float
    informative: bool

    @property
    def passes(self) -> bool:
        return self.misfit <= 1.0


def try_blocks(
    state: State, options: dict[str, Any], evidence: Sequence[Evidence], keys: Sequence[str] | None = None
) -> Trial:
    """Hold what `options` predict for the state's layer against the user's numbers (for `keys`, or all)."""
    misfit = agreement = 0.0
    informative = False
    for dy, e, came in zip(state.dys, evidence, state.came, strict=True):
        if dy is None:
            continue
        site = e.sites[state.i]
        with np.errstate(all="ignore"):
            _, predicted = plant(site, dy, options)
        for key in keys or predicted:
            off, size = distance(came[site.name][key], predicted[key])
            if not np.isfinite(off):
                return Trial(np.inf, np.inf, informative)
            if off:
                allowed = e.tolerance(site.name, key, predicted, dy)
                misfit = max(misfit, off / allowed if allowed else np.inf)
            if e.informative(site.name, key):
                agreement = max(agreement, off / size if size else off)
                informative = informative or key in ("W", "gamma")
            if misfit > 1.0:
                return Trial(misfit, agreement, informative)
    return Trial(misfit, agreement, informative)


def distance(came: np.ndarray, predicted: np.ndarray) -> tuple[float, float]:
    """The largest difference, and the largest number predicted."""
    off = float(np.max(np.abs(came - predicted), initial=0.0))
    return (off if np.isfinite(off) else np.inf), float(np.max(np.abs(predicted), initial=0.0))

"""Numbers that no training gives, entered by name."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from shoal.reproduce.adapt import Mode

Numbers = dict[str, np.ndarray]
COMPUTED: dict[str, Callable[[Mode], Numbers]] = {}


def computes(name: str) -> Callable[[Callable[[Mode], Numbers]], Callable[[Mode], Numbers]]:
    """Enters a function under the name by which the reports' files ask for it."""

    def enter(function: Callable[[Mode], Numbers]) -> Callable[[Mode], Numbers]:
        COMPUTED[name] = function
        return function

    return enter

"""What was measured along one minimization, at evenly spaced iterations of nobody knows how many."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Measure = Callable[[np.ndarray], dict[str, np.ndarray]]


class Trail:
    """Records at every `stride`-th iteration, which doubles where more than twice `points` would be held.

    So at least `points` records remain, where there were as many iterations, and at most twice as many.
    With `steps` given, exactly these. The start and the last iteration are always among them.
    """

    def __init__(self, measure: Measure, points: int, steps: Sequence[int] | None) -> None:
        self._measure, self._points, self._steps = measure, points, steps
        self.records: dict[int, dict[str, np.ndarray]] = {}
        self.stride = 1

    def at(self, iteration: int, x: np.ndarray) -> dict[str, np.ndarray]:
        """Measure the iterate x where it belongs to the records; what was measured, or nothing."""
        wanted = iteration in self._steps if self._steps is not None else iteration % self.stride == 0
        if not wanted and iteration > 0:
            return {}
        self.records[iteration] = self._measure(x)
        if self._steps is None and len(self.records) > 2 * self._points + 1:
            self.stride *= 2
            self.records = {k: found for k, found in self.records.items() if k % self.stride == 0}
        return self.records.get(iteration, {})

    def end(self, iteration: int, x: np.ndarray) -> None:
        """Measure where the minimization ended, which may be elsewhere than its last iterate."""
        self.records[iteration] = self._measure(x)

    def curves(self) -> tuple[tuple[int, ...], dict[str, Any]]:
        """The recorded iterations, and each curve with them last, (1, 1, records)."""
        at = tuple(sorted(self.records))
        names = self.records[at[0]]
        return at, {name: np.stack([self.records[k][name] for k in at], axis=-1) for name in names}

"""What a halving has measured so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np


@dataclass
class Halved:
    """Curves of every trial as far as it trained (NaN beyond); trials are the cells of all programs in order.

    diverged_step (trials, seeds): -1 where it did not. trained (trials,) in steps, rung (trials,) where it
    ended, steps: those that are recorded.
    """

    trials: int
    seeds: tuple[int, ...]
    steps: tuple[int, ...]
    curves: dict[str, np.ndarray] = field(default_factory=dict)  # (trials, seeds, record)
    seconds: float = 0.0
    seconds_compile: float = 0.0

    def __post_init__(self) -> None:
        self.diverged_step = np.full((self.trials, len(self.seeds)), -1)
        self.trained, self.rung = np.zeros(self.trials, int), np.zeros(self.trials, int)

    @property
    def broken(self) -> np.ndarray:
        """Trials of which a network diverged, (trials,)."""
        return np.any(self.diverged_step >= 0, axis=1)

    def note(
        self, rows: Sequence[int], seeds: Sequence[int], step: int, values: Mapping[str, np.ndarray]
    ) -> None:
        """What some trials with some seeds measured at a step, (trials, seeds) each.

        A loss that is no longer finite tells of divergence before the next batch does.
        """
        where = np.ix_(rows, [self.seeds.index(seed) for seed in seeds])
        for name, own in values.items():
            if name == "diverged_step":
                lost = (own < 0) & ~np.isfinite(values["train_loss"])
                self.diverged_step[where] = np.where(lost, step, own)
            else:
                shape = (*self.diverged_step.shape, len(self.steps))
                curve = self.curves.setdefault(name, np.full(shape, np.nan))
                curve[(*where, self.steps.index(step))] = own
        self.trained[list(rows)] = step

    def latest(self, name: str, trial: int) -> float:
        """The mean over seeds of a curve where a trial is now."""
        return float(np.mean(self.curves[name][trial, :, self.steps.index(int(self.trained[trial]))]))

"""What a search has done so far: its trials, round by round, and its final comparison."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from shoal.study.search.strategy import Verdict
from shoal.study.search.trial import Point, Trial, point_label, ranked
from shoal.study.spec import Study


@dataclass
class Round:
    """One round: the trials that it asked for (some may be of earlier rounds), what followed, its cost."""

    trials: list[Trial]
    verdict: Verdict
    network_steps: int
    seconds: float
    seconds_compile: float


@dataclass
class History:
    """Every trial of a search, in the order in which they were trained."""

    study: Study
    resolution: float = 0.0  # the step between possible scores
    trials: list[Trial] = field(default_factory=list)
    rounds: list[Round] = field(default_factory=list)
    fresh: dict[int, np.ndarray] = field(default_factory=dict)  # scores with fresh seeds, by trial
    fresh_seeds: tuple[int, ...] = ()
    fresh_steps: int = 0

    def find(self, point: Point) -> Trial | None:
        """The trial of this very point, where there was one: it would train to the same again."""
        label = point_label(point)
        return next((trial for trial in self.trials if trial.label == label), None)

    @property
    def finalists(self) -> list[Trial]:
        """The best trials that go to the final comparison: those that trained to the end without diverging,
        unless there are none."""
        last = max(trial.rung for trial in self.trials)
        sound = [trial for trial in self.trials if not trial.diverged and trial.rung == last]
        search = self.study.search
        assert search is not None
        return ranked(sound or self.trials)[: search.finalists]

    def status(self, trial: Trial) -> tuple[str, str]:
        """What became of a trial, and why: best, finalist, kept, dropped or diverged."""
        finalists = [one.number for one in self.finalists]
        if trial.number == finalists[0]:
            return "best", "the best score of the search"
        if trial.number in finalists:
            return "finalist", f"rank {finalists.index(trial.number) + 1}"
        if trial.diverged:
            first = int(trial.diverged_step[trial.diverged_step >= 0].min())
            many = f"{trial.diverged} of {len(trial.scores)} networks"
            return "diverged", f"{many} diverged, the first at step {first:,}"
        why = next(
            (r.verdict.dropped[trial.number] for r in self.rounds if trial.number in r.verdict.dropped), ""
        )
        if why:
            return "dropped", why
        if any(trial.number in round_.verdict.kept for round_ in self.rounds):
            return "kept", "among the best of its round"
        rank = [one.number for one in ranked(self.trials)].index(trial.number) + 1
        return "dropped", f"rank {rank} of {len(self.trials)}"

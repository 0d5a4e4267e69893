"""Zoom: coarse to fine over one or two ranges, until the best trials are statistically tied."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from scipy.stats import studentized_range

from shoal.search.strategy import Point, Ranges, RoundDecision, Trial, between, ranked
from shoal.statistics.differences import differences_from
from shoal.statistics.intervals import CONFIDENCE
from shoal.study.settings.levels import level_label
from shoal.study.settings.search import Range, Zoom


def paired_intervals(
    best: Trial, others: Sequence[Trial], pool: Sequence[Trial], resolution: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """Mean differences best - other over seeds, and half the width of their 95 % intervals, (others,).

    Members of a seed saw the same batches, so differences are paired; their variances are steadied by what
    all trials of the `pool` say of the noise (`differences_from`). The best was chosen for its score, and
    of k equal levels one always is the luckiest: the intervals are simultaneous for every pair of the k, with
    q(k, freedom) / sqrt(2) of the studentized range, which is Student's t at k = 2. With one seed the widths
    are NaN. Source: Tukey (1953), The problem of multiple comparisons.
    """
    sign = 1.0 if best.metric.higher_is_better else -1.0
    scores = sign * np.array([trial.scores for trial in pool], np.float64)
    at = {trial.number: i for i, trial in enumerate(pool)}
    rows = np.array([at[trial.number] for trial in others], int)
    found = differences_from(scores, at[best.number], rows, resolution)
    width = float(studentized_range.ppf(CONFIDENCE, len(rows) + 1, found.freedom)) / np.sqrt(2)
    return found.means, width * found.errors


def all_tied(
    best: Trial, rivals: Sequence[Trial], pool: Sequence[Trial], resolution: float = 0.0
) -> str | None:
    """Words that say so, with the surest difference, where no rival can be told from the best; else None.

    A trial of which a network diverged is told apart by that. With one seed nothing is known of the noise,
    and nothing is said.
    """
    others = [trial for trial in rivals if trial.number != best.number]
    if len(best.scores) < 2 or any(trial.diverged for trial in (best, *others)):
        return None
    if not others:
        return f"no level but the best ({best.label}) is known there"
    steady = [trial for trial in pool if not trial.diverged]
    means, halves = paired_intervals(best, others, steady, resolution)
    if (means > halves).any():
        return None
    at = int(np.argmax(means - halves))
    scale, unit = (100.0, " points") if best.metric.higher_is_better else (1.0, "")
    return (
        f"none of the {len(others)} other levels known there can be told from the best ({best.label}); the "
        f"surest difference, from {others[at].label}, is {scale * means[at]:.3g} ± {scale * halves[at]:.3g}"
        f"{unit} (95 % interval, paired over {len(best.scores)} seeds, simultaneous), which holds 0"
    )


class ZoomStrategy:
    """Levels evenly spaced in a box of ranges; the next box reaches from the levels below to the levels
    above the best ones.

    The next round's levels all lie within the next box. Where even the levels on and within its edges that
    are known already cannot be told from the best, those between them could not either: the search stops.
    """

    def __init__(self, settings: Zoom, resolution: float = 0.0) -> None:
        self.settings, self.resolution = settings, resolution
        self.ranges = {path: own for path, own in settings.over.items() if isinstance(own, Range)}
        self.box: Ranges = {path: own.ends for path, own in self.ranges.items()}
        self.known: list[Trial] = []
        self.round = 0
        self.over = False

    @property
    def sizes(self) -> tuple[int, ...]:
        """Every level with every other, each round."""
        return (self.settings.levels ** len(self.ranges),) * self.settings.rounds

    def ask(self) -> list[Point]:
        """The grid of the box. The first has levels on its edges; those of later ones are known already."""
        if self.over or self.round == self.settings.rounds:
            return []
        axes = [self._levels(path) for path in self.ranges]
        return [dict(zip(self.ranges, values, strict=True)) for values in itertools.product(*axes)]

    def _levels(self, path: str) -> list[float]:
        count = self.settings.levels
        first, parts = (0, count - 1) if self.round == 0 else (1, count + 1)
        shares = [(first + i) / parts for i in range(count)]
        low, high = self.box[path]
        return list(dict.fromkeys(between(self.ranges[path], low, high, share) for share in shares))

    def close(self) -> None:
        """Nothing is held open."""

    def tell(self, trials: Sequence[Trial]) -> RoundDecision:
        """Choose the next box, or stop."""
        self.known += [trial for trial in trials if trial.number not in {t.number for t in self.known}]
        self.round += 1
        inside = [trial for trial in self.known if _within(trial, self.box)]
        order = ranked(inside)
        kept = order[: self.settings.keep]
        box = {path: self._around(path, kept, inside) for path in self.ranges}
        numbers = frozenset(trial.number for trial in kept)
        edge = self._at_the_edge(order[0])
        rivals = [trial for trial in inside if _within(trial, box)]
        alike = all_tied(order[0], rivals, inside, self.resolution)
        if self.round == self.settings.rounds:
            self.over = True
            further = f" A further one could not tell its levels apart: {alike}." if alike else ""
            words = f"All {self.settings.rounds} rounds are done.{further}{edge}"
            return RoundDecision(numbers, self._dropped(trials, kept, "not among the best"), words)
        if alike is not None:
            self.over = True
            words = (
                f"Stopped after round {self.round} of {self.settings.rounds}. The next one would look "
                f"between the neighbours of the best {len(kept)} ({_words(box)}), but {alike}. Its levels "
                f"all lie there and could not be told apart.{edge}"
            )
            return RoundDecision(numbers, self._dropped(trials, kept, "not among the best"), words, box)
        self.box = box
        words = f"The next round looks between the neighbours of the best {len(kept)}: {_words(box)}.{edge}"
        outside = [trial for trial in trials if not _within(trial, box)]
        return RoundDecision(
            numbers, self._dropped(outside, kept, "outside the next round's range"), words, box
        )

    def _around(self, path: str, kept: list[Trial], inside: list[Trial]) -> tuple[float, float]:
        low, high = self.box[path]
        places = sorted({low, high, *(trial.point[path] for trial in inside)})
        own = [trial.point[path] for trial in kept]
        below = [place for place in places if place < min(own)]
        above = [place for place in places if place > max(own)]
        return (below[-1] if below else low, above[0] if above else high)

    def _at_the_edge(self, best: Trial) -> str:
        """What to do where the best lies where the search could not look beyond."""
        at = [path for path, own in self.ranges.items() if best.point[path] in own.ends]
        return f" The best lies at the end of the range of {' and '.join(at)}: look beyond it." if at else ""

    @staticmethod
    def _dropped(trials: Sequence[Trial], kept: list[Trial], why: str) -> dict[int, str]:
        return {trial.number: why for trial in trials if trial not in kept}


def _within(trial: Trial, box: Ranges) -> bool:
    return all(low <= trial.point[path] <= high for path, (low, high) in box.items())


def _words(box: Ranges) -> str:
    return ", ".join(f"{path} {level_label(low)} to {level_label(high)}" for path, (low, high) in box.items())

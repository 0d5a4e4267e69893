"""Whether trials can be told from the best by their seeds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.stats import studentized_range

from shoal.statistics.differences import differences_from
from shoal.statistics.intervals import CONFIDENCE
from shoal.study.search.trial import Trial


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


def none_apart(
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

"""The trials of a search in their order, and the best so far."""

from __future__ import annotations

import numpy as np

from shoal.analysis.search import SearchPath
from shoal.report.figures.search_score import set_score_axis
from shoal.report.style import FAINT, MARKERS, PALETTE, colour, panel
from shoal.report.svg import Drawing, Key, to_drawing


def draw_order(path: SearchPath, name: str) -> Drawing:
    """Scores by trial, a colour a round, with a stepped line of the best so far."""
    figure, axes = panel()
    means, sign = path.means, 1.0 if path.higher_is_better else -1.0
    best = sign * np.fmax.accumulate(np.where(np.isnan(means), -np.inf, sign * means))
    numbers = np.array([t.number for t in path.trials])
    best = np.where(np.isfinite(best), best, np.nan)
    for index in range(path.rounds):
        own = [t.at for t in path.trials if t.round == index]
        if index:
            axes.axvline(numbers[own[0]] - 0.5, color=FAINT, linewidth=0.8) if own else None
        marker = MARKERS[index % len(MARKERS)]
        axes.plot(numbers[own], means[own], marker, color=colour(index), markersize=4.5, alpha=0.85)
    axes.step(numbers, best, where="post", color=PALETTE[1], linewidth=1.4, zorder=3)
    axes.set_xlabel("trial, in order")
    set_score_axis(axes, path, means)
    said = "; ".join(f"trial {n}: best so far {b:.4g}" for n, b in zip(numbers, best, strict=True))
    keys = (Key("best so far", PALETTE[1]),)
    caption = "Each mark a trial, its mean over seeds; lines part the rounds."
    return to_drawing(figure, name, "Trial by trial", said, caption, keys)

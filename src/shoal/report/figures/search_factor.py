"""What a search found along one factor, whatever the others were."""

from __future__ import annotations

import numpy as np

from shoal.analysis import Factor
from shoal.analysis.search import SearchPath
from shoal.report.figures.search_score import score_text, set_factor_axis, set_score_axis
from shoal.report.numbers import clean, levels_as_text, shorten
from shoal.report.style import MARKERS, PALETTE, colour, panel
from shoal.report.svg import Drawing, to_drawing


def draw_factor_scores(path: SearchPath, factor: Factor, name: str) -> Drawing:
    """Each trial's score against the factor, a colour a round; choices side by side."""
    figure, axes = panel()
    places = _places(path, factor)
    means = path.means
    for index in range(path.rounds):
        own = [t.at for t in path.trials if t.round == index]
        marker = MARKERS[index % len(MARKERS)]
        axes.plot(places[own], means[own], marker, color=colour(index), markersize=4.5, alpha=0.85)
    axes.plot(places[path.best.at], means[path.best.at], "*", color=PALETTE[1], markersize=14, zorder=4)
    if factor.numeric:
        set_factor_axis(axes, factor)
    else:
        texts = [shorten(text, 18) for text in levels_as_text(factor.levels)]
        axes.set_xticks(range(len(texts)), texts)
        axes.set_xlim(-0.5, len(texts) - 0.5)
        axes.set_xlabel(clean(factor.label))
    set_score_axis(axes, path, means)
    values = levels_as_text(path.values(factor).tolist())
    said = "; ".join(f"{values[t.at]}: {score_text(path, t.score)}" for t in path.trials)
    seeds = path.dataset.sizes["seed"]
    rounds = " A colour and shape for each round." if path.rounds > 1 else ""
    caption = f"Each mark a trial, its mean over {seeds} seeds; star: the best.{rounds}"
    return to_drawing(figure, name, f"Along {clean(factor.label)}", said, caption)


def _places(path: SearchPath, factor: Factor) -> np.ndarray:
    values = path.values(factor)
    if factor.numeric:
        return values.astype(float)
    levels = list(factor.levels)
    spread = np.random.default_rng(0).uniform(-0.2, 0.2, len(values))  # so that marks do not hide each other
    return np.array([levels.index(value) for value in values.tolist()]) + spread

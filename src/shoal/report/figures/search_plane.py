"""A search over two ranges as a plane: where each round looked, and what it found."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from shoal.analysis.search import SearchPath
from shoal.report.figures.search_score import labelled, score_text, set_factor_axis
from shoal.report.numbers import clean
from shoal.report.style import INK, MARKERS, PALETTE, PANEL, SEQUENTIAL, colour, panel
from shoal.report.svg import Drawing, Key, to_drawing


def draw_plane(path: SearchPath, name: str) -> list[Drawing]:
    """The trials by round, and the trials by score."""
    x, y = (path.values(factor).astype(float) for factor in path.factors)
    labels = [clean(factor.label) for factor in path.factors]
    said = "; ".join(
        f"{labels[0]} {x[t.at]:g}, {labels[1]} {y[t.at]:g}: {score_text(path, t.score)}" for t in path.trials
    )
    where = [_by_round(path, x, y, name, said)] if path.rounds > 1 else []
    return [*where, _by_score(path, x, y, f"{name}-score", said)]


def _by_round(path: SearchPath, x: np.ndarray, y: np.ndarray, name: str, said: str) -> Drawing:
    figure, axes = panel()
    for index in range(path.rounds):
        own = [t.at for t in path.trials if t.round == index]
        marker = MARKERS[index % len(MARKERS)]
        axes.plot(x[own], y[own], marker, color=colour(index), markersize=4.5, alpha=0.85, ls="none")
        ends = list(path.settings["rounds_run"][index]["ranges"].values())
        if len(ends) == 2 and index + 1 < path.rounds:
            (left, right), (low, high) = ends
            box = Rectangle((left, low), right - left, high - low, fill=False, ls="--", ec=colour(index + 1))
            axes.add_patch(box)
    _best(axes, path, x, y)
    _axes(axes, path)
    keys = tuple(Key(f"round {i + 1}", colour(i)) for i in range(path.rounds)) if path.rounds > 1 else ()
    boxes = " Dashed: the range of the round of that colour." if path.settings["strategy"] == "zoom" else ""
    caption = f"Each mark a trial; star: the best.{boxes}"
    return to_drawing(figure, name, "Where it looked", said, caption, keys)


def _by_score(path: SearchPath, x: np.ndarray, y: np.ndarray, name: str, said: str) -> Drawing:
    figure, axes = panel(PANEL[0], PANEL[1], "constrained")
    scale = 100.0 if path.higher_is_better else 1.0
    means = scale * path.means
    known = np.isfinite(means)
    low, high = np.nanmin(means), np.nanmax(means)
    drawn = axes.scatter(
        x[known], y[known], c=means[known], cmap=SEQUENTIAL, vmin=low, vmax=high, s=34, linewidths=0
    )
    if not known.all():
        axes.plot(x[~known], y[~known], "x", color=INK, markersize=5)
    bar = figure.colorbar(drawn, ax=axes)
    bar.set_label(labelled(path))
    _best(axes, path, x, y)
    _axes(axes, path)
    caption = f"Means over {path.dataset.sizes['seed']} seeds; star: the best."
    caption += "" if known.all() else " Crosses: diverged."
    return to_drawing(figure, name, "What it found", said, caption)


def _best(axes: Axes, path: SearchPath, x: np.ndarray, y: np.ndarray) -> None:
    at = path.best.at
    axes.plot(x[at], y[at], "*", color=PALETTE[1], markeredgecolor="white", markersize=15, zorder=5)


def _axes(axes: Axes, path: SearchPath) -> None:
    for factor, which in zip(path.factors, "xy", strict=True):
        set_factor_axis(axes, factor, which)

"""Scores of a search: along each factor, and of the finalists with fresh seeds.

The fresh score beside the one in the search shows how much the best of many owes to chance.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from shoal.analysis import Factor
from shoal.analysis.search import Confirmed, Searched, SearchPath
from shoal.report.figures.axes import limits, set_accuracy_axis
from shoal.report.numbers import clean, levels_as_text, mean_and_half, short_number, shorten
from shoal.report.style import MARKERS, MUTED, PALETTE, PANEL, colour, panel
from shoal.report.svg import Drawing, Key, to_drawing
from shoal.statistics.intervals import Interval


def words(path: SearchPath) -> str:
    """validation accuracy, validation loss."""
    return str(path.settings["metric"]).replace("_", " ")


def unit(path: SearchPath) -> str:
    """What stands behind a score: % or nothing."""
    return " %" if path.higher_is_better else ""


def score_text(path: SearchPath, score: Interval) -> str:
    """52.91 ± 0.41, in percent; a loss with as many digits as its interval is worth."""
    if path.higher_is_better:
        return mean_and_half(score)
    mean = short_number(score.mean, 4)
    return f"{mean} ± {short_number(score.half, 2)}" if score.known and np.isfinite(score.half) else mean


def labelled(path: SearchPath) -> str:
    """validation accuracy (%), validation loss."""
    return f"{words(path)} (%)" if path.higher_is_better else words(path)


def set_score_axis(axes: Axes, path: SearchPath, values: Any, reach: Any = (), which: str = "y") -> str:
    """Label, ticks and limits of the axis of scores; what a caption must say of intervals that it cuts."""
    if path.higher_is_better:
        return set_accuracy_axis(axes, words(path), values, which, reach)
    low, high = limits(values, reach)
    (axes.set_ylim if which == "y" else axes.set_xlim)(low, high)
    axis = axes.yaxis if which == "y" else axes.xaxis
    axis.set_major_locator(MaxNLocator(5))
    axis.set_label_text(words(path))
    return ""


def set_factor_axis(axes: Axes, factor: Factor, which: str = "x") -> None:
    """A factor's number line, logarithmic where its range is."""
    axis = axes.xaxis if which == "x" else axes.yaxis
    label = shorten(clean(factor.label), 40)
    if factor.scale == "log":
        (axes.set_xscale if which == "x" else axes.set_yscale)("log")
        axis.set_major_locator(LogLocator(numticks=7))
        label += " (log scale)"
    else:
        axis.set_major_locator(MaxNLocator(6))
    axis.set_major_formatter(FuncFormatter(lambda value, _: short_number(value)))
    axis.set_minor_locator(NullLocator())
    axis.set_label_text(label)


def bars(trials: list[Searched]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Means, error bars (2, n), and the ends of the intervals."""
    mean, low, high = np.array([(t.score.mean, t.score.low, t.score.high) for t in trials]).T
    mean = np.where(np.isfinite(mean), mean, np.nan)
    return mean, np.nan_to_num(np.array([mean - low, high - mean])), low, high


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


MOST_LETTERS = 20


def draw_fresh(path: SearchPath, finals: list[Confirmed], labels: list[str], name: str) -> Drawing:
    """A row a finalist: its score in the search, hollow, and with fresh seeds, both with intervals."""
    figure, axes = panel(PANEL[0], 1.1 + 0.42 * len(finals))
    rows = np.arange(len(finals))
    reach, centre = [], []
    for shift, edge, face, scores in (
        (-0.13, MUTED, "white", [one.trial.score for one in finals]),
        (0.13, PALETTE[0], PALETTE[0], [one.fresh for one in finals]),
    ):
        mean, low, high = np.array([(s.mean, s.low, s.high) for s in scores]).T
        errors = np.nan_to_num(np.array([mean - low, high - mean]))
        axes.errorbar(
            mean, rows + shift, xerr=errors, color=edge, marker="o", mfc=face, ls="none", capsize=3, ms=6
        )
        reach, centre = [*reach, *low, *high], [*centre, *mean]
    axes.set_yticks(rows, _ticks(labels))
    axes.set_ylim(len(finals) - 0.4, -0.6)
    axes.grid(axis="y", visible=False)
    cut = set_score_axis(axes, path, centre, reach, which="x")
    said = "; ".join(
        f"{label}: {score_text(path, one.trial.score)} in the search, {score_text(path, one.fresh)} fresh"
        for label, one in zip(labels, finals, strict=True)
    )
    keys = (Key("in the search", MUTED), Key("with fresh seeds", PALETTE[0]))
    if max(map(len, labels)) > MOST_LETTERS:
        axes.set_ylabel("finalist")
    caption = f"Means with 95 % intervals over seeds, the search's choice on top. {cut}".strip()
    return to_drawing(figure, name, "Finalists, again with fresh seeds", said, caption, keys)


def _ticks(labels: list[str]) -> list[str]:
    """The finalists by name, or by number where the names are long: the table lists them in that order."""
    short = max(map(len, labels)) <= MOST_LETTERS
    return labels if short else [str(i + 1) for i in range(len(labels))]

"""Scores of a search on an axis: accuracies in percent, or losses."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from shoal.analysis import Factor, Interval
from shoal.analysis.search import Searched, SearchPath
from shoal.report.figures.accuracy_axis import limits, set_accuracy_axis
from shoal.report.numbers import clean, mean_and_half, short_number, shorten


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

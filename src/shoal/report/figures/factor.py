"""What one factor does: mean with interval at each level, every seed as a dot."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from shoal.analysis import FactorEffect
from shoal.report.figures.accuracy_axis import set_accuracy_axis
from shoal.report.figures.level_axis import axis_label, level_axis, set_level_ticks
from shoal.report.numbers import clean, counted, mean_and_half, shorten
from shoal.report.style import FAINT, MUTED, PALETTE, PANEL, panel
from shoal.report.summary import Summary
from shoal.report.svg import Drawing, to_drawing

MOST_LINES = 12
MOST_ROWS = 40


def draw_factor(summary: Summary, effect: FactorEffect, name: str) -> Drawing:
    """A number line for a numeric factor, one row a level for a category."""
    axis = level_axis(effect.factor)
    if axis.kind == "places" and not effect.factor.numeric:
        return _rows(summary, effect, name)
    figure, axes = panel()
    mean, low, high = _arrays(effect)
    order = np.array(axis.order)
    _seeds(axes, axis.places[order], effect.values[order])
    axes.errorbar(
        axis.places[order],
        mean[order],
        yerr=_bars(mean, low, high)[:, order],
        color=PALETTE[0],
        marker="o",
        markersize=5,
        capsize=3,
    )
    set_level_ticks(axes, axis)
    cut = set_accuracy_axis(axes, summary.metric_words, [mean, *effect.values.T], reach=[low, high])
    return _finish(summary, effect, name, figure, cut)


def _rows(summary: Summary, effect: FactorEffect, name: str) -> Drawing:
    """Dots and intervals, one row a level: long names stay level and readable."""
    mean, low, high = _arrays(effect)
    axis = level_axis(effect.factor)
    shown = sorted(np.argsort(-np.nan_to_num(mean, nan=-1), kind="stable")[:MOST_ROWS].tolist())
    figure, axes = panel(PANEL[0], 1.1 + 0.34 * len(shown))
    rows = np.arange(len(shown))
    _seeds(axes, rows + 0.17, effect.values[shown], flipped=True)
    bars = _bars(mean, low, high)[:, shown]
    axes.errorbar(
        mean[shown], rows, xerr=bars, color=PALETTE[0], marker="o", markersize=6, capsize=3, ls="none"
    )
    axes.set_yticks(rows, [shorten(axis.texts[level], 22) for level in shown])
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.grid(axis="y", visible=False)
    axes.set_ylabel(axis_label(axis))
    cut = set_accuracy_axis(
        axes, summary.metric_words, [mean, *effect.values.T], which="x", reach=[low, high]
    )
    return _finish(summary, effect, name, figure, cut)


def _arrays(effect: FactorEffect) -> np.ndarray:
    return np.array([(mean.mean, mean.low, mean.high) for mean in effect.means]).T


def _bars(mean: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    return np.nan_to_num(np.array([mean - low, high - mean]))


def _seeds(axes: Axes, places: np.ndarray, values: np.ndarray, flipped: bool = False) -> None:
    """Every seed as a dot, joined by a thin line while there are few: they are paired."""
    for seed in values.T:
        along, across = (seed, places) if flipped else (places, seed)
        line = "-" if values.shape[1] <= MOST_LINES else "none"
        axes.plot(along, across, color=FAINT, linewidth=0.8, linestyle=line, zorder=1.5)
        axes.plot(
            along, across, color=MUTED, linestyle="none", marker="o", markersize=2.6, alpha=0.75, zorder=1.7
        )


def _finish(summary: Summary, effect: FactorEffect, name: str, figure: Figure, cut: str) -> Drawing:
    texts = summary.texts[effect.factor.name]
    levels = (f"{text}: {mean_and_half(mean)} %" for text, mean in zip(texts, effect.means, strict=True))
    caption = f"{_averaging(effect)} {cut}".strip()
    title = (
        f"{summary.metric_words[:1].upper()}{summary.metric_words[1:]} against {clean(effect.factor.label)}"
    )
    return to_drawing(figure, name, title, "; ".join(list(levels)[:60]), caption)


def _averaging(effect: FactorEffect) -> str:
    """What this figure averages and leaves out."""
    parts = []
    if effect.averaged_over:
        names = ", ".join(clean(other.label) for other in effect.averaged_over)
        parts.append(f"Averaged over {counted(effect.settings - effect.left_out, 'setting')} of {names}.")
    if effect.left_out:
        parts.append(f"{counted(effect.left_out, 'unfinished setting')} left out.")
    if not effect.factor.numeric and len(effect.factor.levels) > MOST_ROWS:
        parts.append(f"The best {MOST_ROWS} of {len(effect.factor.levels)} levels are drawn.")
    return " ".join(parts)


def factor_caption(summary: Summary) -> str:
    """What all factor figures have in common."""
    if summary.seeds < 2:
        return "One seed: no intervals."
    dots = "each grey dot is a seed" + (
        ", thin lines join the dots of a seed" if summary.seeds <= MOST_LINES else ""
    )
    return (
        f"Means with 95 % intervals over {summary.seeds} seeds; {dots}. Differences between levels are "
        "paired by seed, so they are often surer than these intervals suggest."
    )

"""What one factor does: mean with interval at each level, every seed as a dot."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

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
    set_accuracy_axis(axes, summary.metric_words, [mean, *effect.values.T], reach=[low, high])
    return _finish(summary, effect, name, figure, "x")


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
    set_accuracy_axis(axes, summary.metric_words, [mean, *effect.values.T], which="x", reach=[low, high])
    return _finish(summary, effect, name, figure, "y")


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


def _finish(summary: Summary, effect: FactorEffect, name: str, figure, direction: str) -> Drawing:
    label = clean(effect.factor.label)
    texts = summary.texts[effect.factor.name]
    levels = "; ".join(
        f"{text}: {mean_and_half(mean)} %" for text, mean in zip(texts, effect.means, strict=True)
    )
    caption = _caption(summary, effect)
    title = f"{_capital(summary.metric_words)} against {label}"
    return to_drawing(figure, name, title, f"{levels}. {caption}"[:4000], caption)


def _caption(summary: Summary, effect: FactorEffect) -> str:
    seeds = int(np.max([mean.n for mean in effect.means]))
    parts = []
    if seeds > 1:
        joined = ", a thin line joins each seed" if seeds <= MOST_LINES else ""
        parts.append(f"Mean with 95 % interval over {seeds} seeds; each seed is a grey dot{joined}.")
        parts.append("Differences are paired by seed, so they are often surer than these intervals suggest.")
    else:
        parts.append("One seed: no interval.")
    if effect.averaged_over:
        names = ", ".join(clean(other.label) for other in effect.averaged_over)
        used = effect.settings - effect.left_out
        parts.append(f"Averaged over {counted(used, 'setting')} of {names}.")
    if effect.left_out:
        parts.append(f"{counted(effect.left_out, 'unfinished setting')} left out.")
    if not effect.factor.numeric and len(effect.factor.levels) > MOST_ROWS:
        parts.append(f"The best {MOST_ROWS} of {len(effect.factor.levels)} levels are drawn.")
    return " ".join(parts)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]

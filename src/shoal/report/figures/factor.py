"""One factor: mean with interval at each level, every seed as a dot.

The loss at the end of training against a numeric factor is drawn the same way.
"""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from shoal.analysis import Factor, FactorEffect, level_means
from shoal.report.figures.axes import CUT, axis_label, level_axis, limits, set_accuracy_axis, set_level_ticks
from shoal.report.figures.learning_curves import PART_WORDS, parts_of
from shoal.report.numbers import clean, counted, mean_and_half, short_number, shorten
from shoal.report.style import DASHES, FAINT, MUTED, PALETTE, PANEL, colour, dash, panel
from shoal.report.summary import Summary
from shoal.report.svg import Drawing, Key, to_drawing

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


FEWEST_LEVELS = 3


def draw_factor_loss(summary: Summary, factor: Factor, name: str) -> Drawing | None:
    """Final training and validation loss at each level, means with 95 % intervals over seeds.

    Averaged over the other factors. None for a factor without three numeric levels.
    """
    if not factor.numeric or len(factor.levels) < FEWEST_LEVELS:
        return None
    axis = level_axis(factor)
    figure, axes = panel()
    drawn = []
    for i, part in enumerate(parts_of(summary, "loss")):
        means = level_means(summary.dataset, factor, f"{part}_loss")
        mean, low, high = np.array([(m.mean, m.low, m.high) for m in means]).T
        kept = [level for level in axis.order if np.isfinite(mean[level])]
        bars = np.nan_to_num(np.array([mean - low, high - mean]))[:, kept]
        axes.errorbar(
            axis.places[kept], mean[kept], yerr=bars, color=colour(i), linestyle=DASHES[i],
            marker="os"[i % 2], markersize=4.5, capsize=3,
        )  # fmt: skip
        drawn.append((part, mean, low, high))
    if not any(np.isfinite(mean).any() for _, mean, _, _ in drawn):
        return None
    set_level_ticks(axes, axis)
    axes.set_ylabel("final loss (nat)")
    cut = _set_losses(axes, *(np.concatenate(arrays) for arrays in zip(*(d[1:] for d in drawn), strict=True)))
    gaps = any(np.isnan(mean).any() for _, mean, _, _ in drawn)
    caption = " ".join([cut, "Levels at which every network diverged are left out." if gaps else ""]).strip()
    texts = summary.texts[factor.name]
    told = "; ".join(
        f"{PART_WORDS[part]}: "
        + ", ".join(f"{t} {_written(float(m))}" for t, m in zip(texts, mean, strict=True))
        for part, mean, _, _ in drawn
    )
    keys = tuple(Key(PART_WORDS[part], colour(i), dash(i)) for i, (part, *_) in enumerate(drawn))
    return to_drawing(figure, name, f"Final loss against {clean(factor.label)}", told, caption, keys)


def _written(loss: float) -> str:
    return short_number(loss) if np.isfinite(loss) else "diverged"


def _set_losses(axes: Axes, means: np.ndarray, lows: np.ndarray, highs: np.ndarray) -> str:
    """A loss axis, logarithmic where the means span more than a factor of 30; what it cuts off."""
    finite = means[np.isfinite(means)]
    y = axes.yaxis
    if finite.min() > 0 and finite.max() > 30 * finite.min():
        axes.set_yscale("log")
        low, high = finite.min() / 1.6, finite.max() * 1.6
        y.set_major_locator(LogLocator(numticks=7))
        y.set_minor_formatter(NullFormatter())
    else:
        low, high = limits(finite, np.concatenate([lows, highs]), floor=0.0)
        y.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))
    y.set_major_formatter(FuncFormatter(lambda value, _: short_number(value)))
    axes.set_ylim(low, high)
    return CUT if (lows < low).any() or (highs > high).any() else ""

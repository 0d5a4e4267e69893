"""The loss that training ends with against one numeric factor: loss against rate, against batch size."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from shoal.analysis import Factor, level_means
from shoal.report.figures.accuracy_axis import CUT, limits
from shoal.report.figures.chosen import PART_WORDS, parts_of
from shoal.report.figures.level_axis import level_axis, set_level_ticks
from shoal.report.numbers import clean, short_number
from shoal.report.style import DASHES, colour, dash, panel
from shoal.report.summary import Summary
from shoal.report.svg import Drawing, Key, to_drawing

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

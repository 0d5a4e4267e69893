"""Two factors, one of them with few levels: a line for each of those along the other."""

from __future__ import annotations

import numpy as np

from shoal.analysis import Factor, PairMeans
from shoal.report.figures.accuracy_axis import set_accuracy_axis
from shoal.report.figures.level_axis import level_axis, set_level_ticks
from shoal.report.numbers import clean, percent
from shoal.report.style import DASHES, MARKERS, colour, dash, panel
from shoal.report.summary import Summary
from shoal.report.svg import Drawing, Key, to_drawing

MOST_LINES = 3


def as_lines(first: Factor, second: Factor) -> tuple[Factor, Factor] | None:
    """(along, lines) if one factor has few enough levels to be drawn as lines, else None.

    Of two that would do, the one that is no number line is drawn as lines, else the one of fewer levels.
    """
    fit = [factor for factor in (first, second) if len(factor.levels) <= MOST_LINES]
    if not fit:
        return None
    lines = min(fit, key=lambda factor: (factor.numeric, len(factor.levels)))
    return (second if lines is first else first), lines


def line_keys(summary: Summary, lines: Factor) -> tuple[Key, ...]:
    """The legend."""
    texts = summary.texts[lines.name]
    order = lines.reading_order()
    return tuple(
        Key(f"{clean(lines.label)} {texts[level]}", colour(i), dash(i), MARKERS[i])
        for i, level in enumerate(order)
    )


def draw_interaction(summary: Summary, pair: PairMeans, name: str) -> Drawing:
    """`pair.first` runs along x, `pair.second` makes the lines; intervals as bars."""
    along, lines = pair.first, pair.second
    axis = level_axis(along)
    figure, axes = panel()
    order = np.array(axis.order)
    for i, level in enumerate(lines.reading_order()):
        mean, low, high = (part[order, level] for part in (pair.mean, pair.low, pair.high))
        bars = np.nan_to_num(np.array([mean - low, high - mean]))
        places = axis.dodged(i, len(lines.levels))[order]
        axes.errorbar(
            places,
            mean,
            yerr=bars,
            color=colour(i),
            linestyle=DASHES[i],
            marker=MARKERS[i],
            markersize=4.5,
            capsize=2.5,
            elinewidth=1.1,
        )
    set_level_ticks(axes, axis)
    set_accuracy_axis(axes, summary.metric_words, pair.mean, reach=[pair.low, pair.high])
    title = f"{clean(along.label)} and {clean(lines.label)}"
    description = describe_pair(summary, pair)
    return to_drawing(
        figure,
        name,
        title,
        description,
        pair_caption(pair, "Lines far from parallel: the effect of one depends on the other."),
    )


def pair_caption(pair: PairMeans, reading: str = "") -> str:
    """What the means are of."""
    seeds = int(pair.n.max(initial=0))
    text = f"Mean with 95 % interval over {seeds} seeds." if seeds > 1 else "One seed: no interval."
    if pair.averaged_over:
        text += f" Averaged over {', '.join(clean(factor.label) for factor in pair.averaged_over)}."
    if pair.settings_left_out:
        text += f" {pair.settings_left_out} unfinished settings left out."
    if np.isnan(pair.mean).any():
        text += " Gaps: not finished."
    return f"{text} {reading}".strip()


def describe_pair(summary: Summary, pair: PairMeans) -> str:
    """Every mean in words, for those who listen; the first 60."""
    firsts, seconds = summary.texts[pair.first.name], summary.texts[pair.second.name]
    labels = clean(pair.first.label), clean(pair.second.label)
    entries = [
        f"{labels[0]} {firsts[i]}, {labels[1]} {seconds[j]}: {percent(pair.mean[i, j])} %"
        for i in range(len(firsts))
        for j in range(len(seconds))
    ]
    return "; ".join(entries[:60])

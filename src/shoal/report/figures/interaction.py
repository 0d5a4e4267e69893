"""Two factors, one of them with few levels: a line for each of those along the other."""

from __future__ import annotations

import numpy as np

from shoal.analysis import Factor, PairMeans
from shoal.report.figures.accuracy_axis import set_accuracy_axis
from shoal.report.figures.level_axis import level_axis, set_level_ticks
from shoal.report.numbers import clean, counted, percent
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
    cut = set_accuracy_axis(axes, summary.metric_words, pair.mean, reach=[pair.low, pair.high])
    title = pair_title(pair)
    description = describe_pair(summary, pair)
    caption = f"{averaging(pair)} {cut}".strip()
    return to_drawing(figure, name, title, description, caption, line_keys(summary, lines))


def pair_title(pair: PairMeans) -> str:
    text = f"{clean(pair.first.label)} and {clean(pair.second.label)}"
    return text[:1].upper() + text[1:]


def averaging(pair: PairMeans) -> str:
    """What this figure averages and leaves out."""
    parts = []
    if pair.averaged_over:
        parts.append(f"Averaged over {', '.join(clean(factor.label) for factor in pair.averaged_over)}.")
    if pair.settings_left_out:
        parts.append(f"{counted(pair.settings_left_out, 'unfinished setting')} left out.")
    if np.isnan(pair.mean).any():
        parts.append("Gaps: not finished.")
    return " ".join(parts)


def pair_caption(summary: Summary) -> str:
    """What all figures of pairs have in common."""
    means = (
        f"Means with 95 % intervals over {summary.seeds} seeds."
        if summary.seeds > 1
        else "One seed: no intervals."
    )
    return f"{means} Where lines are far from parallel, the effect of one factor depends on the other."


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

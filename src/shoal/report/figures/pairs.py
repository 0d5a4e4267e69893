"""Two factors: lines where one has few levels, a heat map where both have many."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter

from shoal.analysis import Factor, PairMeans
from shoal.report.figures.axes import LevelAxis, level_axis, set_accuracy_axis, set_level_ticks
from shoal.report.numbers import clean, counted, percent, shorten
from shoal.report.style import DASHES, MARKERS, PALETTE, SEQUENTIAL, colour, dash, panel
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


MOST_WRITTEN = 7  # columns in which a mean can be read on a phone
MOST_TICKS = 16


def draw_heat_map(summary: Summary, pair: PairMeans, name: str) -> Drawing:
    """`pair.first` in rows, `pair.second` in columns, both in reading order; the highest mean is framed."""
    down, across = level_axis(pair.first), level_axis(pair.second)
    rows, columns = list(down.order), list(across.order)
    mean, half = (part[np.ix_(rows, columns)] for part in (pair.mean, (pair.high - pair.low) / 2))
    figure, axes = panel(4.0, min(1.5 + 0.34 * len(rows), 7.0), "constrained")
    figure.get_layout_engine().set(w_pad=0.03)  # type: ignore[union-attr]
    image = axes.imshow(mean, cmap=SEQUENTIAL, aspect="auto", interpolation="nearest")
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    _ticks(axes, down, "y")
    _ticks(axes, across, "x")
    if len(columns) <= MOST_WRITTEN and len(rows) <= MOST_TICKS:
        _write(axes, image, mean, half)
    if np.isfinite(mean).any():
        best = np.unravel_index(np.nanargmax(mean), mean.shape)
        frame = Rectangle((best[1] - 0.5, best[0] - 0.5), 1, 1, fill=False, edgecolor=PALETTE[1], linewidth=2)
        axes.add_patch(frame)
    bar = figure.colorbar(
        image, ax=axes, fraction=0.05, pad=0.02, format=FuncFormatter(lambda v, _: f"{100 * v:.3g}")
    )
    bar.outline.set_visible(False)  # type: ignore[operator]
    bar.set_label(f"{summary.metric_words} (%)")
    title = pair_title(pair)
    written = len(columns) <= MOST_WRITTEN and len(rows) <= MOST_TICKS
    caption = " ".join(
        filter(None, (averaging(pair), "Framed: the highest mean.", _intervals(half, written)))
    )
    return to_drawing(figure, name, title, describe_pair(summary, pair), caption)


def _intervals(half: np.ndarray, written: bool) -> str:
    """How wide the intervals are, which a colour cannot show."""
    known = half[np.isfinite(half)]
    if known.size == 0:
        return ""
    if written:
        return "Small figures: half the 95 % interval."
    middle, most = percent(float(np.median(known))), percent(float(known.max()))
    return f"Half of the 95 % intervals: {middle} points in the middle, at most {most}."


def _ticks(axes: Axes, axis: LevelAxis, which: str) -> None:
    every = max(1, -(-len(axis.order) // MOST_TICKS))
    places = np.arange(len(axis.order))[::every]
    texts = [shorten(axis.texts[axis.order[place]], 14) for place in places]
    label = shorten(clean(axis.factor.label), 40)
    if which == "y":
        axes.set_yticks(places, texts)
        axes.set_ylabel(label)
        return
    crowded = sum(len(text) + 2 for text in texts) > 32
    axes.set_xticks(
        places,
        texts,
        rotation=40 if crowded else 0,
        ha="right" if crowded else "center",
        rotation_mode="anchor" if crowded else "default",
    )
    axes.set_xlabel(label)


def _write(axes: Axes, image, mean: np.ndarray, half: np.ndarray) -> None:
    for (i, j), value in np.ndenumerate(mean):
        if np.isnan(value):
            continue
        red, green, blue, _ = image.cmap(image.norm(value))
        ink = "white" if 0.299 * red + 0.587 * green + 0.114 * blue < 0.5 else "black"
        known = not np.isnan(half[i, j])
        axes.text(
            j, i - 0.14 * known, percent(float(value), 1), ha="center", va="center", color=ink, fontsize=7.5
        )
        if known:
            axes.text(
                j,
                i + 0.25,
                f"±{percent(float(half[i, j]), 1)}",
                ha="center",
                va="center",
                color=ink,
                fontsize=5.5,
            )

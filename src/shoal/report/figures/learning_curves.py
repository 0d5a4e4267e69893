"""Learning curves: cost, loss and accuracy, mean and band over seeds.

A few configurations are in colour among all; the caption says which and how they were chosen.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from shoal.analysis import Curve, curves, time_axis
from shoal.report.figures.axes import limits, set_accuracy_axis
from shoal.report.numbers import counted, short_number
from shoal.report.style import DASHES, FAINT, MUTED, colour, dash, panel
from shoal.report.summary import Summary
from shoal.report.svg import Drawing, Key, to_drawing

MOST_POINTS = 300


def has_cost(summary: Summary) -> bool:
    """Whether the cost differs from the loss anywhere: without L2 they are the same curve."""
    data = summary.dataset
    pairs = [(f"{part}_cost", f"{part}_loss") for part in PARTS]
    return any(
        cost in data
        and loss in data
        and not np.array_equal(data[cost].values, data[loss].values, equal_nan=True)
        for cost, loss in pairs
    )


def draw_curves(summary: Summary, measure: str, chosen: Chosen, name: str) -> list[Drawing]:
    """Panels of one measure ("cost", "loss" or "accuracy") with the same y axis: training and validation.

    With one cell both go into one panel.
    """
    x = time_axis(summary.dataset)
    every = {part: curves(summary.dataset, f"{part}_{measure}", x) for part in parts_of(summary, measure)}
    if not every or not chosen.coloured:
        return []
    scale = _scale(
        measure, [own[cell] for own in every.values() for cell in (*chosen.coloured, *chosen.grey)]
    )
    if not summary.factors:
        lines = [own[chosen.coloured[0]] for own in every.values()]
        return [
            _panel(summary, measure, " and ".join(PART_WORDS[p] for p in every), lines, [], scale, x, name)
        ]
    return [
        _panel(
            summary,
            measure,
            PART_WORDS[part],
            [own[cell] for cell in chosen.coloured],
            [own[cell] for cell in chosen.grey],
            scale,
            x,
            f"{name}-{part}",
        )
        for part, own in every.items()
    ]


@dataclass(frozen=True)
class _Scale:
    low: float
    high: float
    log: bool


def _scale(measure: str, drawn: list[Curve]) -> _Scale:
    """One y axis for all panels of a measure; losses that span more than a factor of 30 get a log axis."""
    means = np.concatenate([curve.mean for curve in drawn]) if drawn else np.array([])
    ends = np.concatenate([np.concatenate([curve.low, curve.high]) for curve in drawn]) if drawn else means
    if measure == "accuracy":
        return _Scale(*limits(means, ends, 0.0, 1.0, 0.01), False)
    positive = means[means > 0]
    if positive.size and positive.size == means.size and positive.max() > 30 * positive.min():
        return _Scale(positive.min() / 1.3, positive.max() * 1.3, True)
    return _Scale(*limits(means, ends, floor=0.0), False)


def _panel(
    summary: Summary,
    measure: str,
    part: str,
    lines: list[Curve],
    behind: list[Curve],
    scale: _Scale,
    x: str,
    name: str,
) -> Drawing:
    figure, axes = panel()
    for curve in behind:
        thin = _thinned(curve)
        axes.plot(curve.x[thin], curve.mean[thin], color=FAINT, linewidth=0.7, zorder=1.5)
    for i, curve in reversed(list(enumerate(lines))):  # the best on top
        thin = _thinned(curve)
        axes.fill_between(
            curve.x[thin], curve.low[thin], curve.high[thin], color=colour(i), alpha=0.16, linewidth=0
        )
        dot = {"marker": "o", "markersize": 4} if len(curve.x) == 1 else {}
        axes.plot(curve.x[thin], curve.mean[thin], color=colour(i), linestyle=DASHES[i % len(DASHES)], **dot)
    _set_axes(axes, summary, measure, part, scale, x)
    ends = ", ".join(short_number(float(curve.mean[-1])) for curve in lines if len(curve.mean))
    description = f"{measure} on {part} data against {x}; final means in the order of the legend: {ends}."
    return to_drawing(figure, name, f"{measure.capitalize()}, {part}", description)


def _set_axes(axes: Axes, summary: Summary, measure: str, part: str, scale: _Scale, x: str) -> None:
    axes.set_xlabel(time_label(x, summary.dataset))
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    if measure == "accuracy":
        set_accuracy_axis(axes, f"{part} accuracy", [scale.low, scale.high])
        if summary.chance is not None and scale.low <= summary.chance <= scale.high:
            axes.axhline(summary.chance, color=MUTED, linewidth=0.9, linestyle=(0, (1, 2)), zorder=1.4)
    else:
        axes.set_ylabel(f"{part} {measure} (nat)")
        if scale.log:
            axes.set_yscale("log")
            axes.yaxis.set_major_locator(LogLocator(numticks=7))
            axes.yaxis.set_minor_formatter(NullFormatter())
            axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: short_number(value)))
        else:
            axes.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))
    axes.set_ylim(scale.low, scale.high)


def time_label(x: str, dataset: xr.Dataset | None = None) -> str:
    """What stands under an axis of time; iterations where the result says that its steps are these."""
    said = "" if dataset is None else str(dataset["step"].attrs.get("long_name", ""))
    if x == "step" and "iteration" in said:
        return said
    return "epoch" if x == "epoch" else "step (batches seen)"


def _thinned(curve: Curve) -> np.ndarray:
    """Indices of the points to draw: all, or evenly chosen ones with both ends."""
    points = len(curve.x)
    return (
        np.unique(np.linspace(0, points - 1, min(points, MOST_POINTS)).astype(int))
        if points
        else np.arange(0)
    )


MOST_COLOURED = 6
MOST_GREY = 80
PARTS = ("train", "validation")
PART_WORDS = {"train": "training", "validation": "validation"}


@dataclass(frozen=True)
class Chosen:
    """Cells drawn in colour (best first), cells drawn in grey behind them, and how many there are."""

    coloured: tuple[int, ...]
    grey: tuple[int, ...]
    cells: int


def choose(summary: Summary) -> Chosen:
    """All cells in colour if six or fewer; else the best, the worst and ranks between, others grey."""
    ranked = list(summary.ranking.order) or [row.cell for row in summary.rows if row.finished]
    if len(ranked) <= MOST_COLOURED:
        return Chosen(tuple(ranked), (), len(ranked))
    coloured = _evenly(ranked, MOST_COLOURED)
    rest = [cell for cell in ranked if cell not in coloured]
    return Chosen(coloured, _evenly(rest, MOST_GREY), len(ranked))


def _evenly(cells: list[int], most: int) -> tuple[int, ...]:
    places = np.unique(np.linspace(0, len(cells) - 1, min(most, len(cells))).round().astype(int))
    return tuple(cells[place] for place in places)


def curve_keys(summary: Summary, chosen: Chosen) -> tuple[Key, ...]:
    """The legend: cells with their rank, or training and validation where there is one cell."""
    if not summary.factors:
        return tuple(Key(PART_WORDS[part], colour(i), dash(i)) for i, part in enumerate(parts_of(summary)))
    ranks = {row.cell: row.rank for row in summary.rows}
    keys = [
        Key(f"{_rank(ranks[cell])}{summary.cell_text(cell)}", colour(i), dash(i))
        for i, cell in enumerate(chosen.coloured)
    ]
    if chosen.grey:
        keys.append(Key("other cells, means only", FAINT))
    return tuple(keys)


def _rank(rank: int | None) -> str:
    return "unfinished: " if rank is None else f"{rank}. "


def parts_of(summary: Summary, measure: str = "accuracy") -> list[str]:
    """The parts of the data that a measure was recorded on."""
    return [part for part in PARTS if f"{part}_{measure}" in summary.dataset]


def curve_caption(summary: Summary, chosen: Chosen) -> str:
    """What is drawn of what there is."""
    parts = []
    if chosen.grey:
        shown = f"{len(chosen.coloured)} of {counted(chosen.cells, 'cell')} are in colour"
        others = chosen.cells - len(chosen.coloured)
        grey = "the others" if len(chosen.grey) == others else f"{len(chosen.grey)} of the others"
        parts.append(f"{shown}: the best, the worst and ranks evenly between; {grey} are grey.")
    parts.append(
        f"Lines are means over {summary.seeds} seeds, bands their 95 % intervals."
        if summary.seeds > 1
        else "One seed: no bands."
    )
    recorded = summary.dataset.attrs.get("train_examples_recorded")
    if recorded is not None:
        parts.append(f"Training figures are of {counted(int(recorded), 'example')}.")
    if summary.diverged:
        parts.append("Losses of a network that diverged end where it did.")
    if summary.chance is not None:
        parts.append("Dotted: chance.")
    return " ".join(parts)

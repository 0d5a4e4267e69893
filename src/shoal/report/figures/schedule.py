"""The learning rate along training, at the recorded steps."""

from __future__ import annotations

import numpy as np
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter

from shoal.analysis import Factor, by_cell
from shoal.report.figures.learning_curves import time_label
from shoal.report.numbers import short_number
from shoal.report.style import DASHES, MUTED, colour, dash, panel
from shoal.report.summary import Summary
from shoal.report.svg import Drawing, Key, to_drawing

MOST_LINES = 6


def distinct_schedules(summary: Summary) -> tuple[list[int], tuple[Factor, ...]]:
    """One cell for each distinct schedule, and the factors over which schedules differ."""
    rates = by_cell(summary.dataset, summary.dataset["learning_rate"])
    steps = summary.dataset["step"].values
    seen: dict[bytes, int] = {}
    for cell, rate in enumerate(rates):
        present = ~np.isnan(rate)
        if present.any():
            seen.setdefault(steps[present].tobytes() + rate[present].tobytes(), cell)
    shape = tuple(len(factor.levels) for factor in summary.factors)
    grid = np.nan_to_num(rates, nan=-1.0).reshape(*shape, -1)
    differing = tuple(
        factor for axis, factor in enumerate(summary.factors) if (grid != grid.take([0], axis=axis)).any()
    )
    return list(seen.values()), differing


def draw_schedule(summary: Summary, name: str) -> Drawing | None:
    """A line for each distinct schedule, at most six; None where no rate is recorded."""
    cells, differing = distinct_schedules(summary)
    if not cells:
        return None
    shown = [
        cells[i] for i in np.unique(np.linspace(0, len(cells) - 1, min(MOST_LINES, len(cells))).astype(int))
    ]
    rates = by_cell(summary.dataset, summary.dataset["learning_rate"])
    steps = summary.dataset["step"].values
    figure, axes = panel()
    keys = []
    for i, cell in enumerate(shown):
        present = ~np.isnan(rates[cell])
        dots = {"marker": "o", "markersize": 3 if present.sum() <= 40 else 1.5}
        axes.plot(steps[present], rates[cell][present], color=colour(i), linestyle=DASHES[i], **dots)
        keys.append(Key(summary.cell_text(cell, differing), colour(i), dash(i)))
    highest = [np.nanmax(rates[cell]) for cell in shown]
    if min(highest) > 0 and max(highest) / min(highest) >= 8:
        axes.set_yscale("log")
    else:
        axes.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: short_number(value)))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.set_xlabel(time_label("step"))
    axes.set_ylabel("learning rate")
    axes.tick_params(axis="y", which="minor", color=MUTED)
    caption = _caption(len(shown), len(cells), len(rates))
    legend = tuple(keys) if len(cells) > 1 else ()
    return to_drawing(figure, name, "Learning rate", _described(rates[shown[0]]), caption, legend)


def _described(rate: np.ndarray) -> str:
    low, high = short_number(float(np.nanmin(rate))), short_number(float(np.nanmax(rate)))
    return f"Learning rate against step, between {low} and {high}."


def _caption(shown: int, schedules: int, cells: int) -> str:
    text = "Dots are the recorded steps; what the rate does between them is not drawn."
    if schedules == 1:
        return f"{text} All cells follow it." if cells > 1 else text
    return text if shown == schedules else f"{text} {shown} of {schedules} distinct schedules are drawn."

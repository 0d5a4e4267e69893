"""The learning rate above the loss curve that it shapes: two panels over the same steps."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter

from shoal.analysis import Factor, by_cell, curves
from shoal.report.figures.learning_curves import time_label
from shoal.report.numbers import short_number
from shoal.report.style import DASHES, PANEL, colour, dash
from shoal.report.summary import Summary
from shoal.report.svg import Drawing, Key, to_drawing

MOST_LINES = 6
BETWEEN = "Dots are the recorded steps; what the rate does between them is not drawn."


def draw_rate_and_loss(summary: Summary, name: str) -> Drawing | None:
    """Of the best cell of each distinct schedule, at most six; None where no rate changes while training."""
    if "train_loss" not in summary.dataset or "learning_rate" not in summary.dataset:
        return None
    rates = by_cell(summary.dataset, summary.dataset["learning_rate"]).astype(np.float64)
    cells = [cell for cell in _best_of_each(summary, rates) if _moves(rates[cell])][:MOST_LINES]
    if not cells:
        return None
    steps = summary.dataset["step"].values
    losses = curves(summary.dataset, "train_loss")
    figure = Figure(figsize=(PANEL[0], 1.45 * PANEL[1]), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(2, 3))
    for i, cell in enumerate(cells):
        style = {"color": colour(i), "linestyle": DASHES[i]}
        present = ~np.isnan(rates[cell])
        above.plot(steps[present], rates[cell][present], marker="o", markersize=2.5, **style)
        loss = losses[cell]
        below.fill_between(loss.x, loss.low, loss.high, color=colour(i), alpha=0.16, linewidth=0)
        below.plot(loss.x, loss.mean, **style)
    means = np.concatenate([losses[cell].mean for cell in cells])
    if means.size and means.min() > 0 and means.max() > 30 * means.min():
        below.set_yscale("log")
        below.yaxis.set_minor_formatter(NullFormatter())
    above.set_ylabel("learning rate")
    below.set_ylabel("training loss (nat)")
    below.set_xlabel(time_label("step"))
    below.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    below.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    for axes in (above, below):
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: short_number(float(value))))
    keys = tuple(Key(summary.cell_text(cell), colour(i), dash(i)) for i, cell in enumerate(cells))
    caption = f"The best cell of each schedule. {BETWEEN}" if len(rates) > 1 else BETWEEN
    return to_drawing(
        figure,
        name,
        "Learning rate and training loss",
        "The learning rate against step, above the training loss against the same steps.",
        caption,
        keys if summary.factors else (),
    )


def _moves(rate: np.ndarray) -> bool:
    present = rate[~np.isnan(rate)]
    return bool(present.size) and float(np.ptp(present)) > 0


def _best_of_each(summary: Summary, rates: np.ndarray) -> list[int]:
    """For each distinct schedule the cell that ranks best among those that follow it."""
    firsts, _ = distinct_schedules(summary)
    order = [*summary.ranking.order, *range(len(rates))]
    return [next(c for c in order if np.array_equal(rates[c], rates[f], equal_nan=True)) for f in firsts]


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

"""Loss against learning rate: each seed, their mean with its band, and the suggested bounds.

A schedule is drawn above the loss curve that it shapes: two panels over the same steps.
"""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from shoal.analysis import Factor, by_cell, curves
from shoal.analysis.lr_range import RateCurves
from shoal.report.figures.learning_curves import time_label
from shoal.report.numbers import short_number
from shoal.report.style import DASHES, FAINT, MUTED, PALETTE, PANEL, colour, dash, panel
from shoal.report.summary import Summary
from shoal.report.svg import Drawing, Key, to_drawing
from shoal.statistics.intervals import Interval, t_intervals

ABOVE_START = 1.6  # the axis ends at this multiple of the loss at the start: beyond it is the divergence
BOUNDS = (("minimum", PALETTE[2]), ("maximum", PALETTE[1]))


def rate_figure(curves: RateCurves, loss: str, width: float | None = None, dots: bool = False) -> Figure:
    """The figure of one cell. `dots` marks each rate, where there are few."""
    figure, axes = panel() if width is None else panel(width, 0.62 * width)
    for seed in curves.losses:
        axes.plot(curves.rates, seed, color=FAINT, linewidth=0.8, zorder=1.5)
    mean, low, high, n = t_intervals(curves.losses, axis=0)
    together = n == len(curves.losses)  # a mean over other seeds would jump where one leaves
    mean, low, high = (np.where(together, values, np.nan) for values in (mean, low, high))
    axes.fill_between(curves.rates, low, high, color=PALETTE[0], alpha=0.16, linewidth=0)
    marks = {"marker": "o", "markersize": 4} if dots else {}
    axes.plot(curves.rates, mean, color=PALETTE[0], zorder=2.5, **marks)
    for name, own in BOUNDS:
        _bound(axes, getattr(curves, name), own)
    _axes(axes, curves, loss)
    return figure


def _bound(axes: Axes, bound: Interval, colour: str) -> None:
    if not bound.n:
        return
    axes.axvline(bound.mean, color=colour, linewidth=1.2, linestyle=(0, (5, 1.5)), zorder=2)
    if bound.known:
        axes.axvspan(bound.low, bound.high, color=colour, alpha=0.10, linewidth=0, zorder=1)


def _axes(axes: Axes, curves: RateCurves, loss: str) -> None:
    rates, losses = curves.rates, curves.losses[np.isfinite(curves.losses)]
    if rates[0] > 0 and rates[-1] / rates[0] >= 10:
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(numticks=9))
        axes.xaxis.set_minor_formatter(NullFormatter())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: short_number(value)))
    axes.set_xlim(rates[0], rates[-1])
    if losses.size and np.isfinite(curves.start).any():
        start, least = float(np.nanmean(curves.start)), float(losses.min())
        top = min(float(losses.max()), ABOVE_START * start)
        margin = 0.06 * max(top - least, 1e-9)
        axes.set_ylim(least - margin, top + margin)
        axes.axhline(start, color=MUTED, linewidth=0.9, linestyle=(0, (1, 2)), zorder=1.4)
    axes.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))
    axes.set_xlabel("learning rate")
    axes.set_ylabel(loss)


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

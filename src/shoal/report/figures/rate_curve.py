"""Loss against learning rate: each seed, their mean with its band, and the suggested bounds."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from shoal.analysis import Interval, t_intervals
from shoal.analysis.lr_range import RateCurves
from shoal.report.numbers import short_number
from shoal.report.style import FAINT, MUTED, PALETTE, panel

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
    for name, colour in BOUNDS:
        _bound(axes, getattr(curves, name), colour)
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

"""Axes that figures share.

Accuracies are fractions of 1, written in percent and cut where the data are. Levels of a factor lie on a
number line, on a logarithmic one, or one place each.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator, PercentFormatter

from shoal.analysis import Factor
from shoal.report.numbers import clean, level_texts, short_number, shorten

CUT = "An interval that ends at the frame goes on beyond it."


def set_accuracy_axis(axes: Axes, label: str, values: Any, which: str = "y", reach: Any = ()) -> str:
    """Label, ticks and limits of an accuracy axis; what a caption must say of intervals that it cuts.

    The limits hold all `values` (means, seeds). `reach` (ends of intervals) widens them by at most half the
    span of the values on either side: with two seeds an interval may be ten times as wide as all the rest.
    """
    low, high = limits(values, reach, floor=0.0, ceiling=1.0, least=0.01)
    axis = axes.yaxis if which == "y" else axes.xaxis
    axis.set_major_formatter(PercentFormatter(xmax=1, symbol=""))
    axis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))
    axis.set_label_text(f"{label} (%)")
    (axes.set_ylim if which == "y" else axes.set_xlim)(low, high)
    ends = np.asarray(reach, dtype=np.float64)
    return CUT if (ends < low).any() or (ends > high).any() else ""


def limits(
    values: Any, reach: Any = (), floor: float = -np.inf, ceiling: float = np.inf, least: float = 1e-9
) -> tuple[float, float]:
    """Axis limits around values, with a margin; see `set_accuracy_axis` for `reach`."""
    values = np.asarray(values, dtype=np.float64).ravel()
    values = values[np.isfinite(values)]
    if values.size == 0:
        return (0.0, 1.0)
    low, high = values.min(), values.max()
    least = max(least, 1e-12 * max(abs(low), abs(high)))  # else nothing is left of it in rounding
    span = max(high - low, least)
    reach = np.asarray(reach, dtype=np.float64).ravel()
    reach = reach[np.isfinite(reach)]
    if reach.size:
        low, high = min(low, max(reach.min(), low - span / 2)), max(high, min(reach.max(), high + span / 2))
    margin = 0.06 * max(high - low, least)
    edge = 0.012 if ceiling == 1.0 else 0.0  # keep a marker at 100 % whole
    return max(low - margin, floor - edge), min(high + margin, ceiling + edge)


MOST_TICKS = 9


@dataclass(frozen=True)
class LevelAxis:
    """Where each level stands, in the factor's own order; `order` lists levels from left to right."""

    factor: Factor
    kind: str  # "log", "linear" or "places"
    places: np.ndarray
    order: tuple[int, ...]
    texts: tuple[str, ...]

    def dodged(self, line: int, lines: int) -> np.ndarray:
        """The places moved aside, so that intervals of several lines do not hide each other."""
        if lines < 2 or len(self.places) < 2:
            return self.places
        share = 0.16 * ((line + 0.5) / lines - 0.5)
        if self.kind == "log":
            return self.places * 10 ** (share * np.diff(np.sort(np.log10(self.places))).min())
        return self.places + share * np.diff(np.sort(self.places)).min()


def level_axis(factor: Factor) -> LevelAxis:
    """A number line for numbers (logarithmic where the study says so), else evenly spaced places.

    Numbers so uneven that a linear axis would pile them up (0, 1e-4, 0.1) get places too.
    """
    order = tuple(factor.reading_order())
    texts = tuple(level_texts(factor))
    if factor.numeric:
        values = np.array(factor.levels, dtype=np.float64)
        if factor.scale == "log" and values.min() > 0:
            return LevelAxis(factor, "log", values, order, texts)
        gaps = np.diff(np.sort(values))
        if len(gaps) == 0 or gaps.min() > 0.02 * np.ptp(values):
            return LevelAxis(factor, "linear", values, order, texts)
    places = np.empty(len(order))
    places[list(order)] = np.arange(len(order))
    return LevelAxis(factor, "places", places, order, texts)


def set_level_ticks(axes: Axes, axis: LevelAxis) -> None:
    """Ticks and label of the x axis."""
    x = axes.xaxis
    axes.set_xlabel(axis_label(axis))
    if axis.kind == "log":
        axes.set_xscale("log")
    if axis.kind == "places" or len(axis.places) <= MOST_TICKS:
        _ticks_at_levels(axes, axis)
    elif axis.kind == "log":
        x.set_major_locator(LogLocator(numticks=8))
        x.set_major_formatter(FuncFormatter(lambda value, _: short_number(value)))
    else:
        x.set_major_locator(MaxNLocator(7))
        x.set_major_formatter(FuncFormatter(lambda value, _: short_number(value)))
    x.set_minor_locator(NullLocator())


def _ticks_at_levels(axes: Axes, axis: LevelAxis) -> None:
    every = max(1, -(-len(axis.order) // 24))
    shown = axis.order[::every]
    texts = [shorten(axis.texts[level], 18) for level in shown]
    crowded = sum(len(text) + 2 for text in texts) > 44
    axes.set_xticks(
        [axis.places[level] for level in shown],
        texts,
        rotation=35 if crowded else 0,
        ha="right" if crowded else "center",
        rotation_mode="anchor" if crowded else "default",
    )
    if axis.kind == "places":
        axes.set_xlim(-0.5, len(axis.order) - 0.5)


def axis_label(axis: LevelAxis) -> str:
    """The factor's name and how its axis runs."""
    base = (
        "log2" if all(float(place).hex().startswith("0x1.0000000000000p") for place in axis.places) else "log"
    )
    note = {"log": f" ({base} scale)", "linear": "", "places": ""}[axis.kind]
    if axis.kind == "places" and axis.factor.numeric:
        note = " (levels evenly spaced)"
    return f"{shorten(clean(axis.factor.label), 40)}{note}"

"""An axis of accuracies: fractions of 1, written in percent, cut where the data are."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, PercentFormatter

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

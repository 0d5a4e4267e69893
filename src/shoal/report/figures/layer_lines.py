"""Health over steps: a line for each layer with its interval over seeds, a panel for each cell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter, PercentFormatter

from shoal.analysis import by_cell
from shoal.report.figures.layers import MOST_LAYERS, chosen_cells, evenly
from shoal.report.figures.learning_curves import time_label
from shoal.report.numbers import short_number
from shoal.report.style import DASHES, MUTED, colour, dash, panel
from shoal.report.summary import Summary
from shoal.report.svg import Drawing, Key, to_drawing
from shoal.statistics.intervals import t_intervals


@dataclass(frozen=True)
class Measure:
    """One measure of layers: its variable, how its axis is called and runs, and a mark to compare with."""

    variable: str
    title: str
    label: str
    kind: str  # "log", "share" or "linear"
    mark: float | None = None


MEASURES = (
    Measure("gradient_norm", "Gradient norm", "norm of the weight gradient (nat)", "log"),
    Measure("update_ratio", "Update ratio", "next update / weights (norms)", "log", 1e-3),
    Measure("activation_deviation", "Activations", "standard deviation of outputs", "log"),
    Measure("dead_fraction", "Dead units", "dead ReLU units (%)", "share", 0.5),
    Measure("saturated_fraction", "Saturated outputs", "saturated outputs (%)", "share", 0.5),
    Measure(
        "running_mean_lag", "Lag of running means", "distance from the probe's (deviations)", "linear", 0.25
    ),
)


def draw_layer_lines(summary: Summary, measure: Measure, name: str) -> list[Drawing]:
    """A panel for each chosen cell that has the measure, with one axis for all."""
    if measure.variable not in summary.dataset:
        return []
    data = summary.dataset[measure.variable].transpose(..., "seed", "step", "layer")
    values = by_cell(summary.dataset, data).astype(np.float64)
    values[~np.isfinite(values)] = np.nan
    if measure.kind == "log":
        values[values <= 0] = np.nan
    cells = [cell for cell in chosen_cells(summary) if np.isfinite(values[cell]).any()]
    return [_panel(summary, measure, values, cell, cells, f"{name}-{i}") for i, cell in enumerate(cells)]


def _panel(
    summary: Summary, measure: Measure, values: np.ndarray, cell: int, cells: list[int], name: str
) -> Drawing:
    names = [str(layer) for layer in summary.dataset["layer"].values]
    own = [layer for i, layer in enumerate(names) if np.isfinite(values[cell][..., i]).any()]
    if measure.variable == "activation_deviation":
        own = [layer for layer in own if not layer.startswith(("affine", "convolution", "batch_norm"))] or own
    shown = evenly(own, MOST_LAYERS)
    figure, axes = panel()
    keys, ends = [], []
    steps = summary.dataset["step"].values
    for i, layer in enumerate(shown):
        mean, low, high = _over_seeds(values[cell][..., names.index(layer)], measure.kind)
        keep = np.isfinite(mean)
        axes.fill_between(steps[keep], low[keep], high[keep], color=colour(i), alpha=0.16, linewidth=0)
        axes.plot(steps[keep], mean[keep], color=colour(i), linestyle=DASHES[i % len(DASHES)])
        keys.append(Key(layer, colour(i), dash(i)))
        ends.append(f"{layer} {short_number(float(mean[keep][-1]))}")
    _set_axes(axes, measure, values[cells])
    title = f"{measure.title}: {summary.cell_text(cell)}"
    left = f" {len(shown)} of {len(own)} layers." if len(shown) < len(own) else ""
    description = f"{measure.label} against step; at the end: {', '.join(ends)}."
    return to_drawing(figure, name, title, description, left.strip(), tuple(keys))


def _over_seeds(values: np.ndarray, kind: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean and 95 % t interval over seeds, (steps,); of logarithms where the axis is one of them."""
    taken = np.log(values) if kind == "log" else values
    mean, low, high, _ = t_intervals(taken, axis=0)
    low, high = np.where(np.isnan(low), mean, low), np.where(np.isnan(high), mean, high)
    if kind == "log":
        return np.exp(mean), np.exp(np.maximum(low, mean - 7)), np.exp(np.minimum(high, mean + 7))
    return mean, np.maximum(low, 0), high


def _set_axes(axes, measure: Measure, drawn: np.ndarray) -> None:
    axes.set_xlabel(time_label("step"))
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.set_ylabel(measure.label)
    finite = drawn[np.isfinite(drawn)]
    low, high = float(finite.min()), float(finite.max())
    if measure.kind == "log":
        axes.set_yscale("log")
        axes.set_ylim(max(low / 1.6, 1e-30), max(high * 1.6, low * 10))
        axes.yaxis.set_major_locator(LogLocator(numticks=7))
        axes.yaxis.set_minor_formatter(NullFormatter())
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: short_number(float(value))))
    elif measure.kind == "share":
        axes.set_ylim(-0.012, 1.012)
        axes.yaxis.set_major_formatter(PercentFormatter(xmax=1, symbol=""))
    else:
        axes.set_ylim(0, 1.08 * max(high, measure.mark or 0))
    if measure.mark is not None:
        axes.axhline(measure.mark, color=MUTED, linewidth=0.9, linestyle=(0, (1, 2)), zorder=1.4)

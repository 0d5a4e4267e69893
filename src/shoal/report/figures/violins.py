"""Violins of what is inside each layer, drawn from stored quantiles: how wide, how skewed, how it moves."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator
from scipy.interpolate import PchipInterpolator

from shoal.analysis import by_cell
from shoal.report.figures.layers import MOST_CELLS, MOST_VIOLINS, chosen_cells, evenly
from shoal.report.numbers import short_number
from shoal.report.style import MUTED, colour, panel
from shoal.report.summary import Summary
from shoal.report.svg import Drawing, Key, to_drawing

LIKE = 5.0  # cells whose largest numbers differ by no more share an axis
UNEVEN = 10.0  # layers that differ by more say how far they reach
WIDTH = 0.84  # of a layer's place, for all its violins together


@dataclass(frozen=True)
class Violins:
    """Of one cell: values (steps, layers, quantiles), means over seeds; names of layers, labels of steps."""

    title: str
    layers: list[str]
    steps: list[int]
    probabilities: np.ndarray
    values: np.ndarray


def violins_of(summary: Summary, variable: str, cell: int) -> Violins | None:
    """The quantiles of one cell at the first, middle and last recorded step, averaged over its seeds."""
    data = summary.dataset[variable].transpose(..., "seed", "step", "layer", "quantile")
    values = by_cell(summary.dataset, data)[cell].astype(np.float64)
    values[~_finished(summary, cell)] = np.nan
    present = np.isfinite(values).all(axis=3)
    layers = [i for i in range(values.shape[2]) if present[:, :, i].any()]
    steps = np.flatnonzero(present.any(axis=(0, 2)))
    if not layers or not steps.size:
        return None
    names = [str(name) for name in summary.dataset["layer"].values]
    if variable == "activation_quantile":
        layers = _outputs(names, layers)
    kept = evenly([names[i] for i in layers], MOST_VIOLINS)
    at = sorted({int(steps[0]), int(steps[len(steps) // 2]), int(steps[-1])})
    chosen = values[:, at][:, :, [names.index(name) for name in kept]]
    count = np.isfinite(chosen).sum(axis=0)
    mean = np.where(np.isfinite(chosen), chosen, 0).sum(axis=0) / np.where(count, count, np.nan)
    labels = [int(summary.dataset["step"].values[i]) for i in at]
    return Violins(summary.cell_text(cell), kept, labels, summary.dataset["quantile"].values, mean)


def _finished(summary: Summary, cell: int) -> np.ndarray:
    """The finished members of a cell, (seeds,)."""
    return by_cell(summary.dataset, summary.dataset["finished"].astype(bool))[cell]


def _outputs(names: list[str], layers: list[int]) -> list[int]:
    """Of activations, what the next map sees: the layer in front of each map with weights, and the last."""
    maps = ("affine", "convolution")
    ends = [a for a, b in pairwise(layers) if names[b].startswith(maps)]
    return [*ends, layers[-1]]


def draw_violins(
    summary: Summary, variable: str, label: str, name: str, most: int = MOST_CELLS
) -> list[Drawing]:
    """A panel for each chosen cell; none where the result does not have the variable."""
    if variable not in summary.dataset:
        return []
    cells = chosen_cells(summary)
    found = [violins_of(summary, variable, cell) for cell in cells]
    every = [one for one in found if one is not None][:most]
    return [_panel(one, every, label, f"{name}-{i}") for i, one in enumerate(every)]


def _panel(one: Violins, every: list[Violins], label: str, name: str) -> Drawing:
    figure, axes = panel()
    paint(axes, one, every, label)
    keys = tuple(Key(f"step {step:,}", colour(i)) for i, step in enumerate(one.steps))
    middle = ", ".join(
        f"{layer} {short_number(float(median))}"
        for layer, median in zip(one.layers, _median(one)[-1], strict=True)
        if np.isfinite(median)
    )
    description = f"{label} of each layer, {one.title}; medians at the last step: {middle}."
    return to_drawing(figure, name, one.title, description, legend=keys)


def _median(one: Violins) -> np.ndarray:
    return np.array([[np.interp(0.5, one.probabilities, q) for q in row] for row in one.values])


def paint(axes: Axes, one: Violins, every: list[Violins], label: str) -> None:
    """The violins of one cell, on an axis that suits all of `every` where it can."""
    set_scale(axes, one, every)
    each = WIDTH / len(one.steps)
    for i in range(len(one.steps)):
        for j in range(len(one.layers)):
            place = j + (i + 0.5) * each - WIDTH / 2
            if np.isfinite(one.values[i, j]).all():
                _violin(axes, place, 0.46 * each, one.probabilities, one.values[i, j], colour(i))
    crowded = sum(len(layer) + 2 for layer in one.layers) > 44
    axes.set_xticks(
        range(len(one.layers)),
        one.layers,
        rotation=35 if crowded else 0,
        ha="right" if crowded else "center",
        rotation_mode="anchor" if crowded else "default",
    )
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlim(-0.55, len(one.layers) - 0.45)
    axes.grid(visible=False, axis="x")
    axes.axhline(0, color=MUTED, linewidth=0.7, zorder=1)
    axes.set_ylabel(label)


def set_scale(axes: Axes, one: Violins, every: list[Violins]) -> None:
    """One axis for all cells where they are of like size, else this cell's own.

    Where layers differ so much that some are no more than a line, each says how far it reaches at the end.
    """
    sizes = [_reach(other.values) for other in every]
    shared = [other for other, size in zip(every, sizes, strict=True) if size > 0]
    alike = max(sizes) <= LIKE * min((size for size in sizes if size > 0), default=1.0)
    ends = np.concatenate([other.values.ravel() for other in (shared if alike and shared else [one])])
    ends = ends[np.isfinite(ends)]
    low, high = min(float(ends.min()), 0.0), max(float(ends.max()), 0.0)
    span = (high - low) or 1.0
    reaches = np.array([_reach(one.values[-1, j]) for j in range(len(one.layers))])
    uneven = reaches.max() > UNEVEN * reaches.min()
    axes.set_ylim(low - 0.06 * span, high + (0.2 if uneven else 0.06) * span)
    if uneven:
        for j, reach in enumerate(reaches):
            text = f"±{short_number(float(reach), 1)}"
            axes.text(j, high + 0.1 * span, text, ha="center", color=MUTED, fontsize=7)
    axes.yaxis.set_major_locator(MaxNLocator(6))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: short_number(float(value))))


def _reach(values: np.ndarray) -> float:
    finite = np.abs(values[np.isfinite(values)])
    return float(finite.max(initial=0.0))


def _violin(axes: Axes, place: float, half: float, p: np.ndarray, quantiles: np.ndarray, ink: str) -> None:
    low, middle, high = np.interp([0.25, 0.5, 0.75], p, quantiles)
    if quantiles[-1] - quantiles[0] > 1e-6 * np.abs(quantiles).max():
        y, width = outline(p, quantiles)
        left, right = place - half * width, place + half * width
        axes.fill_betweenx(y, left, right, color=ink, alpha=0.4, linewidth=0, zorder=2)
        axes.plot([place, place], [low, high], color=ink, linewidth=2.2, solid_capstyle="butt", zorder=3)
    axes.plot([place - half, place + half], [middle, middle], color=ink, linewidth=1.2, zorder=4)


def outline(p: np.ndarray, at: np.ndarray, points: int = 80) -> tuple[np.ndarray, np.ndarray]:
    """The shape of a violin: heights y and half widths in [0, 1], from quantiles `at` in rising order.

    The distribution function is drawn monotonely through the quantiles (PCHIP); the width is its slope, the
    density, cut at four times its median so that a spike (many equal numbers) does not flatten all the rest.
    It begins at the first quantile and ends at the last: tails beyond them are not drawn.
    """
    least = 0.004 * (at[-1] - at[0])
    rising = np.array(at)
    for i in range(1, len(rising)):
        rising[i] = max(rising[i], rising[i - 1] + least)
    y = np.linspace(rising[0], rising[-1], points)
    density = np.maximum(PchipInterpolator(rising, p).derivative()(y), 0.0)
    positive = density[density > 0]
    capped = np.minimum(density, 4 * np.median(positive)) if positive.size else density
    return y, capped / max(float(capped.max()), 1e-300)

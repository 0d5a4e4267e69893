"""Draws the pictures of docs/health.md from the studies in studies/health: each rule, sick beside healthy.

for f in studies/health/*.toml; do shoal run $f --out runs/$(basename $f .toml); done
python docs/images/health/draw.py runs
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from shoal.report.numbers import short_number
from shoal.report.style import DASHES, MUTED, colour, drawing


class Picture(NamedTuple):
    """One rule: its study, the sick and the healthy level, what is drawn, on which scale, and a mark."""

    study: str
    sick: Any
    healthy: Any
    variables: tuple[str, ...]
    label: str
    scale: str = "linear"
    mark: float | None = None


TANH = ("activation", "sigmoid", "tanh")
PICTURES = {
    "divergence": Picture("rate", 10.0, 0.1, ("train_loss",), "training loss (nat)", "log"),
    "no-learning": Picture("rate", 3.0, 0.1, ("validation_accuracy",), "validation accuracy", mark=0.1),
    "exploding-gradients": Picture(
        "initial", "normal 0.8", "glorot_normal", ("gradient_norm",), "gradient norm (nat)", "log"
    ),
    "vanishing-gradients": Picture(*TANH, ("gradient_norm",), "gradient norm (nat)", "log"),
    "dying-units": Picture("rate", 3.0, 0.1, ("dead_fraction",), "dead units (share)", mark=0.5),
    "saturation": Picture(
        "initial",
        "normal 0.8",
        "glorot_normal",
        ("saturated_fraction",),
        "saturated outputs (share)",
        mark=0.5,
    ),
    "rate-too-high": Picture("rate", 3.0, 0.1, ("update_ratio",), "update / weights", "log", 0.3),
    "rate-too-low": Picture("rate", 0.001, 0.1, ("update_ratio",), "update / weights", "log"),
    "lagging-statistics": Picture(
        "batch-norm", 0, 1, ("running_mean_lag",), "running mean from the probe's (deviations)", mark=0.25
    ),
    "overfitting": Picture("overfitting", 60, 1000, ("train_loss", "validation_loss"), "loss (nat)", "log"),
    "underfitting": Picture("underfitting", 0.12, 0.0, ("train_loss", "validation_loss"), "loss (nat)"),
}


def main() -> None:
    runs, here = Path(sys.argv[1]), Path(__file__).parent
    for name, picture in PICTURES.items():
        with xr.open_dataset(runs / picture.study / "results.nc", engine="h5netcdf") as stored:
            result = stored.load()
        with drawing():
            figure = draw(result, picture)
            FigureCanvasAgg(figure).print_png(here / f"{name}.png", metadata={"Software": None})


def draw(result: xr.Dataset, picture: Picture) -> Figure:
    """Sick on the left, healthy on the right, on one scale."""
    figure = Figure(figsize=(7.2, 2.9), dpi=130, layout="constrained")
    left, right = figure.subplots(1, 2, sharex=True, sharey=True)
    (factor,) = (name for name in result["diverged"].dims if name != "seed")
    for axes, level, title in ((left, picture.sick, "sick"), (right, picture.healthy, "healthy")):
        at = [str(value) for value in result[factor].values]
        place = level if picture.study == "batch-norm" else at.index(str(level))
        lines(axes, result.isel({factor: place}), picture)
        axes.set_title(f"{title}: {factor.replace('_', ' ')} {at[place]}", fontsize=9)
        axes.set_xlabel("step (batches seen)")
    left.set_ylabel(picture.label)
    left.set_yscale(picture.scale)
    left.yaxis.set_major_formatter(FuncFormatter(lambda value, _: short_number(float(value))))
    left.yaxis.set_minor_formatter(NullFormatter())
    handles, labels = right.get_legend_handles_labels()
    if len(labels) > 1:
        figure.legend(handles, labels, loc="outside right center", frameon=False, fontsize=8)
    return figure


def lines(axes: Axes, cell: xr.Dataset, picture: Picture) -> None:
    """Each layer (or curve) in its colour: the mean over seeds as a line, the seeds as thin ones."""
    series = []
    for variable in picture.variables:
        values = cell[variable].transpose(..., "seed", "step")
        if "layer" in values.dims:
            kept = [name for name in values["layer"].values if np.isfinite(values.sel(layer=name)).any()]
            series += [(str(name), values.sel(layer=name).values) for name in kept]
        else:
            series.append((variable.replace("_", " ").replace("train ", "training "), values.values))
    steps = cell["step"].values
    for i, (label, values) in enumerate(series):
        ink, dashes = colour(i), DASHES[i % len(DASHES)]
        axes.plot(steps, values.T, color=ink, linewidth=0.6, alpha=0.45)
        axes.plot(steps, values.mean(axis=0), color=ink, linestyle=dashes, label=label)
        for seed in np.flatnonzero(cell["diverged"].values):
            last = np.flatnonzero(np.isfinite(values[seed]))[-1]
            axes.plot(steps[last], values[seed, last], color=colour(1), marker="x", markersize=8, zorder=5)
    if picture.mark is not None:
        axes.axhline(picture.mark, color=MUTED, linewidth=1, linestyle=(0, (1, 2)))


if __name__ == "__main__":
    main()

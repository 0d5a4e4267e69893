"""Curves over training: the mean over seeds at each recorded step, with its band."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from shoal.analysis.factors import by_cell
from shoal.statistics.intervals import t_intervals


@dataclass(frozen=True)
class Curve:
    """One cell's curve, each array (points,): x is `step` or `epoch`; low and high are NaN where n < 2."""

    x: np.ndarray
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    n: np.ndarray


def curves(dataset: xr.Dataset, name: str, x: str = "step") -> list[Curve]:
    """The mean +- 95 % t interval over seeds of a variable at each step, one curve a cell.

    Steps at which the cell has no record are left out. Infinite values and NaNs (a diverged member after
    it diverged) do not enter the mean, so the curve is of the n members that still have a value.
    """
    values = by_cell(dataset, dataset[name].transpose(..., "seed", "step")).astype(np.float64)
    values = np.where(np.isfinite(values), values, np.nan)
    mean, low, high, n = t_intervals(values, axis=1)
    xs = by_cell(dataset, dataset[x]).astype(np.float64)
    found = []
    for cell in range(len(values)):
        along = xs[cell]
        keep = (n[cell] > 0) & ~np.isnan(along)
        found.append(Curve(along[keep], mean[cell][keep], low[cell][keep], high[cell][keep], n[cell][keep]))
    return found


def time_axis(dataset: xr.Dataset) -> str:
    """What to draw curves against: "epoch" where cells of unlike batch sizes agree only in that."""
    if "epoch" not in dataset:
        return "step"
    epochs = by_cell(dataset, dataset["epoch"])
    recorded = ~np.isnan(epochs)
    if not recorded.any(axis=1).all():
        return "step"
    last = epochs.shape[1] - 1 - recorded[:, ::-1].argmax(axis=1)
    same_steps = len(set(last.tolist())) == 1
    same_epochs = np.allclose(np.ptp(epochs[np.arange(len(epochs)), last]), 0, atol=1e-3)
    return "epoch" if same_epochs and not same_steps else "step"

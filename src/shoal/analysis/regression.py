"""What a regression came to: losses, and the share of networks whose prediction is one constant."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from shoal.analysis.factors import by_cell
from shoal.analysis.final import final_values
from shoal.statistics.intervals import Interval, mean_interval, wilson


@dataclass(frozen=True)
class Fit:
    """One cell of a regression. `losses` (seeds,): final losses on fresh points, NaN where diverged.

    collapsed: the share of finished networks whose predictions on the fresh points are all the same number,
    to the last bit, with its 95 % Wilson interval; None where no fresh points were drawn.
    """

    cell: int
    losses: np.ndarray
    loss: Interval
    collapsed: Interval | None
    finished: int
    diverged: int


def is_regression(dataset: xr.Dataset) -> bool:
    """Whether a result has no accuracy to rank by."""
    return "train_accuracy" not in dataset


def loss_name(dataset: xr.Dataset) -> str:
    """The loss that is judged: on test points, else on validation or training points."""
    return next(name for name in ("test_loss", "validation_loss", "train_loss") if name in dataset)


def fits(dataset: xr.Dataset) -> list[Fit]:
    """Every cell, in the order of the study."""
    losses = by_cell(dataset, final_values(dataset, loss_name(dataset)))
    finished = by_cell(dataset, dataset["finished"].astype(bool))
    diverged = by_cell(dataset, dataset["diverged"].astype(bool))
    collapsed = by_cell(dataset, dataset["collapsed"].astype(bool)) if "collapsed" in dataset else None
    found = []
    for cell, own in enumerate(losses):
        count = int(finished[cell].sum())
        share = None
        if collapsed is not None and count > 0:
            share = wilson(int((collapsed[cell] & finished[cell]).sum()), count)
        found.append(Fit(cell, own, mean_interval(own), share, count, int(diverged[cell].sum())))
    return found

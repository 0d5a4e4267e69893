"""From a loss along rising rates to a suggested minimum and maximum, with intervals over seeds.

The loss begins to fall at the minimum, and stops falling at the maximum (Smith 2017, "Cyclical learning rates
for training neural networks", section 3.3). "Begins" is a tenth of the whole fall; where it ends depends on
how the losses came about:
ramp  nine tenths of the fall: its very lowest point is the last step before it climbs
grid  the lowest loss: every rate had a training of its own
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from shoal.analysis.factors import by_cell, json_attribute
from shoal.analysis.final import last_recorded
from shoal.statistics.intervals import Interval, t_intervals

BEGUN, DONE = 0.1, 0.9
LEAST_FALL = 0.05  # of the loss at the start; a smaller fall suggests nothing


@dataclass(frozen=True)
class Suggestion:
    """Rates read off one curve: where the loss begins to fall, where it stops, and where it falls fastest."""

    minimum: float
    maximum: float
    steepest: float


NOTHING = Suggestion(np.nan, np.nan, np.nan)


@dataclass(frozen=True)
class RateCurves:
    """One cell's losses along the rates (rates,), (seeds, rates): NaN where a member had diverged.

    `start` (seeds,) is the loss before anything was learned, `suggestions` one a seed. The intervals are of
    the geometric mean over the seeds that suggest something.
    """

    cell: int
    rates: np.ndarray
    losses: np.ndarray
    start: np.ndarray
    suggestions: tuple[Suggestion, ...]

    @property
    def minimum(self) -> Interval:
        return geometric_interval([s.minimum for s in self.suggestions])

    @property
    def maximum(self) -> Interval:
        return geometric_interval([s.maximum for s in self.suggestions])

    @property
    def steepest(self) -> Interval:
        return geometric_interval([s.steepest for s in self.suggestions])


def suggest(rates: np.ndarray, losses: np.ndarray, start: float, done: float = DONE) -> Suggestion:
    """What a curve suggests: rates (n,) that rise, losses (n,), NaN once diverged, and their level before.

    fall = start - lowest loss. minimum: the first rate from which on, up to the lowest, the loss stays at or
    below start - fall / 10. maximum: the first rate from there at which it is at most start - done * fall.
    steepest: between them, the rate of the most negative d loss / d log(rate) (d rate, where rates are evenly
    spaced), a difference over a twenty-fifth of the rates.
    Nothing (NaN) where the fall is less than a twentieth of the start, or nothing is finite.
    """
    finite = np.isfinite(losses)
    if not finite.any() or not np.isfinite(start):
        return NOTHING
    lowest = int(np.nanargmin(np.where(finite, losses, np.nan)))
    fall = start - losses[lowest]
    if fall < LEAST_FALL * abs(start):
        return NOTHING
    until = np.where(finite[: lowest + 1], losses[: lowest + 1], np.inf)
    above = np.flatnonzero(until > start - BEGUN * fall)
    first = int(above[-1]) + 1 if above.size else 0
    last = first + int(np.argmax(until[first:] <= start - done * fall))
    steepest = _steepest(rates, losses, range(first, last + 1))
    return Suggestion(float(rates[first]), float(rates[last]), float(rates[steepest]))


def _steepest(rates: np.ndarray, losses: np.ndarray, among: range) -> int:
    even = np.allclose(np.diff(rates), rates[1] - rates[0], rtol=1e-6, atol=0)
    along = rates if even else np.log(rates)
    reach, final = max(1, len(rates) // 50), len(rates) - 1
    places = np.array(among)
    before, after = np.maximum(places - reach, 0), np.minimum(places + reach, final)
    slopes = (losses[after] - losses[before]) / (along[after] - along[before])
    return int(places[np.nanargmin(slopes)]) if np.isfinite(slopes).any() else int(places[0])


def geometric_interval(rates: list[float]) -> Interval:
    """The geometric mean of rates with its 95 % t interval on the logarithm; NaNs are left out."""
    with np.errstate(divide="ignore"):
        mean, low, high, n = (float(v) for v in t_intervals(np.log(np.array(rates, np.float64)), 0))
    return Interval(float(np.exp(mean)), float(np.exp(low)), float(np.exp(high)), int(n))


def ramp_curves(dataset: xr.Dataset) -> list[RateCurves]:
    """The curves of a ramp, one a cell: smoothed losses up to the divergence.

    The start is the mean of the first losses, as many as the smoothing reaches back.
    """
    rates, steps = dataset["rate"].values, dataset.sizes["step"]
    settings = json_attribute(dataset, "lr_range", {})
    first = max(1, round(1 / (1 - settings["memory"])))
    stopped = dataset["stopped_step"]
    kept = dataset["smoothed"].where(dataset["step"] < stopped)
    smoothed = by_cell(dataset, kept.transpose(..., "seed", "step"))
    losses = by_cell(dataset, dataset["loss"].transpose(..., "seed", "step"))
    start = losses[..., : min(first, steps)].mean(axis=-1)
    return [_curves(cell, rates, smoothed[cell], start[cell], DONE) for cell in range(len(smoothed))]


def grid_curves(dataset: xr.Dataset, dimension: str) -> list[RateCurves]:
    """The curves of a grid, one for each combination of the other factors: final training losses by rate."""
    loss = dataset["train_loss"]
    rates = np.sort(dataset[dimension].values)
    final = (
        last_recorded(loss).where(~dataset["diverged"].astype(bool)).where(dataset["finished"].astype(bool))
    )
    others = [name for name in final.dims if name not in (dimension, "seed")]
    final = final.sortby(dimension).transpose(*others, "seed", dimension)
    before = loss.isel(step=0).mean(dimension).transpose(*others, "seed")
    losses = final.values.reshape(-1, *final.shape[-2:])
    start = before.values.reshape(len(losses), -1)
    return [_curves(cell, rates, losses[cell], start[cell], 1.0) for cell in range(len(losses))]


def _curves(cell: int, rates: np.ndarray, losses: np.ndarray, start: np.ndarray, done: float) -> RateCurves:
    found = tuple(suggest(rates, own, float(level), done) for own, level in zip(losses, start, strict=True))
    return RateCurves(cell, rates, losses, start, found)


def middle_cell(curves: list[RateCurves]) -> RateCurves | None:
    """The cell whose maximum is the middle one of all (the lower of two). None where nothing is suggested."""
    known = sorted((own for own in curves if own.maximum.n), key=lambda own: own.maximum.mean)
    return known[(len(known) - 1) // 2] if known else None

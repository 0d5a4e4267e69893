"""A result as the rules of health look at it: arrays with cells in front, and each member's last record."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import xarray as xr

from shoal.analysis.factors import by_cell, json_attribute
from shoal.analysis.final import chance


class HealthData:
    """Arrays of a result: layered (cells, seeds, steps, layers), curves (cells, seeds, steps)."""

    def __init__(self, dataset: xr.Dataset) -> None:
        self.dataset = dataset
        self.steps = dataset["step"].values
        self.layers = [str(name) for name in dataset["layer"].values] if "layer" in dataset.coords else []
        self.finished: np.ndarray = by_cell(dataset, dataset["finished"].astype(bool))
        self.diverged: np.ndarray = by_cell(dataset, dataset["diverged"].astype(bool))
        self.diverged_step = by_cell(dataset, dataset["diverged_step"])

    def has(self, *names: str) -> bool:
        return all(name in self.dataset for name in names)

    def layered(self, name: str) -> np.ndarray:
        """(cells, seeds, steps, layers), float64; NaN where a member has no such layer or step."""
        variable = self.dataset[name].transpose(..., "seed", "step", "layer")
        return by_cell(self.dataset, variable).astype(np.float64)

    def curve(self, name: str) -> np.ndarray:
        """(cells, seeds, steps), float64."""
        return by_cell(self.dataset, self.dataset[name].transpose(..., "seed", "step")).astype(np.float64)

    @cached_property
    def train_loss(self) -> np.ndarray:
        return self.curve("train_loss")

    @cached_property
    def chance_loss(self) -> np.ndarray:
        """The loss that a network has before it has learned anything, (cells, seeds): ln C for C classes, or
        the first training loss where that is lower or classes are unknown."""
        first = self.train_loss[..., 0]
        return np.fmin(first, -np.log(self.chance)) if 0 < self.chance < 1 else first

    @cached_property
    def data(self) -> list[dict[str, Any]]:
        """What the result says of its data sets."""
        described = json_attribute(self.dataset, "data", {})
        return [
            one
            for one in (described if isinstance(described, list) else [described])
            if isinstance(one, dict)
        ]

    @cached_property
    def chance(self) -> float:
        """The accuracy of guessing among all classes alike; 0 where they are unknown."""
        classes = [int(one["classes"]) for one in self.data if "classes" in one]
        return 1 / min(classes) if classes else chance(self.dataset)

    @cached_property
    def recorded(self) -> np.ndarray:
        """Steps at which a cell has a record, (cells, steps)."""
        for along in ("epoch", "learning_rate"):  # full-batch optimizers have no rate
            if along in self.dataset:
                return np.logical_not(np.isnan(by_cell(self.dataset, self.dataset[along])))
        return np.logical_not(np.isnan(self.train_loss).all(axis=1))

    @cached_property
    def last(self) -> np.ndarray:
        """The index of each cell's last recorded step, (cells,)."""
        return self.recorded.shape[1] - 1 - self.recorded[:, ::-1].argmax(axis=1)

    @property
    def sound(self) -> np.ndarray:
        """Members that are finished and did not diverge, (cells, seeds)."""
        return np.logical_and(self.finished, np.logical_not(self.diverged))

    def at_end(self, curve: np.ndarray) -> np.ndarray:
        """The value at the last recorded step: of (cells, seeds, steps, ...), (cells, seeds, ...)."""
        return curve[np.arange(len(curve)), :, self.last]

    @cached_property
    def barely_trained(self) -> np.ndarray:
        """Members that end with more than half of the loss of guessing on training data, (cells, seeds)."""
        with np.errstate(invalid="ignore"):
            return np.logical_and(self.sound, self.at_end(self.train_loss) > 0.5 * self.chance_loss)

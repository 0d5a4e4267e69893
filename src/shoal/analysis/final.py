"""Where each member ended: its last recorded value, also when it diverged or was interrupted."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from shoal.analysis.factors import json_attribute


def last_recorded(variable: xr.DataArray) -> xr.DataArray:
    """The last value along `step` that is not NaN, cell by cell (records may differ); NaN where none is."""
    values = variable.transpose(..., "step").values
    present = ~np.isnan(values)
    last = values.shape[-1] - 1 - present[..., ::-1].argmax(axis=-1)
    picked = np.take_along_axis(values, last[..., None], axis=-1)[..., 0]
    dims = [dim for dim in variable.dims if dim != "step"]
    coords = {name: coord for name, coord in variable.coords.items() if "step" not in coord.dims}
    return xr.DataArray(picked.astype(np.float64), coords=coords, dims=dims, attrs=variable.attrs)


def final_values(dataset: xr.Dataset, name: str) -> xr.DataArray:
    """Final value of a variable per member, (factors..., seed), as float64.

    An unfinished member has NaN. A diverged member has no final loss or cost (NaN); its final accuracy
    is what was recorded at or after the step at which it diverged, or else chance, 1/C: weights that are
    NaN classify nothing, however well they did before.
    """
    variable = dataset[name]
    final = last_recorded(variable) if "step" in variable.dims else variable.astype(np.float64)
    diverged = dataset["diverged"].astype(bool)
    if name.endswith("accuracy"):
        final = final.where(~diverged, _after_divergence(dataset, variable))
    else:
        final = final.where(~diverged & np.isfinite(final))
    return final.where(dataset["finished"].astype(bool)).transpose(*dataset["diverged"].dims)


def _after_divergence(dataset: xr.Dataset, variable: xr.DataArray) -> xr.DataArray:
    if "step" not in variable.dims:
        return variable.astype(np.float64).fillna(chance(dataset))
    after = variable.where(dataset["step"] >= dataset["diverged_step"])
    return last_recorded(after.transpose(..., "step")).fillna(chance(dataset))


def chance(dataset: xr.Dataset) -> float:
    """The accuracy of guessing among C classes, 1/C; 0 where a result does not say its classes."""
    if "class" in dataset.sizes:
        return 1.0 / dataset.sizes["class"]
    return 0.0


def ranking_metric(dataset: xr.Dataset) -> str:
    """What cells are ranked by: validation accuracy, or training accuracy where nothing was held out.

    Never test accuracy: a choice made on test data leaves no honest figure to report.
    """
    return "validation_accuracy" if "validation_accuracy" in dataset else "train_accuracy"


def resolution(dataset: xr.Dataset, metric: str) -> float:
    """The step between possible accuracies, 1/N on N examples; 0 if the result does not say N.

    Where cells differ in their data, that of the smallest.
    """
    part = metric.removesuffix("_accuracy")
    if part == "train" and "train_examples_recorded" in dataset.attrs:
        counts = [dataset.attrs["train_examples_recorded"]]
    else:
        data = json_attribute(dataset, "data", {})
        counts = [_count(one, part) for one in (data if isinstance(data, list) else [data])]
    known = [int(count) for count in counts if isinstance(count, int | float | np.number) and count >= 1]
    return 1.0 / min(known) if known else 0.0


def _count(description: Any, part: str) -> Any:
    counts = description.get("counts") if isinstance(description, dict) else None
    return counts.get(part) if isinstance(counts, dict) else None

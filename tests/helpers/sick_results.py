"""Made-up results with health in them: one cell, two seeds, four recorded steps, layers of every kind."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from synthetic import make_result

LAYERS = ("affine_1", "batch_norm_1", "relu_1", "affine_2", "tanh_1", "affine_3")
WEIGHTS = ("affine_1", "affine_2", "affine_3")
HEALTHY: dict[str, tuple[tuple[str, ...], float]] = {
    "activation_mean": (LAYERS, 0.1),
    "activation_deviation": (LAYERS, 1.0),
    "gradient_norm": (WEIGHTS, 0.1),
    "gradient_deviation": (WEIGHTS, 0.01),
    "weight_norm": (WEIGHTS, 10.0),
    "update_ratio": (WEIGHTS, 1e-2),
    "dead_fraction": (("relu_1",), 0.1),
    "saturated_fraction": (("tanh_1",), 0.1),
    "running_mean_lag": (("batch_norm_1",), 0.05),
    "running_deviation_lag": (("batch_norm_1",), 0.05),
}
QUANTILES = {
    "activation_quantile": LAYERS,
    "gradient_quantile": WEIGHTS,
    "gamma_quantile": ("batch_norm_1",),
    "beta_quantile": ("batch_norm_1",),
    "running_mean_quantile": ("batch_norm_1",),
    "running_variance_quantile": ("batch_norm_1",),
}
P = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)


def healthy(factors: tuple[str, ...] = (), seeds: int = 2, **more: Any) -> xr.Dataset:
    """A result in which no rule holds. Training loss falls from 2.3 to 0.3, and is at 1.3 in the middle."""
    result = make_result(factors, seeds, steps=4, noise=0.0, **more)
    for part in ("train", "validation"):
        result[f"{part}_loss"].values[:] = [2.3, 1.3, 0.8, 0.3]
        result[f"{part}_accuracy"].values[:] = [0.1, 0.5, 0.7, 0.9]
    dims = (*result["train_loss"].dims, "layer")
    full = (*result["train_loss"].shape, len(LAYERS))
    for name, (layers, value) in HEALTHY.items():
        values = np.full(full, np.nan)
        values[..., [LAYERS.index(layer) for layer in layers]] = value
        result[name] = (dims, values, {"units": "1", "long_name": name})
    shape = np.array([-2.3, -1.6, -0.7, 0, 0.7, 1.6, 2.3])
    for name, layers in QUANTILES.items():
        values = np.full((*full, len(P)), np.nan)
        values[..., [LAYERS.index(layer) for layer in layers], :] = shape
        result[name] = ((*dims, "quantile"), values, {"units": "1", "long_name": name})
    return result.assign_coords(layer=list(LAYERS), quantile=list(P)).assign_attrs(health='{"examples": 256}')


def put(result: xr.Dataset, name: str, value: Any, layer: str | None = None, **where: Any) -> xr.Dataset:
    """The result with other values of one variable, at one layer and other coordinates."""
    at = {"layer": layer, **where} if layer else where
    result[name].loc[at] = value
    return result

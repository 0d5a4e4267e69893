"""The splits of a data set on the device, and how their inputs are standardized."""

from __future__ import annotations

from typing import NamedTuple

from jax import Array


class DeviceSplit(NamedTuple):
    """Examples on the device, as they came: inputs (n, ...) often uint8, labels (n,) int32."""

    inputs: Array
    labels: Array


class Standardization(NamedTuple):
    """x = (input - offset) * scale, over the features."""

    offset: Array
    scale: Array


def standardize(inputs: Array, scale: Standardization) -> Array:
    """Inputs in the scale's dtype, standardized."""
    return (inputs.astype(scale.offset.dtype) - scale.offset) * scale.scale

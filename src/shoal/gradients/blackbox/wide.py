"""Float32 parameters handed over in float64 where the loss takes them: its slopes are known better there."""

from __future__ import annotations

import warnings

import numpy as np

from .loss import Loss
from .noise import COARSE, measure_noise

NEAR = 1e-3  # both values must agree to this share


def widen(loss: Loss) -> list[str]:
    """Leave `loss` handing out float64 if it computes in it and finds the same value; a note that says so.

    A loss that refuses (PyTorch does not mix widths, JAX has float64 switched off) is left as it is: what it
    raises then is an answer, not an error.
    """
    parameters = loss.parameters
    if not parameters.single:
        return []
    narrow = loss.at(parameters.base)
    loss.widen(True)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            wide = loss.at(parameters.base)
    except Exception:
        wide = np.nan
    if abs(wide - narrow) <= NEAR * abs(narrow):
        sizes = [float(np.sqrt(np.mean(b * b))) or 1.0 for b in parameters.base]
        if measure_noise(loss, parameters.base, sizes, wide) <= COARSE * abs(wide):
            return ["The gradients are float32; slopes were taken in float64, which the loss accepts."]
    loss.widen(False)
    return []

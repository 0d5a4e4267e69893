"""Arrays of several sizes in one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def stack_padded(values: Sequence[np.ndarray]) -> np.ndarray:
    """Arrays of one number of axes as (array, ...) in float32, NaN where one is smaller than the largest."""
    shape = np.max([value.shape for value in values], axis=0)
    stacked = np.full((len(values), *shape), np.nan, np.float32)
    for i, value in enumerate(values):
        stacked[(i, *(slice(size) for size in value.shape))] = value
    return stacked

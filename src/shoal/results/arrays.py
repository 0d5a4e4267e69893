"""Arrays of several sizes in one."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np

from shoal.population.train import ChunkResult
from shoal.study.settings.levels import level_label
from shoal.study.settings.study import Factor


def stack_padded(values: Sequence[np.ndarray]) -> np.ndarray:
    """Arrays of one number of axes as (array, ...) in float32, NaN where one is smaller than the largest."""
    shape = np.max([value.shape for value in values], axis=0)
    stacked = np.full((len(values), *shape), np.nan, np.float32)
    for i, value in enumerate(values):
        stacked[(i, *(slice(size) for size in value.shape))] = value
    return stacked


def coordinate_of(factor: Factor) -> tuple[np.ndarray, dict[str, str]]:
    """The coordinate of a factor and its attributes."""
    levels = factor.levels
    attributes = {"path": factor.path, "long_name": factor.path, "units": "1"}
    if all(isinstance(level, bool) for level in levels):
        return np.array(levels), {**attributes, "scale": "category"}
    numbers = all(isinstance(level, (int, float)) and not isinstance(level, bool) for level in levels)
    if numbers and not (factor.path == "data.pca" and min(levels) < 1 <= max(levels)):  # shares and counts
        return np.array(levels), {**attributes, "scale": _scale_of(levels)}
    return np.array(factor.labels, dtype=object), {**attributes, "scale": "category"}


def _scale_of(levels: Sequence[float]) -> str:
    """ "log" where all levels are positive and span a decade or more."""
    return "log" if min(levels) > 0 and max(levels) / min(levels) >= 10 else "linear"


def named_weights(results: Sequence[ChunkResult], best: str | None) -> dict[str, np.ndarray]:
    """Final weights by "cell label/seed=0/layer.parameter"; of the best cell alone where it is given."""
    named: dict[str, np.ndarray] = {}
    for result in results:
        for i, position in enumerate(result.chunk.cells):
            cell = result.chunk.program.cells[position]
            labels = {path: level_label(level) for path, level in cell.levels.items()}
            if best is not None and labels != json.loads(best):
                continue
            for j, seed in enumerate(result.chunk.seeds):
                for name, value in result.weights.items():
                    named[f"{cell.label}/seed={seed}/{name}"] = value[i, j]
    return named

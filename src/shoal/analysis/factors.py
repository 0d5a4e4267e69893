"""What a study varied: factors, levels and cells of a result, read off its dimensions."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

NOT_FACTORS = frozenset({"seed", "step", "class", "predicted", "layer", "quantile"})


@dataclass(frozen=True)
class Factor:
    """One dimension that the study varied. `scale` is "log", "linear" or "category"."""

    name: str
    path: str
    label: str
    scale: str
    levels: tuple[Any, ...]

    @property
    def numeric(self) -> bool:
        """Whether its levels lie on a number line (True and False do not)."""
        return self.scale != "category" and all(
            isinstance(level, int | float) and not isinstance(level, bool) for level in self.levels
        )

    def reading_order(self) -> list[int]:
        """Indices of the levels as a reader expects them: numbers ascending, others as in the study."""
        indices = list(range(len(self.levels)))
        return sorted(indices, key=lambda i: self.levels[i]) if self.numeric else indices


def factors(dataset: xr.Dataset) -> tuple[Factor, ...]:
    """The factors in the order of the result's dimensions; empty for a study without any."""
    return tuple(_factor(dataset, str(name)) for name in dataset["diverged"].dims if name not in NOT_FACTORS)


def _factor(dataset: xr.Dataset, name: str) -> Factor:
    coordinate = dataset[name]
    attrs = coordinate.attrs
    levels = tuple(level.item() if isinstance(level, np.generic) else level for level in coordinate.values)
    return Factor(
        name,
        str(attrs.get("path", name)),
        _label(name, attrs),
        str(attrs.get("scale", "category")),
        levels,
    )


def _label(name: str, attrs: Mapping[Any, Any]) -> str:
    """The long name, or, where that is no more than the dotted path, its readable end: L2, schedule max."""
    path = str(attrs.get("path", name))
    given = str(attrs.get("long_name") or path)
    if given not in (path, name):
        return given
    return " ".join(
        {"l2": "L2", "pca": "PCA"}.get(word, word) for word in re.split(r"[._]", path.split(".", 1)[-1])
    )


def cell_shape(dataset: xr.Dataset) -> tuple[int, ...]:
    """Number of levels of each factor: cells are counted in C order over it. () for one cell."""
    return tuple(len(factor.levels) for factor in factors(dataset))


def by_cell(dataset: xr.Dataset, variable: xr.DataArray) -> np.ndarray:
    """A variable over (factors..., rest...) as (cells, rest...); factors that it lacks are repeated."""
    names = [factor.name for factor in factors(dataset)]
    missing = {name: dataset.sizes[name] for name in names if name not in variable.dims}
    variable = variable.expand_dims(missing) if missing else variable
    variable = variable.transpose(*names, ...)
    rest = variable.shape[len(names) :]
    return np.asarray(variable.values).reshape(-1, *rest)


def cell_levels(dataset: xr.Dataset, cell: int) -> dict[str, Any]:
    """The level of each factor, by dimension name, in one cell."""
    every = factors(dataset)
    index = np.unravel_index(cell, cell_shape(dataset)) if every else ()
    return {factor.name: factor.levels[int(i)] for factor, i in zip(every, index, strict=True)}


def find_cell(dataset: xr.Dataset, levels: Mapping[str, Any]) -> int | None:
    """The cell with these levels (by dimension name or dotted path), or None if there is none."""
    index = []
    for factor in factors(dataset):
        wanted = levels.get(factor.name, levels.get(factor.path))
        hits = [i for i, level in enumerate(factor.levels) if _same(level, wanted)]
        if not hits:
            return None
        index.append(hits[0])
    return int(np.ravel_multi_index(index, cell_shape(dataset))) if index else 0


def _same(level: Any, wanted: Any) -> bool:
    """Whether `wanted` names this level, as a value or as the text that a result writes for it."""
    if isinstance(level, bool) or isinstance(wanted, bool):
        return str(level).lower() == str(wanted).lower()
    if isinstance(level, int | float):
        try:
            return math.isclose(level, float(wanted), rel_tol=1e-5)
        except (TypeError, ValueError):
            return False
    return str(level) == str(wanted)


def json_attribute(dataset: xr.Dataset, name: str, default: Any = None) -> Any:
    """An attribute that holds JSON, decoded; plain text that is not JSON comes back as it is."""
    text = dataset.attrs.get(name)
    if not isinstance(text, str):
        return default if text is None else text
    try:
        return json.loads(text)
    except ValueError:
        return text or default

"""Results made of given numbers, as a study would have given them."""

from __future__ import annotations

import itertools
import json
from typing import Any

import numpy as np
import xarray as xr

from shoal.reproduce.adapt import Mode
from shoal.reproduce.evidence import ReproductionData

COUNTS = {"train": 45000, "validation": 5000, "test": 10000}


def result(factors: dict[str, list[Any]], of: Any, *, names: tuple[str, ...], seeds: int = 5, steps=(0, 100)):
    """A result whose variables `names` have of(name, step, **levels) plus a little for each seed."""
    shape = [len(levels) for levels in factors.values()]
    spread = 1e-3 * np.linspace(-1, 1, seeds)
    data = {}
    for name in names:
        values = np.empty((*shape, seeds, len(steps)))
        for index in itertools.product(*map(range, shape)):
            levels = {k: v[i] for (k, v), i in zip(factors.items(), index, strict=True)}
            at = [of(name=name, step=step, **levels) for step in steps]
            values[index] = np.array(at)[None, :] + spread[:, None]
        last = name.startswith("test")
        data[name] = ((*factors, "seed"), values[..., -1]) if last else ((*factors, "seed", "step"), values)
    members = ((*factors, "seed"), np.zeros((*shape, seeds), bool))
    data |= {
        "diverged": members,
        "finished": (members[0], ~members[1]),
        "diverged_step": (members[0], np.full((*shape, seeds), -1)),
    }
    coords = {k: np.array(v, dtype=object if isinstance(v[0], str) else None) for k, v in factors.items()}
    coords |= {"seed": np.arange(seeds), "step": np.array(steps), "class": np.arange(10)}
    attributes = {"data": json.dumps({"counts": COUNTS}), "train_examples_recorded": 10000}
    return xr.Dataset(data, coords, {**attributes, "parameters": json.dumps([8230, 8650])})


def evidence(results=None, computed=None, **mode: Any) -> ReproductionData:
    """Evidence of these results."""
    return ReproductionData(Mode(**mode), results or {}, computed or {})

"""What the stored path of a search holds: the contract between who writes search.nc and who reads it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import xarray as xr
from pydantic import BaseModel, Field, TypeAdapter

from shoal.results.result_schema import Seconds, Share, Whole, refuse
from shoal.results.schema import MOST_LARGE, Schema, Variable, mistakes
from shoal.text import printable

Number = Annotated[float, Field(ge=-MOST_LARGE, le=MOST_LARGE)]


class Round(BaseModel):
    """What a round decided."""

    trials: list[Whole]
    ranges: dict[str, tuple[Number, Number]]
    words: str
    network_steps: Whole
    seconds: Seconds
    seconds_compile: Seconds


class Search(BaseModel):
    """The attribute `search`."""

    strategy: str
    metric: str
    resolution: Share
    factors: Annotated[dict[str, str], Field(min_length=1)]
    rounds_run: Annotated[list[Round], Field(min_length=1)]
    finalists_chosen: list[Whole]
    best: dict[str, str]
    network_steps: Whole


_EACH, _OWN = ("trial", "seed"), ("trial",)
SEARCH = Schema(
    {
        "trial": Variable(_OWN, "iu", required=True, least=0),
        "seed": Variable(("seed",), "iu", required=True),
        "fresh_seed": Variable(("fresh_seed",), "iu", required=True),
        "step": Variable(("step",), "iu", required=True, least=0, rising=True),
        "score": Variable(_EACH, "f", required=True, gaps=True, infinite=True),
        "curve": Variable((*_EACH, "step"), "f", required=True, gaps=True, infinite=True),
        "diverged_step": Variable(_EACH, "iu", required=True, least=-1),
        "round": Variable(_OWN, "iu", required=True, least=0),
        "rung": Variable(_OWN, "iu", required=True, least=0),
        "steps": Variable(_OWN, "iu", required=True, least=1),
        "status": Variable(_OWN, "U", required=True),
        "reason": Variable(_OWN, "U", required=True),
        "fresh_score": Variable(("trial", "fresh_seed"), "f", required=True, gaps=True, infinite=True),
    },
    {"question": str, "study": str, "status": Literal["complete", "interrupted"]},
    {"search": Search},
    frozenset({"study", "status", "search"}),
)


def check_search(dataset: xr.Dataset, path: Path) -> xr.Dataset:
    """The same labelled array. Raises RunError where it does not hold what the path of a search must; `path`
    is what messages call it."""
    refuse(path, mistakes(dataset, SEARCH))
    found = TypeAdapter(Search).validate_json(dataset.attrs["search"])
    refuse(path, [*_factor_mistakes(dataset, found), *_trial_mistakes(dataset, found)])
    return dataset


def _factor_mistakes(dataset: xr.Dataset, found: Search) -> Iterator[str]:
    for name in found.factors:
        shown = printable(repr(name), 60)
        if name in SEARCH.variables or name not in dataset.variables:
            yield f"the values of {shown} are missing"
            continue
        stored, scale = dataset.variables[name], dataset.variables[name].attrs.get("scale")
        numbers = stored.dtype.kind in "iuf" and bool((np.abs(stored.values) <= MOST_LARGE).all())
        if stored.dims != _OWN or not (numbers or stored.dtype.kind in "bU"):
            yield f"the values of {shown} are not one finite number or text a trial"
        elif scale not in ("log", "linear", "category") or (scale != "category" and not numbers):
            yield f"{shown} has a scale other than log, linear or category, or one that is not for it"
        elif scale == "log" and stored.values.min() <= 0:
            yield f"the values of {shown} are not all above 0, as their log scale needs"


def _trial_mistakes(dataset: xr.Dataset, found: Search) -> Iterator[str]:
    numbers, rounds = dataset["trial"].values, dataset["round"].values
    if not len(numbers) or not dataset.sizes["seed"] or len(np.unique(numbers)) < len(numbers):
        yield "its trials are none, or two have one number"
    if not set(found.finalists_chosen) <= set(numbers.tolist()):
        yield "'finalists_chosen' names trials that are not there"
    if set(rounds.tolist()) != set(range(len(found.rounds_run))):
        yield "'rounds_run' does not describe the rounds of its trials"
    if "best" not in dataset["status"].values:
        yield "no trial is the best"
    if any(not own.ranges.keys() <= set(found.factors.values()) for own in found.rounds_run):
        yield "'rounds_run' has ranges of other factors than were searched"

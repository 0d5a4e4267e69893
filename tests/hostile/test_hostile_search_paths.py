"""Whatever stands in search.nc, the path of the search is drawn, or refused in one message."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

sys.path.insert(0, str(Path(__file__).parent.parent / "study"))
sys.path.insert(0, str(Path(__file__).parent.parent / "study" / "search"))

from searches import L2, search_study, searched, untrained
from shoal.errors import RunError
from shoal.report.search import sentences
from shoal.results.search_schema import SEARCH, check_search

WHERE = Path("run/search.nc")


@pytest.fixture(scope="module")
def path() -> xr.Dataset:
    """A search over a range and a choice, stored and read back."""
    study = search_study(over={**L2, "network.activation": ["relu", "tanh"]}, strategy="random", trials=6)
    found = searched(study, untrained(lambda l2, activation, seed: 0.5 + 0.1 * (l2 > 0.01) + 0.01 * seed))
    text = xr.Dataset.from_dict(found.search.to_dict())
    return text.assign({name: text[name].astype(str) for name in ("status", "reason", "activation")})


def with_settings(path: xr.Dataset, **changes) -> xr.Dataset:
    settings = {**json.loads(path.attrs["search"]), **changes}
    return path.assign_attrs(search=json.dumps({k: v for k, v in settings.items() if v is not None}))


def with_values(path: xr.Dataset, name: str, values) -> xr.Dataset:
    return path.assign({name: path[name].copy(data=values)})


def test_a_sound_path_passes(path):
    for name in ("l2", "activation"):  # as attributes of a file are kept
        assert path[name].attrs["scale"]
    assert check_search(path, WHERE) is path


@pytest.mark.parametrize("name", SEARCH.variables)
def test_every_variable_is_needed(name, path):
    with pytest.raises(RunError, match=f"search.nc does not hold what a run writes: '{name}' is missing"):
        check_search(path.drop_vars(name), WHERE)


@pytest.mark.parametrize("name", ["study", "status", "search"])
def test_the_attributes_are_needed(name, path):
    path = path.assign_attrs()
    del path.attrs[name]
    with pytest.raises(RunError, match=f"the attribute '{name}' is missing"):
        check_search(path, WHERE)


@pytest.mark.parametrize("name", [name for name in SEARCH.variables if name not in ("status", "reason")])
def test_every_variable_is_of_its_kind(name, path):
    of = path[name].dims
    wrong = path.assign_coords({name: (of, np.full(path[name].shape, "x"))})
    with pytest.raises(RunError, match=f"'{name}' holds <U1; expected"):
        check_search(wrong, WHERE)


CRAFTED = {
    "settings that are no JSON": (lambda p: p.assign_attrs(search="{"), "'search' is not what a run writes"),
    "settings that are a list": (lambda p: p.assign_attrs(search="[]"), "'search' is not"),
    "deep settings": (lambda p: p.assign_attrs(search="[" * 9000), "'search' is not"),
    "no metric": (lambda p: with_settings(p, metric=None), "'metric'"),
    "a metric that is a number": (lambda p: with_settings(p, metric=3), "'metric'"),
    "no resolution": (lambda p: with_settings(p, resolution=None), "'resolution'"),
    "a resolution of NaN": (lambda p: with_settings(p, resolution=float("nan")), "'resolution'"),
    "no factors": (lambda p: with_settings(p, factors={}), "'factors'"),
    "other factors": (
        lambda p: with_settings(p, factors={"x": "training.x"}),
        "the values of 'x' are missing",
    ),
    "a factor that is a score": (
        lambda p: with_settings(p, factors={"score": "training.x"}),
        "the values of 'score' are missing",
    ),
    "no rounds": (lambda p: with_settings(p, rounds_run=[]), "'rounds_run'"),
    "rounds in words": (lambda p: with_settings(p, rounds_run=["one"]), "'rounds_run'"),
    "more rounds than were run": (
        lambda p: with_settings(p, rounds_run=json.loads(p.attrs["search"])["rounds_run"] * 2),
        "does not describe the rounds of its trials",
    ),
    "finalists that are not there": (
        lambda p: with_settings(p, finalists_chosen=[99]),
        "'finalists_chosen' names trials that are not there",
    ),
    "trials of one number": (
        lambda p: p.assign_coords(trial=("trial", np.ones(6, int))),
        "two have one number",
    ),
    "no best trial": (lambda p: with_values(p, "status", np.full(6, "dropped")), "no trial is the best"),
    "a round below the first": (
        lambda p: with_values(p, "round", np.full(6, -1)),
        "'round' has values from -1",
    ),
    "trials of no steps": (lambda p: with_values(p, "steps", np.zeros(6, int)), "'steps' has values from 0"),
    "points that are NaN": (
        lambda p: with_values(p, "l2", np.full(6, np.nan)),
        "not one finite number or text",
    ),
    "points below 0 on a log scale": (lambda p: with_values(p, "l2", np.full(6, -1.0)), "not all above 0"),
    "a point without a scale": (
        lambda p: p.assign_coords(l2=("trial", p["l2"].values)),
        "'l2' has a scale other than",
    ),
    "scores beyond float32": (
        lambda p: with_values(p, "score", np.full((6, 2), 1e300)),
        "'score' has values",
    ),
}


@pytest.mark.parametrize("name", CRAFTED)
def test_a_crafted_path_is_refused(name, path):
    craft, message = CRAFTED[name]
    with pytest.raises(RunError) as error:
        check_search(craft(path), WHERE)
    assert message in error.value.what


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 3e38])
def test_a_path_is_told_whatever_its_scores_are(value, path):
    from shoal.analysis.search import search_path

    wild = check_search(with_values(path, "score", np.full((6, 2), value)), WHERE)
    assert sentences(search_path(wild))

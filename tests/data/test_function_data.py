"""Regression on points of a function: each seed has its own, and the loss is theirs."""

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr

from shoal.api import run
from shoal.data.functions import FUNCTIONS, FunctionData, values_of
from shoal.errors import DataError, StudyError
from shoal.population.device_data import draw_data
from shoal.study.load import make_study
from shoal.study.settings.data import DataSettings, FunctionName
from shoal.training.randomness import seed_key

RAW: dict[str, dict[str, Any]] = {
    "data": {"name": "function", "function": "abs", "range": [-7, 7], "examples": 40, "test": 12},
    "network": {"hidden": [3], "activation": "tanh", "loss": "squared_error"},
    "training": {"epochs": 2, "batch_size": 16, "learning_rate": 0.01, "optimizer": "rmsprop"},
    "record": {"points": 2},
    "vary": {"seed": 3},
}


def study_of(**tables: dict[str, Any]):
    return make_study({name: {**table, **tables.get(name, {})} for name, table in RAW.items()})


def points(**changes: Any) -> FunctionData:
    return FunctionData.of(DataSettings(**{**RAW["data"], **changes}))


def keys(*seeds: int):
    return jax.vmap(seed_key)(jnp.asarray(seeds, jnp.uint32))


@pytest.fixture(scope="module")
def result() -> xr.Dataset:
    return run(study_of())


@pytest.mark.parametrize(
    ("name", "x", "y"),
    [
        ("identity", -2.0, -2.0),
        ("abs", -3.0, 3.0),
        ("square", -3.0, 9.0),
        ("cube", -2.0, -8.0),
        ("sin", 1.0, math.sin(1)),
        ("cos", 1.0, math.cos(1)),
        ("tanh", 1.0, math.tanh(1)),
        ("exp", 1.0, math.e),
        ("sinc", 0.0, 1.0),
        ("sinc", 2.0, math.sin(2) / 2),
        ("step", 0.0, 1.0),
        ("step", -0.1, 0.0),
    ],
)
def test_a_function_is_what_its_name_says(name: str, x: float, y: float) -> None:
    assert values_of(name, np.array([x])) == pytest.approx([y])


def test_the_study_file_knows_every_function() -> None:
    assert set(FunctionName.__args__) == set(FUNCTIONS)


def test_each_seed_has_points_of_its_own_and_always_the_same() -> None:
    both, alone = (draw_data(points(), keys(*seeds), "all", np.float32) for seeds in ((5, 6), (6,)))
    assert both.train.inputs.shape == (2, 40, 1)
    assert not np.isin(both.train.inputs[0], both.train.inputs[1]).any()
    np.testing.assert_array_equal(both.train.inputs[1], alone.train.inputs[0])


def test_points_fill_the_range_and_carry_the_functions_values() -> None:
    data = draw_data(points(function="square", range=[2, 3], examples=4000), keys(0), 100, np.float32)
    x = np.asarray(data.train.inputs[0, :, 0])
    assert 2 <= x.min() < 2.01
    assert 2.99 < x.max() < 3
    assert x.mean() == pytest.approx(2.5, abs=0.02)
    np.testing.assert_allclose(data.train.labels[0], x**2, rtol=1e-6)
    assert data.curve.labels.shape == (1, 100)


def test_test_points_are_fresh() -> None:
    data = draw_data(points(validation=0.25), keys(0), "all", np.float32)
    assert data.test is not None
    assert data.validation is not None
    assert data.test.labels.shape == (1, 12)
    assert data.validation.labels.shape == (1, 10)
    everything = np.concatenate([part.inputs.ravel() for part in (data.train, data.validation, data.test)])
    assert len(np.unique(everything)) == 62


def test_a_quarter_is_tested_on_unless_said() -> None:
    assert points(test=None).counts == {"train": 40, "validation": 0, "test": 10}


def test_the_result_has_losses_and_spans_but_no_accuracy(result: xr.Dataset) -> None:
    assert result.sizes == {"seed": 3, "step": 3}
    assert not [name for name in result if "accuracy" in str(name)]
    assert "best_cell" not in result.attrs
    assert (result["test_loss"] > 0).all()
    assert (result["prediction_span"] > 0).all()
    assert not result["collapsed"].any()
    assert len(np.unique(result["train_loss"][:, 0])) == 3


def test_training_lowers_the_loss(result: xr.Dataset) -> None:
    assert (result["train_loss"][:, -1] < result["train_loss"][:, 0]).all()


def test_the_loss_is_the_mean_squared_error_of_that_seeds_points() -> None:
    """No hidden layer, zero weights: the prediction is the bias, 0, and the loss the mean of y squared."""
    flat = study_of(network={"hidden": [], "activation": "relu", "initial": {"normal": 0.0}})
    found = run(flat, check=False)
    data = draw_data(points(), keys(0, 1, 2), "all", np.float32)
    expected = np.mean(np.asarray(data.train.labels) ** 2, axis=1)
    np.testing.assert_allclose(found["train_loss"][:, 0], expected, rtol=1e-5)


def test_a_network_that_predicts_one_constant_has_collapsed() -> None:
    dead = study_of(network={"hidden": [2], "activation": "relu", "initial": {"normal": 0.0}})
    found = run(dead, check=False)
    assert found["collapsed"].all()
    assert (found["prediction_span"] == 0).all()


def test_an_output_activation_bounds_the_prediction() -> None:
    found = run(study_of(network={"output_activation": "sigmoid", "initial": {"normal": 3.0}}), check=False)
    assert (found["prediction_span"] < 1 / 6).all()  # within (0, 1), of values up to 7


def test_members_of_many_seeds_are_stacked_wider_where_they_are_tiny() -> None:
    from shoal.population.plan import plan_study

    assert len(plan_study(study_of(vary={"seed": 300})).chunks) == 1


@pytest.mark.parametrize(
    ("tables", "words"),
    [
        ({"data": {"function": None}}, "needs function"),
        ({"data": {"function": "sine"}}, "sin"),
        ({"data": {"range": [1, 1]}}, "is empty"),
        ({"data": {"train": 10}}, "train: not with a function"),
        ({"data": {"standardize": "feature"}}, "standardize: not with a function"),
        ({"data": {"name": "digits"}}, "function, range, examples: only with"),
        ({"network": {"loss": "softmax_cross_entropy"}}, 'need "squared_error"'),
        ({"network": {"loss": "softmax_cross_entropy", "output_activation": "relu"}}, "output function"),
        ({"training": {"shared_order": True}}, "points of its own"),
    ],
)
def test_what_does_not_fit_is_said(tables: dict[str, Any], words: str) -> None:
    with pytest.raises(StudyError, match=words):
        study_of(**tables)


def test_less_than_one_test_point_is_refused() -> None:
    with pytest.raises(DataError, match="less than one point"):
        points(test=0.01)

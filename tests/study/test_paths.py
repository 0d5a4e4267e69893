"""Dotted paths: names of dimensions, traced and structural settings, other values laid over them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.study.settings.base import dimension_names, leaves, with_values
from small_studies import small_study


def settings_of(**tables):
    return small_study(**tables).base


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (["training.l2", "network.batch_norm"], ("l2", "batch_norm")),
        (["training.schedule.max"], ("schedule_max",)),
        (["data.name"], ("name",)),
        (["training.learning_rate"], ("training_learning_rate",)),  # that is the name of a curve
        (["data.x", "network.x", "training.y"], ("data_x", "network_x", "y")),  # both keep their table
    ],
)
def test_a_dimension_is_named_by_its_path_without_the_table(paths, names):
    assert dimension_names(paths) == names


def test_traced_settings_are_the_numbers_that_change_no_shape_and_no_code():
    traced, structural = leaves(
        settings_of(
            network={"hidden": [4, 3], "batch_norm": {"statistics": "population"}, "dropout": 0.5,
                     "activation": {"leaky_relu": 0.1},
                     "initial": ["he_normal", {"normal": 0.1}, {"uniform": 0.2}]},
            training={"learning_rate": None, "l2": 0.25, "optimizer": {"kind": "momentum", "momentum": 0.5},
                      "schedule": {"kind": "exp_range", "min": 0, "max": 1, "half_cycle": 5, "gamma": 0.9}},
        )
    )  # fmt: skip
    assert traced == {
        "network.activation.leaky_relu": 0.1,
        "network.batch_norm.decay": 0.9,
        "network.batch_norm.epsilon": 1e-5,
        "network.dropout": 0.5,
        "network.input_dropout": 0.0,
        "network.initial.1.normal": 0.1,
        "network.initial.2.uniform": 0.2,
        "training.optimizer.momentum": 0.5,
        "training.schedule.min": 0.0,
        "training.schedule.max": 1.0,
        "training.schedule.half_cycle": 5.0,
        "training.schedule.gamma": 0.9,
        "training.l2": 0.25,
    }
    assert structural["network.hidden.1"] == 3
    assert structural["network.batch_norm.statistics"] == "population"
    assert structural["network.initial"] == 3
    assert structural["network.initial.0"] == "he_normal"
    assert structural["training.optimizer"] == "Momentum"
    assert structural["training.batch_size"] == 10
    assert structural["data.train"] == 40
    assert not set(traced) & set(structural)


def test_whole_numbers_are_taken_for_traced_settings_too():
    assert leaves(settings_of(training={"l2": 1, "learning_rate": 2}))[0]["training.l2"] == 1.0


MANY = {
    "network": {
        "hidden": None,
        "layers": [
            {"dropout": 0.1},
            {"dense": 4, "initial": {"normal": 0.2}},
            {"batch_norm": {}},
            {"sigmoid": 2},
        ],
    },
    "training": {
        "learning_rate": None,
        "optimizer": {"kind": "adam"},
        "schedule": {"kind": "cosine", "rate": 1, "end": 0.1},
    },
}


@given(data=st.data())
def test_values_laid_over_settings_are_found_again_at_their_paths_and_nothing_else_changes(data):
    settings = settings_of(**MANY)
    traced, structural = leaves(settings)
    assert {"network.layers.0.dropout", "network.layers.1.initial.normal", "training.schedule.end"} <= set(
        traced
    )
    chosen = data.draw(st.dictionaries(st.sampled_from(sorted(traced)), st.floats(0.01, 0.9), max_size=6))
    found = leaves(with_values(settings, chosen))
    assert found == ({**traced, **chosen}, structural)
    assert leaves(settings) == (traced, structural)


def test_nothing_laid_over_settings_is_the_settings_themselves():
    settings = settings_of()
    assert with_values(settings, {}) is settings

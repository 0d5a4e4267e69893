import numpy as np
import pytest

from shoal.analysis import by_cell, cell_levels, factors, find_cell
from shoal.analysis.factors import json_attribute
from synthetic import make_result


def test_factors_are_read_off_the_dimensions():
    batch_norm, l2 = factors(make_result(("batch_norm", "l2")))
    assert (batch_norm.name, batch_norm.label, batch_norm.levels) == (
        "batch_norm",
        "batch norm",
        (False, True),
    )
    assert (l2.path, l2.label, l2.scale, l2.numeric) == ("training.l2", "L2", "log", True)
    assert not batch_norm.numeric
    assert factors(make_result(())) == ()


def test_a_long_name_is_kept():
    result = make_result(("l2",))
    result["l2"].attrs["long_name"] = "weight decay"
    assert factors(result)[0].label == "weight decay"


def test_numbers_are_read_in_ascending_order_and_names_as_written():
    result = make_result(("l2", "initial"), levels={"l2": [0.1, 1e-4, 1e-2]})
    l2, initial = factors(result)
    assert l2.reading_order() == [1, 2, 0]
    assert initial.reading_order() == [0, 1, 2]


def test_cells_count_in_the_order_of_the_factors():
    result = make_result(("batch_norm", "l2"), seeds=3)
    values = by_cell(result, result["test_accuracy"])
    assert values.shape == (8, 3)
    np.testing.assert_array_equal(values[5], result["test_accuracy"].isel(batch_norm=1, l2=1))
    assert cell_levels(result, 5) == {"batch_norm": True, "l2": pytest.approx(3.7276e-4, rel=1e-4)}


def test_a_variable_without_some_factors_is_repeated():
    result = make_result(("batch_norm", "l2"))
    rates = by_cell(result, result["learning_rate"].isel(batch_norm=0, drop=True))
    assert rates.shape == (8, 10)


def test_no_factors_is_one_cell():
    result = make_result((), seeds=2)
    assert by_cell(result, result["test_accuracy"]).shape == (1, 2)
    assert cell_levels(result, 0) == {}
    assert find_cell(result, {}) == 0


@pytest.mark.parametrize(
    "levels",
    [
        {"batch_norm": True, "l2": 0.013894954943},
        {"network.batch_norm": "true", "training.l2": "0.013895"},
    ],
)
def test_a_cell_is_found_by_its_levels_or_their_labels(levels):
    assert find_cell(make_result(("batch_norm", "l2")), levels) == 6


def test_a_cell_that_is_not_there():
    result = make_result(("initial", "l2"))
    assert find_cell(result, {"initial": "he_normal", "l2": 7.0}) is None
    assert find_cell(result, {"initial": "he_normal", "l2": "much"}) is None
    assert find_cell(result, {"initial": "he_normal"}) is None


def test_attributes_that_hold_json():
    result = make_result(device="cpu", notes="[1, 2]", plan="")
    assert json_attribute(result, "notes") == [1, 2]
    assert json_attribute(result, "device") == "cpu"
    assert json_attribute(result, "plan", []) == []
    assert json_attribute(result, "absent", {}) == {}

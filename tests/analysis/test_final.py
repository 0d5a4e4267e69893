import numpy as np
import pytest
import xarray as xr

from shoal.analysis import final_values, last_recorded, ranking_metric
from shoal.analysis.final import chance, resolution
from synthetic import make_result


def test_last_recorded_value_where_records_differ():
    nan = np.nan
    variable = xr.DataArray([[0.1, 0.2, 0.3], [0.1, 0.2, nan], [nan, nan, nan]], dims=("cell", "step"))
    np.testing.assert_array_equal(last_recorded(variable), [0.3, 0.2, nan])


def test_step_may_stand_first():
    variable = xr.DataArray(np.arange(6.0).reshape(3, 2), dims=("step", "seed"))
    np.testing.assert_array_equal(last_recorded(variable), [4.0, 5.0])


def test_unfinished_members_have_no_final_value():
    result = make_result(("l2",), unfinished=((2, 3),))
    finals = final_values(result, "test_accuracy")
    assert np.isnan(finals[2, 3])
    assert int(np.isnan(finals).sum()) == 1


def test_diverged_members_count_with_what_they_were_recorded_at_afterwards():
    result = make_result(("l2",), diverged=((1, 0),))
    assert float(final_values(result, "validation_accuracy")[1, 0]) == pytest.approx(0.1)
    assert np.isnan(final_values(result, "validation_loss")[1, 0])


@pytest.mark.parametrize("name", ["validation_accuracy", "test_accuracy"])
def test_diverged_members_without_a_record_afterwards_are_at_chance(name):
    result = make_result(("l2",), diverged=((1, 0),))
    values = result[name].values
    values[1, 0] = np.where(values[1, 0] == np.float32(0.1), np.nan, values[1, 0])
    assert float(final_values(result, name)[1, 0]) == pytest.approx(0.1)


def test_a_loss_that_overflowed_is_no_final_loss():
    result = make_result(("l2",))
    result["train_loss"].values[0, 0, -1] = np.inf
    assert np.isnan(final_values(result, "train_loss")[0, 0])


def test_ranked_by_validation_and_by_training_only_where_nothing_was_held_out():
    assert ranking_metric(make_result()) == "validation_accuracy"
    assert ranking_metric(make_result(validation=False)) == "train_accuracy"


def test_accuracies_come_in_steps_of_one_example():
    assert resolution(make_result(), "validation_accuracy") == 1 / 300
    assert resolution(make_result(), "train_accuracy") == 1 / 1000
    assert resolution(make_result(data="somewhere"), "validation_accuracy") == 0.0
    several = '[{"counts": {"validation": 50}}, {"counts": {"validation": 200}}]'
    assert resolution(make_result(data=several), "validation_accuracy") == 1 / 50


def test_chance():
    assert chance(make_result()) == 0.1
    assert chance(make_result(test=False)) == 0.0

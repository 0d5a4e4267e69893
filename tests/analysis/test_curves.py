import numpy as np
import pytest

from shoal.analysis import curves, time_axis
from shoal.statistics.intervals import mean_interval
from synthetic import make_result


def test_mean_and_band_over_seeds_at_each_step():
    result = make_result(("l2",), seeds=4)
    curve = curves(result, "train_loss")[2]
    one = mean_interval(result["train_loss"].values[2, :, 5])
    assert (curve.mean[5], curve.low[5], curve.high[5], curve.n[5]) == pytest.approx(
        (one.mean, one.low, one.high, 4)
    )
    np.testing.assert_array_equal(curve.x, result["step"])


def test_steps_without_a_record_are_left_out():
    result = make_result(("l2",))
    result["train_loss"].values[1, :, [3, 8, 9]] = np.nan
    assert curves(result, "train_loss")[1].x.tolist() == [0, 100, 200, 400, 500, 600, 700]


def test_diverged_members_leave_the_mean():
    curve = curves(make_result(("l2",), diverged=((0, 1), (0, 2))), "train_loss")[0]
    assert curve.n.tolist() == [5] * 4 + [3] * 6
    assert np.isfinite(curve.mean).all()


def test_one_seed_has_no_band():
    curve = curves(make_result((), seeds=1), "train_loss")[0]
    assert np.isnan(curve.low).all()
    assert np.isfinite(curve.mean).all()


def test_cells_of_unlike_batch_sizes_are_drawn_by_epoch():
    result = make_result(("batch_norm",))
    assert time_axis(result) == "step"
    epoch = result["epoch"].values
    epoch[1, :6] = np.linspace(0, epoch[0, -1], 6)
    epoch[1, 6:] = np.nan
    assert time_axis(result) == "epoch"
    result["train_loss"].values[1, :, 6:] = np.nan
    assert curves(result, "train_loss", "epoch")[1].x[-1] == pytest.approx(20.0)


def test_no_epochs_recorded():
    assert time_axis(make_result().drop_vars("epoch")) == "step"
    everyone = make_result(("batch_norm",))
    everyone["epoch"].values[0] = np.nan
    assert time_axis(everyone) == "step"

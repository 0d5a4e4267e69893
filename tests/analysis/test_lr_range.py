"""What curves suggest, on curves whose bounds are known."""

import numpy as np
import pytest
import xarray as xr

from shoal.analysis.lr_range import geometric_interval, grid_curves, middle_cell, ramp_curves, suggest

RATES = 10.0 ** np.arange(-6, 2)


def test_bounds_of_a_curve_by_hand() -> None:
    """From 10 to 0: below 9 from the third rate on, at 1 at the sixth, steepest about the fourth."""
    losses = np.array([10.0, 9.5, 8.0, 5.0, 1.5, 1.0, 0.0, 50.0])
    found = suggest(RATES, losses, start=10.0)
    assert (found.minimum, found.maximum, found.steepest) == pytest.approx((1e-4, 1e-1, 1e-3))


def test_the_lowest_loss_ends_a_grid() -> None:
    losses = np.array([10.0, 9.5, 8.0, 5.0, 1.5, 1.0, 0.0, 50.0])
    assert suggest(RATES, losses, start=10.0, done=1.0).maximum == pytest.approx(1.0)


def test_a_dip_before_the_fall_is_not_its_beginning() -> None:
    losses = np.array([10.0, 8.9, 9.5, 5.0, 1.5, 0.5, 0.0, 50.0])
    assert suggest(RATES, losses, start=10.0).minimum == pytest.approx(1e-3)


def test_a_loss_that_falls_from_the_first_rate_on_begins_there() -> None:
    assert suggest(RATES, np.array([8.0, 6, 4, 2, 1, 0, 20, 50]), start=10.0).minimum == pytest.approx(1e-6)


def test_what_diverged_is_not_looked_at() -> None:
    losses = np.array([10.0, 9.5, 8.0, 0.0, np.nan, np.nan, np.nan, np.nan])
    found = suggest(RATES, losses, start=10.0)
    assert found.maximum == pytest.approx(1e-3)
    assert np.isfinite(found.steepest)


@pytest.mark.parametrize("losses", [np.full(8, 9.8), np.full(8, np.nan), np.linspace(10, 90, 8)])
def test_a_loss_that_hardly_falls_suggests_nothing(losses: np.ndarray) -> None:
    assert np.isnan(suggest(RATES, losses, start=10.0).minimum)


def test_linear_rates_have_their_steepest_by_the_rate() -> None:
    rates = np.linspace(0.1, 0.8, 8)
    losses = np.array([10.0, 9.9, 9.0, 8.9, 2.0, 1.9, 1.8, 1.8])
    assert suggest(rates, losses, start=10.0).steepest in (rates[3], rates[4])


def test_the_interval_is_of_the_geometric_mean() -> None:
    found = geometric_interval([1e-3, 1e-1, np.nan])
    assert found.mean == pytest.approx(1e-2)
    assert found.n == 2
    assert found.low * found.high == pytest.approx(1e-4)
    assert np.isnan(geometric_interval([0.5]).low)
    assert geometric_interval([np.nan]).n == 0


def ramp(losses: np.ndarray, stopped: list[int]) -> xr.Dataset:
    """Cells x one seed x steps, smoothed over one batch."""
    each = ("l2", "seed")
    stops = np.array(stopped)[:, None]
    return xr.Dataset(
        {
            "loss": ((*each, "step"), losses[:, None]),
            "smoothed": ((*each, "step"), losses[:, None]),
            "stopped_step": (each, stops),
            "diverged": (each, stops < losses.shape[1]),
        },
        coords={"l2": np.arange(len(losses)), "step": np.arange(8), "rate": ("step", RATES), "seed": [0]},
        attrs={"lr_range": '{"mode": "ramp", "memory": 0.0}'},
    )


def test_a_ramps_cells_end_where_they_diverged_and_the_middle_one_is_chosen() -> None:
    fall = np.array([10.0, 9.5, 8.0, 5.0, 1.5, 1.0, 0.0, 50.0])
    never = np.full(8, 10.0)
    curves = ramp_curves(ramp(np.array([fall, fall, fall, never]), [8, 5, 3, 8]))
    assert [own.maximum.mean for own in curves[:3]] == pytest.approx([1e-1, 1e-2, 1e-4])
    assert np.isnan(curves[1].losses[0, 5:]).all()
    assert curves[3].maximum.n == 0
    chosen = middle_cell(curves)
    assert chosen is not None
    assert chosen.cell == 1
    assert middle_cell(curves[3:]) is None


def test_a_grid_is_read_at_its_final_losses_by_rising_rate() -> None:
    rates = [1.0, 0.01, 0.1]
    losses = np.array([[[2.0, 90.0], [2.0, 1.5], [2.0, 0.5]]]).transpose(1, 0, 2)
    result = xr.Dataset(
        {
            "train_loss": (("rate", "seed", "step"), losses),
            "diverged": (("rate", "seed"), np.zeros((3, 1), bool)),
            "finished": (("rate", "seed"), np.ones((3, 1), bool)),
        },
        coords={"rate": rates, "seed": [0], "step": [0, 9]},
    )
    (own,) = grid_curves(result, "rate")
    assert own.rates.tolist() == [0.01, 0.1, 1.0]
    assert own.losses.tolist() == [[1.5, 0.5, 90.0]]
    assert (own.minimum.mean, own.maximum.mean) == pytest.approx((0.01, 0.1))

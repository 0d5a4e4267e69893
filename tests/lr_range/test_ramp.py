"""A ramp: its rates, what of the study it replaces, and the losses that it records."""

import hashlib
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from shoal.api import run
from shoal.errors import StudyError
from shoal.lr_range import grid_study, ramp_study, run_ramp
from shoal.lr_range.ramp import Ramp, default_steps
from shoal.training.schedules import Clock, rate_at
from small_studies import blobs, small_study


def test_exponential_rates_by_hand() -> None:
    np.testing.assert_allclose(Ramp(1e-3, 10.0, 5).rates, [1e-3, 1e-2, 1e-1, 1, 10])


def test_linear_rates_by_hand() -> None:
    np.testing.assert_allclose(Ramp(0.0, 1.0, 5, "linear").rates, [0, 0.25, 0.5, 0.75, 1])


@pytest.mark.parametrize("scale", ["exponential", "linear"])
def test_the_schedule_that_trains_gives_the_same_rates(scale: str) -> None:
    ramp = Ramp(1e-7, 10.0, 1000, scale)
    training = ramp_study(small_study(), ramp).base.training
    rates = jax.vmap(lambda t: rate_at(training, Clock(t, 1000, 10), jnp.float32))(jnp.arange(1000))
    np.testing.assert_allclose(rates, ramp.rates, rtol=3e-4)


@pytest.mark.parametrize(
    ("low", "high", "steps", "scale", "words"),
    [
        (0.0, 1.0, 10, "exponential", "two rates above 0"),
        (1.0, 0.1, 10, "linear", "two rates above 0"),
        (0.1, float("inf"), 10, "linear", "two rates above 0"),
        (0.1, 1.0, 1, "linear", "1 step"),
        (0.1, 1.0, 10, "cubic", "cubic"),
    ],
)
def test_a_ramp_that_cannot_be_is_refused(
    low: float, high: float, steps: int, scale: str, words: str
) -> None:
    with pytest.raises(StudyError, match=words):
        Ramp(low, high, steps, scale)


def test_an_epoch_is_the_ramps_length_within_bounds() -> None:
    assert [default_steps(n) for n in (1, 450, 5000)] == [100, 450, 1000]


def test_the_ramp_replaces_rate_and_length_and_keeps_the_rest() -> None:
    study = small_study(
        training={"steps": None, "epochs": 3, "l2": 0.5, "learning_rate": None, "optimizer": "adam"},
        vary={"training.learning_rate": [0.1, 1.0], "network.batch_norm": [False, True], "seed": [4, 9]},
    )
    found = ramp_study(study, Ramp(1e-3, 1.0, 50))
    assert [factor.path for factor in found.factors] == ["network.batch_norm"]
    assert found.seeds == (4, 9)
    training = found.base.training
    assert (training.steps, training.epochs, training.l2, training.optimizer) == (50, None, 0.5, "adam")


def test_the_first_loss_is_that_of_the_untrained_network_on_its_first_batch() -> None:
    """At a rate near 0 nothing is learned: with whole batches every loss is the recorded one at step 0."""
    study = small_study(training={"batch_size": "whole"})
    ramp = run_ramp(study, low=1e-12, high=1e-11, steps=4, dataset=blobs())
    untrained = run(study, dataset=blobs(), check=False)["train_loss"][:, 0]
    np.testing.assert_allclose(ramp["loss"], np.repeat(untrained.values[:, None], 4, axis=1), rtol=1e-5)


def test_members_diverge_alone_and_say_when() -> None:
    study = small_study(vary={"training.l2": [0.0, 10.0], "seed": 2})
    found = run_ramp(study, low=1e-3, high=1e3, steps=60, dataset=blobs())
    assert found["loss"].dims == ("l2", "seed", "step")
    assert found["diverged"].all()
    assert (found["stopped_step"].sel(l2=10.0) < found["stopped_step"].sel(l2=0.0)).all()
    assert found.attrs["status"] == "complete"


def test_one_order_for_all_seeds_works_too() -> None:
    study = small_study(training={"shared_order": True}, vary={"training.l2": [0.0, 0.1], "seed": 3})
    found = run_ramp(study, low=1e-4, high=1e-2, steps=5, dataset=blobs())
    assert dict(found.sizes) == {"l2": 2, "seed": 3, "step": 5}
    assert np.isfinite(found["loss"]).all()


def test_a_ramp_leaves_a_run_and_its_weights_alone(tmp_path: Path) -> None:
    """The same run before and after a ramp has the same bits, and its folder is not touched."""
    study = small_study()
    before = run(study, tmp_path / "run", dataset=blobs(), check=False)
    hashes = _hashes(tmp_path)
    run_ramp(study, low=1e-3, high=1e3, steps=30, dataset=blobs())
    assert _hashes(tmp_path) == hashes
    np.testing.assert_array_equal(
        run(study, dataset=blobs(), check=False)["train_loss"], before["train_loss"]
    )


def _hashes(folder: Path) -> dict[Path, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_the_grid_has_a_fresh_network_for_each_rate() -> None:
    study = small_study(
        training={
            "steps": None,
            "cycles": 2,
            "learning_rate": None,
            "schedule": {"kind": "triangular", "min": 1e-3, "max": 0.1, "half_cycle": 3},
        },
        vary={"training.schedule.max": [0.1, 0.2], "training.l2": [0.0, 0.1], "seed": 2},
    )
    grid = grid_study(study, 1e-9, 10.0)
    rates = grid.factors[-1].levels
    assert len(rates) == 11
    np.testing.assert_allclose(rates, 10.0 ** np.arange(-9, 2), rtol=1e-6)
    assert [factor.path for factor in grid.factors] == ["training.l2", "training.learning_rate"]
    assert (grid.base.training.steps, grid.base.training.schedule) == (12, None)


def test_networks_of_the_grid_start_alike_and_share_nothing() -> None:
    grid = grid_study(small_study(), 1e-3, 1.0, count=3)
    found = run(grid, dataset=blobs(), check=False)
    first = found["train_loss"].isel(step=0)
    assert (first == first.isel(training_learning_rate=0)).all()
    alone = run(small_study(training={"learning_rate": 1.0}), dataset=blobs(), check=False)
    last = found["train_loss"].isel(training_learning_rate=2)
    np.testing.assert_allclose(last, alone["train_loss"], rtol=1e-5)

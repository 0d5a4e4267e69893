"""Learning rates at steps whose value is known by hand. T is the training's length, E an epoch's."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from shoal.study.settings.training import TrainingSettings
from shoal.training import schedules
from shoal.training.schedules import Clock, momentum_at, rate_at, register_scale, registered_scales

pytestmark = pytest.mark.usefixtures("float64")


def training(**schedule) -> TrainingSettings:
    return TrainingSettings(steps=1, optimizer="momentum", schedule=schedule)


def rates(settings, steps, total=100, epoch=10) -> list[float]:
    """The rate at some steps, compiled as in training: only the step is traced."""
    rate = jax.jit(lambda step: rate_at(settings, Clock(step, total, epoch), jnp.float64))
    return [float(rate(jnp.int32(step))) for step in steps]


def cycle(kind, **more):
    return training(kind=kind, min=1.0, max=5.0, half_cycle=4, **more)


def test_a_constant_rate_is_the_same_at_every_step():
    assert rates(TrainingSettings(steps=1, learning_rate=0.25), [0, 7, 99]) == [0.25] * 3


def test_triangular_rises_from_min_to_max_in_half_a_cycle_and_falls_back():
    assert rates(cycle("triangular"), [0, 1, 2, 4, 6, 8, 12, 16, 20]) == [1, 2, 3, 5, 3, 1, 5, 1, 5]


def test_triangular2_halves_its_height_after_every_cycle():
    assert rates(cycle("triangular2"), [0, 4, 8, 12, 16, 20]) == [1, 5, 1, 3, 1, 2]


def test_exp_range_shrinks_its_height_with_every_step():
    found = rates(cycle("exp_range", gamma=0.9), [0, 2, 4, 8, 12])
    assert found == pytest.approx([1, 1 + 2 * 0.9**2, 1 + 4 * 0.9**4, 1, 1 + 4 * 0.9**12], rel=1e-14)


def test_a_half_cycle_need_not_be_a_whole_number_of_steps():
    found = rates(training(kind="triangular", min=0.0, max=3.0, half_cycle=1.5), [0, 1, 2, 3, 4])
    assert found == pytest.approx([0, 2, 2, 0, 2], abs=1e-14)


def test_a_cyclical_schedule_takes_its_height_from_a_function_of_cycle_and_step(monkeypatch):
    monkeypatch.setattr(schedules, "_SCALES", {})
    register_scale("third", lambda cycle, step: 1 / (1 + 2 * (cycle - 1)) + 0 * step)
    assert registered_scales() == ("third",)
    found = rates(cycle("cyclical", scale="third"), [0, 4, 8, 12, 20])
    assert found == pytest.approx([1, 5, 1, 1 + 4 / 3, 1 + 4 / 5], rel=1e-14)


def test_step_decay_falls_after_every_interval_of_epochs_or_of_steps():
    by_epochs = training(kind="step_decay", rate=8.0, factor=0.5, every=2)
    assert rates(by_epochs, [0, 19, 20, 39, 40], epoch=10) == [8, 8, 4, 4, 2]
    by_steps = training(kind="step_decay", rate=8.0, factor=0.5, every_steps=3)
    assert rates(by_steps, [0, 2, 3, 6]) == [8, 8, 4, 2]
    every_epoch = training(kind="step_decay", rate=8.0, factor=0.5)
    assert rates(every_epoch, [9, 10], epoch=10) == [8, 4]


def test_exponential_is_multiplied_by_its_factor_at_every_step():
    found = rates(training(kind="exponential", rate=2.0, factor=0.9), [0, 1, 10])
    assert found == pytest.approx([2, 1.8, 2 * 0.9**10], rel=1e-14)


def test_cosine_falls_from_rate_to_end_over_the_whole_training():
    found = rates(training(kind="cosine", rate=5.0, end=1.0), [0, 25, 50, 75, 100], total=100)
    root = math.sqrt(0.5)
    assert found == pytest.approx([5, 3 + 2 * root, 3, 3 - 2 * root, 1], rel=1e-14)


def test_cosine_rises_linearly_over_its_warmup_first():
    found = rates(training(kind="cosine", rate=4.0, warmup=4), [0, 1, 3, 4, 54, 104], total=104)
    assert found == pytest.approx([1, 2, 4, 4, 2, 0], abs=1e-14)


ONE_CYCLE = {
    "kind": "one_cycle",
    "max": 1.0,
    "warm_fraction": 0.25,
    "start_divisor": 4.0,
    "end_divisor": 100.0,
    "momentum_high": 0.9,
    "momentum_low": 0.5,
}


def test_one_cycle_goes_up_to_max_and_down_to_almost_nothing_by_the_last_step():
    found = rates(training(**ONE_CYCLE), [0, 10, 20, 50, 80], total=81)  # the last step is 80, its peak 20
    assert found == pytest.approx([0.25, 0.625, 1, (1 + 0.01) / 2, 0.01], rel=1e-14)


def test_one_cycle_s_momentum_moves_the_other_way():
    schedule = training(**ONE_CYCLE).schedule
    found = [
        float(momentum_at(schedule, Clock(jnp.int32(s), 81, 9), jnp.float64)) for s in [0, 10, 20, 50, 80]
    ]
    assert found == pytest.approx([0.9, 0.7, 0.5, 0.7, 0.9], rel=1e-14)


@pytest.mark.parametrize(
    "schedule",
    [
        {"kind": "step_decay", "rate": 1.0},
        {"kind": "exponential", "rate": 1.0, "factor": 0.99},
        {"kind": "triangular", "min": 0.1, "max": 1.0, "half_cycle": 7},
        {"kind": "triangular2", "min": 0.1, "max": 1.0, "half_cycle": 7},
        {"kind": "exp_range", "min": 0.1, "max": 1.0, "half_cycle": 7, "gamma": 0.99},
        {"kind": "cosine", "rate": 1.0, "warmup": 3},
        ONE_CYCLE,
    ],
    ids=lambda s: s["kind"],
)
@pytest.mark.parametrize(("total", "dtype"), [(1, np.float32), (2, np.float64), (50, np.float32)])
def test_every_schedule_is_finite_positive_and_of_the_training_s_dtype(schedule, total, dtype):
    settings = training(**schedule)
    found = jax.vmap(lambda t: rate_at(settings, Clock(t, total, 10), dtype))(
        jnp.arange(total, dtype=jnp.int32)
    )
    assert found.dtype == dtype
    assert jnp.all(jnp.isfinite(found))
    assert jnp.all(found > 0)

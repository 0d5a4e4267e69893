"""Right gradients are called right: no false alarm, whatever the network, its numbers or its library."""

from typing import Any

import jax
import numpy as np
import pytest

from functions_to_check import network
from shoal.gradients import Verdict
from shoal.gradients.functions import FunctionCheck, check

SEEDS = range(8)


def check_sample(sample, *, arrays: bool = False, **options: Any) -> FunctionCheck:
    gradients = sample.gradients(sample.parameters) if arrays else sample.gradients
    return check(sample.loss, gradients, sample.parameters, examples=sample.examples, l2=sample.l2, **options)


def random_network(seed: int, **options: Any):
    rng = np.random.default_rng(seed)
    widths = rng.integers(3, 16, rng.integers(2, 6)).tolist()
    return network(*widths, seed=seed, examples=int(rng.integers(2, 24)), **options)


@pytest.mark.parametrize("arrays", [False, True], ids=["function", "arrays"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("batch_norm", [False, True])
@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_a_right_gradient_is_right(activation, batch_norm, dtype, arrays):
    for seed in SEEDS:
        sample = random_network(seed, activation=activation, batch_norm=batch_norm, dtype=dtype)
        found = check_sample(sample, arrays=arrays)
        assert found.ok, found
        assert not found.findings
        assert found.precision == np.dtype(dtype).name


@pytest.mark.parametrize("arrays", [False, True], ids=["function", "arrays"])
@pytest.mark.parametrize(
    "options",
    [
        {"activation": "relu", "bias": 0.0},
        {"activation": "relu", "bias": 1e-3, "scale": 1e-2, "l2": 0.0},
        {"scale": 1e-3},
        {"scale": 8.0},
        {"activation": "relu", "batch_norm": True, "bias": 0.0, "l2": 0.0},
    ],
    ids=["kinks", "tiny", "vanishing", "saturated", "zero by construction"],
)
def test_no_false_alarm_where_slopes_are_hard_to_know(options, arrays):
    for seed in SEEDS:
        assert check_sample(random_network(seed, **options), arrays=arrays).ok


def test_inputs_on_kinks_are_recognized_and_not_blamed():
    x = np.random.default_rng(0).standard_normal((8, 5))
    x[:4] = 0.0
    sample = network(5, 6, 3, activation="relu", bias=0.0, x=x)
    for arrays in (False, True):
        found = check_sample(sample, arrays=arrays)
        assert found.ok, found
        assert Verdict.KINK in {block.verdict for block in found.blocks}


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_batch_norm_over_constant_features_raises_no_alarm(dtype):
    x = np.random.default_rng(0).standard_normal((8, 5))
    x[:, :3] = 1.5
    for seed in SEEDS:
        assert check_sample(network(5, 6, 4, 3, x=x, batch_norm=True, dtype=dtype, seed=seed)).ok


def test_what_a_batch_norm_takes_off_again_is_zero_by_construction():
    found = check_sample(network(5, 6, 4, 3, batch_norm=True))
    assert [found.block(b).verdict for b in ("b1", "b2", "b3")] == [Verdict.ZERO, Verdict.ZERO, Verdict.OK]


def test_a_vanishing_gradient_is_judged_by_what_can_be_known_of_it():
    def loss(p):
        return 2.3 + 1e-12 * np.sum(np.sin(p["w"])) + np.sum(p["v"] ** 2)

    def gradients(p):
        return {"w": 1e-12 * np.cos(p["w"]), "v": 2 * p["v"]}

    parameters = {"w": np.linspace(0.1, 1, 5), "v": np.ones(2)}
    assert check(loss, gradients, parameters).ok
    found = check(loss, lambda p: {**gradients(p), "w": -gradients(p)["w"]}, parameters)
    assert [block.name for block in found.wrong] == ["w"]


@pytest.mark.parametrize("value", [-2.0, 0.0, 0.3, 1.0])
def test_any_value_between_both_slopes_of_a_corner_is_right(value):
    def loss(p):
        return np.abs(p).sum() + (p**2).sum()

    found = check(loss, np.array([value, 2 * 0.5 + 1]), np.array([0.0, 0.5]))
    assert found.ok is (abs(value) <= 1)
    if found.ok:
        assert found.blocks[0].verdict in (Verdict.KINK, Verdict.OK)


def test_a_loss_that_computes_in_single_precision_inside_is_known():
    sample = network(5, 6, 3, dtype=np.float32)

    def inside(function):
        return lambda p: function({k: v.astype(np.float32) for k, v in p.items()})

    parameters = {k: v.astype(np.float64) for k, v in sample.parameters.items()}
    found = check(lambda p: float(inside(sample.loss)(p)), inside(sample.gradients), parameters)
    assert found.ok
    assert found.precision == "float32"
    assert "single precision" in found.notes[0]


@pytest.mark.parametrize("activation", [jax.numpy.tanh, jax.nn.relu])
def test_float32_that_cannot_be_widened_is_judged_by_its_own_noise(activation):
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((9, 6)).astype(np.float32), rng.integers(0, 4, 9)
    with jax.enable_x64(False):

        @jax.jit
        def loss(p):
            scores = activation(x @ p["W1"] + p["b1"]) @ p["W2"]
            return -jax.nn.log_softmax(scores)[np.arange(9), y].mean()

        for seed in range(3):
            draw = np.random.default_rng(seed).standard_normal
            sizes = {"W1": (6, 7), "b1": (7,), "W2": (7, 4)}
            p = {k: jax.numpy.asarray(0.5 * draw(s), dtype=np.float32) for k, s in sizes.items()}
            assert check(loss, jax.grad(loss), p).ok
            found = check(loss, lambda p: {k: 9 * g for k, g in jax.grad(loss)(p).items()}, p, examples=9)
            assert "one-over-n-missing" in {finding.name for finding in found.findings}

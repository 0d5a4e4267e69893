"""Right gradients pass, in every network that a study can describe, and no false alarm is raised."""

import numpy as np
import pytest

from samples import CLASSES, FEATURES, chain, check, draw, draw_batch, small_network
from shoal.gradients import Verdict, check_network, check_point, check_start
from shoal.layers import (
    Affine,
    BatchNorm,
    LeakyReLU,
    Normal,
    ReLU,
    Sigmoid,
    SigmoidCrossEntropy,
    SquaredError,
    Tanh,
)

DEPTHS = {"2 layers": [6], "3 layers": [6, 5], "9 layers": [8, 7, 6, 6, 5, 5, 4, 4]}


@pytest.mark.parametrize("norm", [None, BatchNorm()], ids=["plain", "batch norm"])
@pytest.mark.parametrize("hidden", DEPTHS.values(), ids=DEPTHS.keys())
def test_twenty_seeds_pass_with_every_error_below_a_millionth(hidden, norm):
    network = small_network(hidden, batch_norm=norm)
    for seed in range(20):
        x, labels = draw_batch(seed)
        found = check_start(network, x, labels, 0.01, probes=4, directions=1, seed=seed, moved=seed % 2 == 0)
        assert found.ok, found.to_json()
        assert found.worst < 1e-6


@pytest.mark.parametrize(
    "changes",
    [
        {"activation": Sigmoid(2.0)},
        {"activation": Tanh(), "loss": SquaredError()},
        {"activation": LeakyReLU(0.1), "loss": SigmoidCrossEntropy()},
        {"batch_norm": BatchNorm(), "batch_norm_position": "after", "dropout": 0.3, "input_dropout": 0.1},
    ],
    ids=str,
)
def test_every_layer_and_loss_passes(changes):
    found = check(small_network(**changes))
    assert found.ok, found.to_json()
    assert found.worst < 1e-6


@pytest.mark.parametrize("norm", [None, BatchNorm()], ids=["plain", "batch norm"])
def test_vanishing_gradients_are_no_false_alarm(norm):
    point = draw(small_network([8] * 8, initial=Normal(1e-4), batch_norm=norm))
    largest = np.max(
        np.abs(point.gradients()[1]["affine_1"]["W"] - 2 * point.l2 * point.parameters["affine_1"]["W"])
    )
    assert largest < 1e-10
    found = check_point(point, probes=6)
    assert found.ok, found.to_json()
    block = found.block("affine_1", "W")
    assert block.error_difference is None or block.error_difference < 1e-6
    assert block.error_autodiff is not None
    assert block.error_autodiff < 1e-8


def test_the_bias_in_front_of_a_batch_norm_is_zero_by_construction():
    found = check(small_network(batch_norm=BatchNorm()))
    verdicts = {(b.layer, b.parameter): b.verdict for b in found.blocks}
    assert verdicts.pop(("affine_1", "b")) is Verdict.ZERO
    assert verdicts.pop(("affine_2", "b")) is Verdict.ZERO
    assert set(verdicts.values()) == {Verdict.OK}


def test_examples_that_are_all_alike_leave_batch_norm_nothing_but_rounding():
    x, labels = draw_batch()
    found = check_start(
        small_network(batch_norm=BatchNorm()), np.tile(x[:1], (len(x), 1)), labels, 0.01, probes=6
    )
    assert found.ok, found.to_json()


def test_small_blocks_are_probed_whole_and_large_ones_by_a_sample_and_directions():
    found = check_point(draw(small_network([30])), probes=16, directions=2)
    sizes = {(b.layer, b.parameter): (b.probed, b.directions) for b in found.blocks}
    assert sizes == {
        ("affine_1", "W"): (16, 2),
        ("affine_1", "b"): (16, 2),
        ("affine_2", "W"): (16, 2),
        ("affine_2", "b"): (4, 0),
    }
    assert found.probed == 52
    assert found.parameters == FEATURES * 30 + 30 + 30 * CLASSES + CLASSES


def test_any_parameters_may_be_checked_also_in_float32():
    network = small_network()
    point = draw(network)
    parameters = {n: {k: v.astype(np.float32) for k, v in own.items()} for n, own in point.parameters.items()}
    found = check_network(network, parameters, point.x.astype(np.float32), point.targets, 0.1, probes=6)
    assert found.ok
    assert found.l2 == 0.1


def test_a_seed_repeats_a_check():
    x, labels = draw_batch()
    first, second = (check_start(small_network([30]), x, labels, 0.0, seed=3, probes=6) for _ in range(2))
    assert first.blocks == second.blocks


def test_units_that_no_example_reaches_have_a_zero_gradient():
    network = chain(Affine(3), ReLU())
    point = draw(network, l2=0.0)
    point.parameters["affine_1"]["b"][:] = -100.0
    found = check_point(point, probes=30)
    assert found.ok
    block = found.block("affine_1", "W")
    assert (block.verdict, block.error_difference, block.note) == (Verdict.OK, 0.0, "every entry is 0")

"""Planted mistakes are found, in the right blocks, and named."""

import numpy as np
import pytest

from functions_to_check import network
from shoal.gradients import Verdict
from shoal.gradients.functions import FunctionCheck, check

SIZES = ((6, 7, 7, 3), (12, 9, 9, 4), (30, 12, 12, 5))


def check_wrong(sample, gradients) -> FunctionCheck:
    return check(sample.loss, gradients, sample.parameters, examples=sample.examples, l2=sample.l2)


def wrong(found: FunctionCheck) -> list[str]:
    return [block.name for block in found.wrong]


def everything(factor, sample):
    return lambda p: {k: factor * g for k, g in sample.gradients(p).items()}


def zero_row(g, p):
    return g * (np.arange(len(g)) != 3).reshape(-1, *[1] * (g.ndim - 1))


NAMED = {
    "sign-flipped": ("W2", lambda s: lambda g, p: -g),
    "factor": ("W2", lambda s: lambda g, p: 1.7 * g),
    "one-over-n-missing": (
        "W1",
        lambda s: lambda g, p: s.examples * (g - 2 * s.l2 * p["W1"]) + 2 * s.l2 * p["W1"],
    ),
    "one-over-n-twice": ("W1", lambda s: lambda g, p: g / s.examples),
    "bias-mean": ("b2", lambda s: lambda g, p: g / s.examples),
    "gradient-transposed": ("W2", lambda s: lambda g, p: g.T),
    "l2-missing": ("W1", lambda s: lambda g, p: g - 2 * s.l2 * p["W1"]),
    "l2-halved": ("W1", lambda s: lambda g, p: g - s.l2 * p["W1"]),
    "l2-doubled": ("W3", lambda s: lambda g, p: g + 2 * s.l2 * p["W3"]),
    "l2-wrong-sign": ("W3", lambda s: lambda g, p: g - 4 * s.l2 * p["W3"]),
    "l2-on-biases": ("b1", lambda s: lambda g, p: g + 2 * s.l2 * p["b1"]),
    "zero-rows": ("W1", lambda s: zero_row),
    "all-zero": ("b3", lambda s: lambda g, p: 0 * g),
    "not-finite": ("W2", lambda s: lambda g, p: np.where(np.arange(g.shape[1]) == 2, np.nan, g)),
}


@pytest.mark.parametrize("widths", SIZES, ids=str)
@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize("name", NAMED)
def test_a_planted_mistake_is_found_and_named(name, activation, widths):
    block, change = NAMED[name]
    sample = network(*widths, activation=activation, examples=11)
    found = check_wrong(sample, sample.wrong(**{block: change(sample)}))
    assert not found.ok
    assert wrong(found) == [block], found
    assert [finding.name for finding in found.findings] == [name], found


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(
    ("factor", "name"), [(11, "one-over-n-missing"), (-1, "sign-flipped"), (2, "factor")]
)
def test_one_factor_everywhere_is_told_once(factor, name, dtype):
    sample = network(12, 9, 9, 4, examples=11, dtype=dtype)
    found = check_wrong(sample, everything(dtype(factor), sample))
    assert wrong(found) == list(sample.parameters)
    assert [(f.name, len(f.blocks)) for f in found.findings] == [(name, 6)]


def test_exchanged_blocks_are_named_together():
    sample = network(12, 9, 9, 9, 4)
    right = sample.gradients(sample.parameters)
    found = check_wrong(sample, {**right, "W2": right["W3"], "W3": right["W2"]})
    assert wrong(found) == ["W2", "W3"]
    assert [(f.name, f.blocks) for f in found.findings] == [("layers-swapped", ("W2", "W3"))]


@pytest.mark.parametrize("seed", range(8))
def test_an_error_without_a_pattern_is_found_and_given_no_name(seed):
    sample = network(12, 9, 9, 4, seed=seed)
    off = 1e-3 * np.random.default_rng(seed).standard_normal((9, 9))
    found = check_wrong(sample, sample.wrong(W2=lambda g, p: g + off))
    assert wrong(found) == ["W2"]
    assert not found.findings


@pytest.mark.parametrize("size", [1e-2, 1e-4])
def test_the_worst_entry_is_shown_with_both_values(size):
    sample = network(6, 7, 3)
    right = sample.gradients(sample.parameters)["W1"]

    def off(g, p):
        g = g.copy()
        g[4, 2] += size
        return g

    block = check_wrong(sample, sample.wrong(W1=off)).block("W1")
    assert block.verdict is Verdict.WRONG
    assert block.extent == "1 of 42 entries"
    assert block.worst[0].index == (4, 2)
    assert block.worst[0].came == pytest.approx(right[4, 2] + size)
    assert block.worst[0].true == pytest.approx(right[4, 2], abs=1e-7)
    assert block.absolute == pytest.approx(size, rel=1e-3)


def test_a_gradient_for_what_the_loss_ignores_is_wrong_and_zero_is_right():
    def loss(p):
        return np.sum(p["used"] ** 2)

    p = {"used": np.ones(3), "unused": np.ones(4)}
    right = check(loss, {"used": 2 * np.ones(3), "unused": np.zeros(4)}, p)
    assert right.ok
    assert right.block("unused").note == "the loss does not depend on it"
    assert wrong(check(loss, {"used": 2 * np.ones(3), "unused": np.ones(4)}, p)) == ["unused"]

"""Functions that do more than they should when they are called again."""

import random
import warnings

import numpy as np
import pytest

from functions_to_check import network
from shoal.errors import GradientError
from shoal.gradients.functions import check

SAMPLE = network(5, 6, 3)
P = SAMPLE.parameters


def names(found) -> list[str]:
    return [finding.name for finding in found.findings]


def test_gradients_that_add_up_between_calls_are_noticed_and_judged_by_the_first():
    total = {k: np.zeros_like(v) for k, v in P.items()}

    def gradients(p):
        for k, g in SAMPLE.gradients(p).items():
            total[k] += g
        return total

    found = check(SAMPLE.loss, gradients, P)
    assert names(found) == ["accumulated"]
    assert not found.ok
    assert not found.wrong


def test_a_cache_of_the_call_before_is_noticed():
    kept = []

    def gradients(p):
        kept.append(SAMPLE.gradients({k: v.copy() for k, v in p.items()}))
        return kept[max(len(kept) - 2, 0)]

    found = check(SAMPLE.loss, gradients, P)
    assert names(found) == ["stale-cache"]
    assert not found.ok


def test_gradients_of_the_last_forward_are_judged_right_after_it():
    last = {}

    def loss(p):
        last.update({k: v.copy() for k, v in p.items()})
        return SAMPLE.loss(p)

    found = check(loss, lambda p: SAMPLE.gradients(last), P)
    assert names(found) == ["needs-the-loss-first"]
    assert found.ok


@pytest.mark.parametrize("who", ["loss", "gradient function"])
def test_a_function_that_changes_its_inputs_is_given_copies_and_reported(who):
    def changing(function, p):
        result = function({k: v.copy() for k, v in p.items()})
        p["W1"] *= 0.5
        return result

    loss = (lambda p: changing(SAMPLE.loss, p)) if who == "loss" else SAMPLE.loss
    gradients = SAMPLE.gradients if who == "loss" else (lambda p: changing(SAMPLE.gradients, p))
    before = P["W1"].copy()
    found = check(loss, gradients, P)
    assert names(found) == ["changes-its-inputs"]
    assert who in found.findings[0].sentence
    assert found.findings[0].blocks == ("W1",)
    assert not found.wrong
    assert not found.ok
    assert np.array_equal(P["W1"], before)


def test_returned_arrays_that_are_used_again_are_noticed():
    buffers = {k: np.zeros_like(v) for k, v in P.items()}

    def gradients(p):
        for k, g in SAMPLE.gradients(p).items():
            buffers[k][...] = g
        return buffers

    found = check(SAMPLE.loss, gradients, P)
    assert names(found) == ["returned-arrays-reused"]
    assert found.ok


def dropout(draw):
    def masked(function):
        def masking(p):
            mask = (draw() < 0.5) / 0.5
            return function({**p, "W1": p["W1"] * mask}), mask

        return masking

    def gradients(p):
        found, mask = masked(SAMPLE.gradients)(p)
        return {**found, "W1": found["W1"] * mask}

    return lambda p: masked(SAMPLE.loss)(p)[0], gradients


@pytest.mark.parametrize(
    "draw",
    [lambda: np.random.rand(5, 6), lambda: np.reshape([random.random() for _ in range(30)], (5, 6))],  # noqa: NPY002
    ids=["numpy", "random"],
)
def test_functions_that_draw_from_a_global_generator_are_seeded_alike(draw):
    np.random.seed(3)  # noqa: NPY002
    random.seed(3)
    before = np.random.get_state()[1].copy(), random.getstate()  # noqa: NPY002
    loss, gradients = dropout(draw)
    found = check(loss, gradients, P)
    assert names(found) == ["random-loss"]
    assert "fix the seed" in found.findings[0].sentence
    assert found.ok
    used = [not np.array_equal(np.random.get_state()[1], before[0]), random.getstate() != before[1]]  # noqa: NPY002
    assert sum(used) <= 1, "what the check did not draw is put back"


def test_a_loss_that_no_seed_makes_repeatable_is_refused_with_a_remedy():
    rng = np.random.default_rng(0)
    loss, gradients = dropout(lambda: rng.random((5, 6)))
    with pytest.raises(GradientError, match="not the same twice") as caught:
        check(loss, gradients, P)
    assert "Draw masks and noise once" in caught.value.remedy


def test_gradients_alone_that_are_random_are_reported():
    rng = np.random.default_rng(0)
    found = check(SAMPLE.loss, SAMPLE.wrong(W1=lambda g, p: g + rng.random(g.shape)), P)
    assert names(found)[0] == "random-gradients"
    assert not found.ok


def test_printing_is_left_alone(capsys):
    def loss(p):
        print("a loss that prints")
        return SAMPLE.loss(p)

    found = check(loss, SAMPLE.gradients, P)
    assert capsys.readouterr().out.count("a loss that prints") == found.calls
    assert "a loss that prints" not in str(found)


def test_what_a_function_raises_comes_through():
    def loss(p):
        raise ZeroDivisionError("in the user's own code")

    with pytest.raises(ZeroDivisionError, match="in the user's own code"):
        check(loss, SAMPLE.gradients, P)
    with pytest.raises(KeyError, match="W9"):
        check(SAMPLE.loss, lambda p: p["W9"], P)


def test_warnings_of_far_steps_do_not_reach_the_user():
    def loss(p):
        return np.sum(np.log(p)) + np.sum(p**2)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert check(loss, lambda p: 1 / p + 2 * p, np.array([1e-3, 0.5, 2.0])).ok

"""loss = -mean over N of sum over C of t log p + (1 - t) log(1 - p)."""

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onnx_reference import onnx_run
from proofs import close, prove_loss
from shoal.layers import SigmoidCrossEntropy


def test_value_known_by_hand(xp):
    scores, targets = np.array([[0.0, np.log(3)], [-np.log(3), 0.0]]), np.array([[1.0, 0.0], [0.0, 0.5]])
    loss, saved = xp(SigmoidCrossEntropy().forward, scores, targets)
    close(loss, (np.log(2) + np.log(4) + np.log(4 / 3) + np.log(2)) / 2)
    close(xp(SigmoidCrossEntropy().backward, saved), np.array([[-0.25, 0.375], [0.125, 0.0]]))


def test_derivative(xp, rng):
    prove_loss(xp, SigmoidCrossEntropy(), 3 * rng.normal(size=(4, 3)), rng.uniform(size=(4, 3)))


def test_derivative_with_a_slope(xp, rng):
    prove_loss(xp, SigmoidCrossEntropy(2.0), 3 * rng.normal(size=(4, 3)), rng.uniform(size=(4, 3)))


def test_a_slope_multiplies_the_scores(xp, rng):
    scores, targets = rng.normal(size=(4, 3)), rng.uniform(size=(4, 3))
    steep = xp(SigmoidCrossEntropy(2.0).forward, scores, targets)[0]
    close(steep, xp(SigmoidCrossEntropy().forward, 2 * scores, targets)[0])


def test_equals_its_definition_by_onnx_sigmoid(xp, rng):
    scores, targets = rng.normal(size=(4, 3)), rng.uniform(size=(4, 3))
    p = onnx_run("Sigmoid", scores)[0]
    expected = -np.mean(np.sum(targets * np.log(p) + (1 - targets) * np.log(1 - p), axis=1))
    close(xp(SigmoidCrossEntropy().forward, scores, targets)[0], expected)


def test_huge_scores_neither_overflow_nor_lose_the_loss(xp):
    loss, saved = xp(SigmoidCrossEntropy().forward, np.array([[1e4, -1e4]]), np.array([[0.0, 1.0]]))
    assert loss == 2e4
    assert xp(SigmoidCrossEntropy().backward, saved).tolist() == [[1.0, -1.0]]


@pytest.mark.usefixtures("float64")
def test_autodiff_of_the_equation_is_right_at_zero_too():
    targets = np.array([[0.25]])
    slope = jax.grad(lambda s: SigmoidCrossEntropy().forward(s, targets)[0])(jax.numpy.zeros((1, 1)))
    assert slope == 0.25


def test_targets_are_one_hot_rows(xp):
    targets = xp(
        lambda labels, like: SigmoidCrossEntropy().targets_from_labels(labels, 3, like),
        np.array([2, 0]),
        np.zeros(1),
    )
    assert targets.tolist() == [[0, 0, 1], [1, 0, 0]]
    assert targets.dtype == np.float64


@settings(max_examples=60, deadline=None)
@given(st.floats(-30, 30), st.floats(0, 1))
def test_a_question_and_its_negation_cost_the_same(score, target):
    one, other = np.array([[score]]), np.array([[target]])
    loss, _ = SigmoidCrossEntropy().forward(one, other)
    close(SigmoidCrossEntropy().forward(-one, 1 - other)[0], loss, 1e-9)

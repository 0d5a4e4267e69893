"""loss = -mean of log softmax(scores) of the right class."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from onnx_reference import onnx_run
from proofs import close, prove_loss
from shoal.layers import SoftmaxCrossEntropy, log_softmax, softmax

LABELS = np.array([0, 2, 1, 2])


def test_value_known_by_hand(xp):
    scores = np.log(np.array([[1.0, 1.0, 2.0], [3.0, 4.0, 1.0]]))  # p = 1/4 1/4 1/2 and 3/8 1/2 1/8
    loss, saved = xp(SoftmaxCrossEntropy().forward, scores, np.array([2, 1]))
    close(loss, np.log(2))
    close(xp(SoftmaxCrossEntropy().backward, saved), np.array([[1, 1, -2], [1.5, -2, 0.5]]) / 8)


def test_derivative(xp, rng):
    prove_loss(xp, SoftmaxCrossEntropy(), rng.normal(size=(4, 3)), LABELS)


def test_equals_onnx(xp, rng):
    scores = rng.normal(size=(4, 3))
    loss, _ = xp(SoftmaxCrossEntropy().forward, scores, LABELS)
    close(loss, onnx_run("SoftmaxCrossEntropyLoss", scores, LABELS, reduction="mean")[0])
    close(xp(softmax, scores), onnx_run("Softmax", scores, axis=-1)[0])
    close(xp(log_softmax, scores), onnx_run("LogSoftmax", scores, axis=-1)[0])


def test_huge_scores_neither_overflow_nor_lose_the_loss(xp):
    loss, saved = xp(SoftmaxCrossEntropy().forward, np.array([[1e4, 0.0], [0.0, 1e4]]), np.array([1, 1]))
    assert loss == 5000.0
    assert xp(SoftmaxCrossEntropy().backward, saved).tolist() == [[0.5, -0.5], [0.0, 0.0]]


def test_a_class_ruled_out_by_minus_infinity_costs_nothing(xp):
    loss, _ = xp(SoftmaxCrossEntropy().forward, np.array([[0.0, -np.inf]]), np.array([0]))
    assert loss == 0.0


def test_nan_shows(xp):
    assert np.isnan(xp(SoftmaxCrossEntropy().forward, np.array([[0.0, np.nan]]), np.array([0]))[0])


def test_targets_are_the_labels():
    assert SoftmaxCrossEntropy().targets_from_labels(LABELS, 3, np.zeros(0)) is LABELS


scores_of_any_size = arrays(np.float64, (3, 4), elements=st.floats(-50, 50))


@settings(max_examples=60, deadline=None)
@given(scores_of_any_size, st.floats(-100, 100))
def test_a_shift_of_all_scores_changes_nothing(scores, shift):
    np.testing.assert_allclose(softmax(scores + shift), softmax(scores), rtol=1e-10)


@settings(max_examples=60, deadline=None)
@given(scores_of_any_size, arrays(np.int64, 3, elements=st.integers(0, 3)))
def test_derivatives_sum_to_zero_over_classes(scores, labels):
    _, saved = SoftmaxCrossEntropy().forward(scores, labels)
    np.testing.assert_allclose(SoftmaxCrossEntropy().backward(saved).sum(axis=1), 0, atol=1e-14)

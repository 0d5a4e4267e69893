"""The most confident mistakes of a split, gathered block by block."""

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import expit, softmax

from shoal.training.measure import ConfidentErrors, has_probabilities

KNOWN = {
    "softmax_cross_entropy": lambda s: softmax(s, axis=1),
    "sigmoid_cross_entropy": expit,
}


def gathered(loss, scores, labels, most, blocks):
    """The mistakes found by walking over blocks (first, last, number already seen)."""
    found = ConfidentErrors.none(most, jnp.float32)
    for first, last, seen in blocks:
        own = slice(first, last)
        index = np.arange(first, last, dtype=np.int32)
        block = jnp.asarray(scores[own]), jnp.asarray(labels[own])
        found = found.among(loss, *block, jnp.asarray(index >= seen), jnp.asarray(index))
    return found


@pytest.mark.parametrize("loss", KNOWN)
@pytest.mark.parametrize("most", [1, 5, 40])
def test_mistakes_of_overlapping_blocks_are_those_of_the_whole_the_surest_first(loss, most):
    rng = np.random.default_rng(0)
    scores = rng.normal(size=(30, 4)).astype(np.float32)
    labels = rng.integers(0, 4, 30).astype(np.int32)
    found = gathered(loss, scores, labels, most, [(0, 12, 0), (12, 24, 12), (18, 30, 24)])
    named, surest = scores.argmax(axis=1), KNOWN[loss](scores).max(axis=1)
    wrong = np.flatnonzero(named != labels)
    order = wrong[np.argsort(-surest[wrong])][:most]
    nobody = [-1] * (most - len(order))
    np.testing.assert_array_equal(found.index, [*order, *nobody])
    np.testing.assert_array_equal(found.predicted, [*named[order], *nobody])
    np.testing.assert_allclose(found.probability, [*surest[order], *nobody], rtol=1e-6)


def test_of_equally_sure_mistakes_the_earlier_is_kept():
    scores = np.tile(np.float32([900.0, 0.0]), (6, 1))
    found = gathered("softmax_cross_entropy", scores, np.ones(6, np.int32), 3, [(0, 3, 0), (3, 6, 3)])
    np.testing.assert_array_equal(found.index, [0, 1, 2])
    np.testing.assert_array_equal(found.probability, [1, 1, 1])


def test_scores_that_are_not_finite_are_no_confident_mistakes():
    scores = np.float32([[np.nan, 1.0], [0.0, 3.0], [np.inf, 0.0]])
    found = gathered("softmax_cross_entropy", scores, np.int32([1, 0, 1]), 2, [(0, 3, 0)])
    np.testing.assert_array_equal(found.index, [1, -1])


def test_a_squared_error_has_no_probabilities():
    assert not has_probabilities("squared_error")
    assert all(map(has_probabilities, KNOWN))

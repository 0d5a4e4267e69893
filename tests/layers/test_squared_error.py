"""loss = mean over N of sum over C of (s - t)^2."""

import numpy as np

from proofs import close, prove_loss
from shoal.layers import SquaredError


def test_value_known_by_hand(xp):
    loss, saved = xp(
        SquaredError().forward, np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[0.0, 0.0], [3.0, 2.0]])
    )
    assert loss == 4.5
    assert xp(SquaredError().backward, saved).tolist() == [[1.0, 2.0], [0.0, 2.0]]


def test_derivative(xp, rng):
    prove_loss(xp, SquaredError(), rng.normal(size=(4, 3)), rng.normal(size=(4, 3)))


def test_targets_are_one_hot_rows(xp):
    targets = xp(
        lambda labels, like: SquaredError().targets_from_labels(labels, 2, like),
        np.array([1, 0]),
        np.zeros(1),
    )
    close(targets, np.array([[0.0, 1.0], [1.0, 0.0]]), 0, 0)

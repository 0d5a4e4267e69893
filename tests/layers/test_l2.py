"""cost = coefficient * sum of W^2."""

import numpy as np

from proofs import central_differences, close
from shoal.layers import l2_cost, l2_gradient

W = np.array([[1.0, -2.0], [0.0, 3.0]])


def test_cost_known_by_hand(xp):
    assert xp(lambda a, b: l2_cost(0.5, [a, b]), W, np.array([[2.0]])) == 9.0


def test_gradient_known_by_hand(xp):
    assert xp(lambda W: l2_gradient(0.5, W), W).tolist() == W.tolist()


def test_derivative(xp):
    came = xp(lambda W: l2_gradient(0.3, W), W)
    close(came, central_differences(lambda W: float(l2_cost(0.3, [W])), W), 1e-9)


def test_coefficient_may_be_traced(xp):
    close(xp(lambda c, W: (l2_cost(c, [W]), l2_gradient(c, W)), np.array(0.25), W), (3.5, 0.5 * W))

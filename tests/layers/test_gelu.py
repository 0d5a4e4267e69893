"""y = x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) / 2."""

import numpy as np
from scipy.special import ndtr

from proofs import close, prove_layer
from shoal.layers import GELU


def test_values_known_by_hand(xp):
    """At 0 it is 0; far away it is x or 0; and y(x) - y(-x) = x, since t is odd."""
    x = np.array([[0.0, 30.0, -30.0, 0.7, -0.7]])
    y, _ = xp(GELU().forward, {}, x)
    close(y[:, :3], np.array([[0.0, 30.0, 0.0]]))
    close(y[:, 3] - y[:, 4], np.array([0.7]))


def test_it_is_near_the_exact_form(xp):
    x = np.linspace(-8, 8, 4001)[None]
    off = np.abs(xp(GELU().forward, {}, x)[0] - x * ndtr(x))
    assert 4.7e-4 < off.max() < 4.8e-4


def test_derivative(xp, rng):
    prove_layer(xp, GELU(), {}, rng.normal(size=(4, 3)), rng.normal(size=(4, 3)))

"""The L2 cost of weights, also called weight decay or ridge.

Equation:  cost = coefficient * sum of W^2 over all weights,   dW = 2 coefficient W
Shapes:    any; the cost is 0-d
Caveat:    no factor 1/2, where other tools have one: PyTorch's weight_decay is 2 coefficient. Weights
           only: never biases, nor batch norm's gamma and beta. The coefficient may be traced.
Source:    Goodfellow, Bengio and Courville (2016), Deep Learning, eq. 7.2 (there with alpha / 2).
"""

from __future__ import annotations

from collections.abc import Iterable

from shoal.layers.arrays import Array, Number, namespace


def l2_cost(coefficient: Number, weights: Iterable[Array]) -> Number:
    """coefficient * sum of W^2 over all `weights`."""
    return coefficient * sum(namespace(W).sum(W * W) for W in weights)


def l2_gradient(coefficient: Number, W: Array) -> Array:
    """2 * coefficient * W: the derivative of `l2_cost` by one weight."""
    return 2 * coefficient * W

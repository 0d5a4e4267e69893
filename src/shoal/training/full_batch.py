"""The cost of all training examples as a function of one flat vector, as SciPy's optimizers want it.

Equation:  f(p) = loss(p) + l2 sum of W^2 over all examples at once, p all parameters in one vector (P,)
Gradient:  the layers' own backward, laid out like p
Hessian:   H v is the derivative of that gradient along v, by forward mode: exact, no step to choose
Caveat:    batch norms use the mean and variance of all examples, so f is deterministic; layers that draw
           are left out, as in evaluation.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import jax
from jax import Array
from jax.flatten_util import ravel_pytree

from shoal.network import Network

Unravel: TypeAlias = Callable[[Array], Any]


def flat_cost_and_gradient(
    network: Network, unravel: Unravel, flat: Array, x: Array, targets: Array, l2: Any
) -> tuple[Array, Array]:
    """The cost (0-d) and its gradient (P,) at `flat` (P,); x (N, ...), targets as the loss wants."""
    costs, gradients, _, _ = network.cost_and_gradients(unravel(flat), x, targets, l2)
    return costs.cost, ravel_pytree(gradients)[0]


def flat_hessian_product(
    network: Network, unravel: Unravel, flat: Array, direction: Array, x: Array, targets: Array, l2: Any
) -> Array:
    """The Hessian of the cost at `flat` times `direction`, (P,)."""

    def gradient(at: Array) -> Array:
        return flat_cost_and_gradient(network, unravel, at, x, targets, l2)[1]

    return jax.jvp(gradient, (flat,), (direction,))[1]

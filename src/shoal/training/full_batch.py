"""The cost of all training examples as a function of one flat vector, minimized by SciPy.

Equation:  f(p) = loss(p) + l2 sum of W^2 over all examples at once, p all parameters in one vector (P,)
Gradient:  the layers' own backward, laid out like p
Hessian:   H v is the derivative of that gradient along v, by forward mode: exact, no step to choose
Caveat:    batch norms use the mean and variance of all examples, so f is deterministic; layers that draw
           are left out, as in evaluation.

`scipy.optimize.minimize` gets limits that every method keeps, and a way to stop it from outside.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import jax
import numpy as np
from jax import Array
from jax.flatten_util import ravel_pytree

from shoal.network import Network

METHODS = {"tnc": "TNC", "l-bfgs": "L-BFGS-B", "cg": "CG", "newton-cg": "Newton-CG"}
VECTORS = {"tnc": 12, "l-bfgs": 25, "cg": 6, "newton-cg": 8}  # of the parameters' length, that each keeps
STOPPED = 99  # SciPy's own status where a callback stops a method
NO_LIMIT = 2**31 - 1

CostAndGradient = Callable[[np.ndarray], tuple[float, np.ndarray]]
HessianProduct = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class MinimizeResult:
    """Where a method ended and why.

    x (P,) is its last iterate, `cost` the cost there. `evaluations` are of cost and gradient together,
    `hessian_products` what newton-cg asked for beside them. `status` and `message` are SciPy's; status 99
    where a limit that SciPy's method does not have, or someone from outside, stopped it.
    """

    x: np.ndarray
    cost: float
    iterations: int
    evaluations: int
    hessian_products: int
    status: int
    message: str
    converged: bool


class _Stop(Exception):
    """Leaves SciPy's method from within one of its calls."""


@dataclass
class _Tracker:
    """The calls of one minimization, counted, and its last iterate with its cost."""

    function: CostAndGradient
    most_iterations: int
    most_evaluations: int
    each: Callable[[int, np.ndarray, int], None]
    stopped: Callable[[], bool]
    x: np.ndarray
    cost: float = np.nan
    iterations: int = 0
    evaluations: int = 0
    products: int = 0
    seen: list[tuple[np.ndarray, float]] = field(default_factory=list)

    def cost_and_gradient(self, x: np.ndarray) -> tuple[float, np.ndarray]:
        self._count()
        self.evaluations += 1
        cost, gradient = self.function(x)
        self.seen = [*self.seen[-7:], (np.array(x), cost)]  # a line search returns to a point tried before
        if self.evaluations == 1:
            self.cost = cost
        return cost, gradient

    def product(self, hessian_product: HessianProduct) -> HessianProduct:
        def counted(x: np.ndarray, direction: np.ndarray) -> np.ndarray:
            self._count()
            self.products += 1
            return hessian_product(x, direction)

        return counted

    def iterated(self, x: np.ndarray) -> None:
        self.iterations += 1
        self.x = np.array(x)
        known = (cost for at, cost in reversed(self.seen) if np.array_equal(at, x))
        self.cost = next(known, np.nan)
        self.each(self.iterations, self.x, self.evaluations + self.products)
        if self.iterations >= self.most_iterations:
            raise _Stop(f"{self.iterations:,} iterations, the most allowed")

    def _count(self) -> None:
        if self.stopped():
            raise _Stop(f"Stopped from outside after {self.iterations:,} iterations")
        if self.evaluations + self.products >= self.most_evaluations:
            raise _Stop(f"{self.most_evaluations:,} evaluations, the most allowed")


def minimize_cost(
    function: CostAndGradient,
    start: np.ndarray,
    kind: str,
    options: Mapping[str, Any] | None = None,
    *,
    hessian_product: HessianProduct | None = None,
    iterations: int | None = None,
    evaluations: int | None = None,
    each: Callable[[int, np.ndarray, int], None] = lambda iteration, x, evaluations: None,
    stopped: Callable[[], bool] = lambda: False,
) -> MinimizeResult:
    """Minimize `function` from `start` (P,) by the method `kind` of `METHODS`, with SciPy's `options`.

    At most so many `iterations` and `evaluations` (Hessian products count as evaluations). SciPy's own
    limit is used where its method has one, so that its message says which. `each(iteration, x, evaluations)`
    hears of every iterate, `stopped()` is asked before every evaluation.
    """
    from scipy.optimize import minimize

    own = _limits(kind, iterations, evaluations)
    walk = _Tracker(
        function,
        NO_LIMIT if iterations is None or "maxiter" in own else iterations,
        NO_LIMIT if evaluations is None or "maxfun" in own else evaluations,
        each,
        stopped,
        np.array(start, np.float64),
    )
    try:
        found = minimize(
            walk.cost_and_gradient,
            walk.x,
            jac=True,
            hessp=walk.product(hessian_product) if hessian_product and kind == "newton-cg" else None,
            method=METHODS[kind],
            callback=lambda x: walk.iterated(x),
            options={**own, **(options or {})},
        )
    except _Stop as stop:
        if not np.isfinite(walk.cost):
            walk.cost = function(walk.x)[0]
        return MinimizeResult(
            walk.x,
            float(walk.cost),
            walk.iterations,
            walk.evaluations,
            walk.products,
            STOPPED,
            str(stop),
            False,
        )
    return MinimizeResult(
        np.asarray(found.x, np.float64),
        float(found.fun),
        int(found.nit),
        int(found.nfev),
        walk.products,
        int(found.status),
        str(found.message),
        bool(found.success),
    )


def _limits(kind: str, iterations: int | None, evaluations: int | None) -> dict[str, int]:
    """The limits that SciPy's method has itself, so high where none was given that they never act."""
    most = {"maxiter": iterations or NO_LIMIT, "maxfun": evaluations or NO_LIMIT}
    has = {"tnc": ("maxfun",), "l-bfgs": ("maxiter", "maxfun"), "cg": ("maxiter",), "newton-cg": ("maxiter",)}
    return {name: most[name] for name in has[kind]}


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

"""The flat cost and its gradient, and SciPy's methods on them: proved by differences and by SciPy itself."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.optimize
from jax.flatten_util import ravel_pytree
from numpy.testing import assert_allclose, assert_array_equal

from shoal.layers import BatchNorm, HeNormal, Sigmoid, SigmoidCrossEntropy, SoftmaxCrossEntropy, Tanh
from shoal.network import compose
from shoal.training.full_batch import (
    METHODS,
    STOPPED,
    flat_cost_and_gradient,
    flat_hessian_product,
    minimize_cost,
)

L2 = 0.01
NETWORKS = {
    "sigmoids": {"hidden": [4, 3], "activation": Sigmoid(2.0), "loss": SigmoidCrossEntropy(2.0)},
    "batch norm": {
        "hidden": [4],
        "activation": Tanh(),
        "batch_norm": BatchNorm(),
        "loss": SoftmaxCrossEntropy(),
    },
}


@pytest.fixture(params=NETWORKS)
def flat(request, rng, float64):
    """(cost and gradient, Hessian product, a point) of a small network, as functions of NumPy vectors."""
    network = compose((5,), 3, initial=HeNormal(), **NETWORKS[request.param])
    noise = {
        layer: {name: rng.normal(size=shape) for name, (shape, _) in own.items()}
        for layer, own in network.parameter_noise().items()
    }
    start, unravel = ravel_pytree(jax.tree.map(jnp.asarray, network.initialize(noise)))
    x = jnp.asarray(rng.normal(size=(30, 5)))
    targets = network.loss.targets_from_labels(jnp.asarray(rng.integers(0, 3, 30)), 3, x)

    def cost_and_gradient(p):
        cost, gradient = flat_cost_and_gradient(network, unravel, jnp.asarray(p), x, targets, L2)
        return float(cost), np.asarray(gradient)

    def product(p, v):
        return np.asarray(
            flat_hessian_product(network, unravel, jnp.asarray(p), jnp.asarray(v), x, targets, L2)
        )

    return cost_and_gradient, product, np.asarray(start) + 0.1 * rng.normal(size=start.size)


def test_the_gradient_is_that_of_the_cost(flat):
    cost_and_gradient, _, p = flat
    gradient = cost_and_gradient(p)[1]
    wrong = scipy.optimize.check_grad(lambda p: cost_and_gradient(p)[0], lambda p: cost_and_gradient(p)[1], p)
    assert wrong < 1e-6 * np.linalg.norm(gradient)


def test_the_hessian_product_is_the_difference_of_gradients(flat, rng):
    cost_and_gradient, product, p = flat
    v, step = rng.normal(size=p.size), 1e-5
    differences = (cost_and_gradient(p + step * v)[1] - cost_and_gradient(p - step * v)[1]) / (2 * step)
    assert_allclose(product(p, v), differences, rtol=1e-6, atol=1e-8)


def rosenbrock(x):
    return float(scipy.optimize.rosen(x)), scipy.optimize.rosen_der(x)


START = np.array([0.2, 1.9, 0.4, 1.7])


@pytest.mark.parametrize("kind", METHODS)
def test_a_method_walks_as_scipy_does_by_itself(kind):
    hessp = scipy.optimize.rosen_hess_prod
    ours, theirs = [], []
    found = minimize_cost(
        rosenbrock,
        START,
        kind,
        hessian_product=hessp,
        iterations=12,
        each=lambda i, x, e: ours.append(x),
    )
    options = {"maxfun": 10**6} if kind == "tnc" else {"maxiter": 12}
    alone = scipy.optimize.minimize(
        rosenbrock,
        START,
        jac=True,
        method=METHODS[kind],
        hessp=hessp if kind == "newton-cg" else None,
        callback=lambda x: theirs.append(x.copy()),
        options=options,
    )
    assert len(ours) == found.iterations == 12
    assert_array_equal(ours, theirs[:12])
    if kind != "tnc":  # the only one without a limit of iterations of its own
        assert (found.message, found.status, found.evaluations) == (alone.message, alone.status, alone.nfev)
        assert_array_equal(found.x, alone.x)
    else:
        assert (found.status, found.message) == (STOPPED, "12 iterations, the most allowed")


@pytest.mark.parametrize("kind", METHODS)
def test_evaluations_are_limited_in_every_method(kind):
    found = minimize_cost(
        rosenbrock, START, kind, hessian_product=scipy.optimize.rosen_hess_prod, evaluations=15
    )
    assert (
        15 <= found.evaluations + found.hessian_products < 20
    )  # some of SciPy's end their line search first
    assert not found.converged
    assert found.cost == rosenbrock(found.x)[0] < rosenbrock(START)[0]


@pytest.mark.parametrize("kind", METHODS)
def test_a_method_that_nobody_limits_converges(kind):
    found = minimize_cost(rosenbrock, START, kind, hessian_product=scipy.optimize.rosen_hess_prod)
    assert found.converged
    assert_allclose(found.x, 1, atol=1e-2)


def test_options_are_scipys():
    loose = minimize_cost(rosenbrock, START, "l-bfgs", {"gtol": 1.0})
    tight = minimize_cost(rosenbrock, START, "l-bfgs", {"gtol": 1e-9})
    assert loose.iterations < tight.iterations


@pytest.mark.parametrize("kind", METHODS)
def test_what_is_stopped_from_outside_keeps_its_last_iterate(kind):
    seen = []
    found = minimize_cost(
        rosenbrock,
        START,
        kind,
        hessian_product=scipy.optimize.rosen_hess_prod,
        each=lambda i, x, e: seen.append(x),
        stopped=lambda: len(seen) >= 3,
    )
    assert (found.status, found.iterations) == (STOPPED, 3)
    assert found.message == "Stopped from outside after 3 iterations"
    assert_array_equal(found.x, seen[-1])
    assert found.cost == rosenbrock(found.x)[0]

"""Two independent derivatives to hold against a hand-written one: central differences, and autodiff."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from shoal.layers import Layer, Loss


def central_differences(f: Callable[[Any], float], tree: Any, step: float = 1e-5) -> Any:
    """The derivative of the scalar f by every number in a pytree of NumPy float64 arrays."""
    leaves, structure = jax.tree.flatten(tree)
    slopes = []
    for i, leaf in enumerate(leaves):
        slope = np.zeros_like(leaf)
        for at in np.ndindex(leaf.shape):
            ends = []
            for h in (step, -step):
                moved = leaf.copy()
                moved[at] += h
                ends.append(f(jax.tree.unflatten(structure, [*leaves[:i], moved, *leaves[i + 1 :]])))
            slope[at] = (ends[0] - ends[1]) / (2 * step)
        slopes.append(slope)
    return jax.tree.unflatten(structure, slopes)


def prove_layer(
    xp, layer: Layer, parameters: dict, x: np.ndarray, dy: np.ndarray, *noise: np.ndarray
) -> None:
    """Fail unless `layer.backward` on this backend equals central differences and jax.vjp, in float64."""

    def hand_written(parameters, x, dy, *noise):
        y, saved = layer.forward(parameters, x, *noise)
        return layer.backward(parameters, saved, dy), layer.gradients(parameters, saved, dy), y

    (dx, gradients), gradients_alone, y = xp(hand_written, parameters, x, dy, *noise)
    assert dx.shape == x.shape
    assert y.shape == (x.shape[0], *layer.output_shape(x.shape[1:]))
    assert {key: g.shape for key, g in gradients.items()} == layer.parameter_shapes(x.shape[1:])
    close(gradients_alone, gradients, 0, 0)

    def projected(both):
        return float(np.sum(layer.forward(both[0], both[1], *noise)[0] * dy))

    close((gradients, dx), central_differences(projected, (parameters, x)), 1e-7, 1e-8)
    close((gradients, dx), _vjp(lambda p, x: layer.forward(p, x, *noise)[0], dy, parameters, x), 1e-11, 1e-12)


def _vjp(f: Callable, dy: np.ndarray, *arguments: Any) -> Any:
    """dy's product with the derivative of f, as one program: hundreds of small ones take seconds."""
    return jax.jit(lambda dy, *arguments: jax.vjp(f, *arguments)[1](dy))(dy, *arguments)


def prove_loss(xp, loss: Loss, scores: np.ndarray, targets: np.ndarray) -> None:
    """Fail unless `loss.backward` on this backend equals central differences and jax.grad, in float64."""

    def hand_written(scores, targets):
        value, saved = loss.forward(scores, targets)
        return value, loss.backward(saved)

    def value_of(scores):
        return loss.forward(scores, targets)[0]

    value, dscores = xp(hand_written, scores, targets)
    assert value.shape == ()
    assert dscores.shape == scores.shape
    close(dscores, central_differences(lambda s: float(value_of(s)), scores), 1e-7, 1e-8)
    close(dscores, jax.grad(value_of)(jax.numpy.asarray(scores)), 1e-11, 1e-13)


def close(came: Any, expected: Any, relative: float = 1e-12, absolute: float = 1e-14) -> None:
    """Fail where two pytrees of arrays differ."""
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol=relative, atol=absolute),
        came,
        expected,
    )

"""Every random number of a training, drawn from its seed: initial noise, order of examples, dropout noise.

A key is made from the seed alone, so that cells of one seed start from the same noise and see the same
batches (common random numbers): differences between them are due to their settings.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from shoal.network import Network

_INITIAL, _ORDER, _DRAWS = 0, 1, 2


def seed_key(seed: Any) -> Array:
    """The key of a seed. The generator is named so that a configuration cannot change the bits."""
    return jax.random.key(seed, impl="threefry2x32")


def initial_noise(network: Network, key: Array, dtype: Any) -> dict[str, dict[str, Array]]:
    """The noise that the initial weights scale, one stream a parameter."""
    key = jax.random.fold_in(key, _INITIAL)
    noise: dict[str, dict[str, Array]] = {}
    for i, (layer, parameters) in enumerate(network.parameter_noise().items()):
        noise[layer] = {}
        for j, (name, (shape, distribution)) in enumerate(parameters.items()):
            own = jax.random.fold_in(jax.random.fold_in(key, i), j)
            if distribution == "normal":
                noise[layer][name] = jax.random.normal(own, shape, dtype)
            else:
                noise[layer][name] = jax.random.uniform(own, shape, dtype, -1.0, 1.0)
    return noise


def epoch_order(key: Array, epoch: Array, n: int) -> Array:
    """The order of the n examples in an epoch: (n,) int32, a fresh permutation for each epoch and key."""
    own = jax.random.fold_in(jax.random.fold_in(key, _ORDER), epoch)
    return jax.random.permutation(own, jnp.arange(n, dtype=jnp.int32))


def dropout_noise(network: Network, key: Array, step: Array, n: int, dtype: Any) -> dict[str, Array]:
    """Uniform noise on [0, 1) for each layer that draws, for n examples at a step."""
    key = jax.random.fold_in(jax.random.fold_in(key, _DRAWS), step)
    shapes = network.draw_shapes(n)
    return {
        name: jax.random.uniform(jax.random.fold_in(key, i), shape, dtype)
        for i, (name, shape) in enumerate(shapes.items())
    }

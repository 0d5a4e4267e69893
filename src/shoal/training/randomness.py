"""Every random number of a training, drawn from its seed: initial noise, order of examples, dropout noise.

A key is made from the seed alone, so that cells of one seed start from the same noise and see the same
batches (common random numbers): differences between them are due to their settings.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from shoal.network import Network

_INITIAL, _ORDER, _DRAWS, _POINTS = 0, 1, 2, 3


def seed_key(seed: Any) -> Array:
    """The key of a seed. The generator is named so that a configuration cannot change the bits."""
    return jax.random.key(seed, impl="threefry2x32")


def initial_noise(network: Network, key: Array, dtype: Any) -> dict[str, dict[str, Array]]:
    """The noise that the initial weights scale: one draw a distribution, cut into the parameters' shapes."""
    key = jax.random.fold_in(key, _INITIAL)
    wanted = [
        ((layer, name), shape, distribution)
        for layer, parameters in network.parameter_noise().items()
        for name, (shape, distribution) in parameters.items()
    ]
    noise: dict[str, dict[str, Array]] = {}
    for i, distribution in enumerate(("normal", "uniform")):
        shapes = {place: shape for place, shape, kind in wanted if kind == distribution}
        for (layer, name), values in _cut(
            _DRAW[distribution], jax.random.fold_in(key, i), shapes, dtype
        ).items():
            noise.setdefault(layer, {})[name] = values
    return noise


def epoch_order(key: Array, epoch: Array, n: int) -> Array:
    """The order of the n examples in an epoch: (n,) int32, a fresh permutation for each epoch and key."""
    own = jax.random.fold_in(jax.random.fold_in(key, _ORDER), epoch)
    return jax.random.permutation(own, jnp.arange(n, dtype=jnp.int32))


def uniform_points(key: Array, n: int, low: float, high: float, dtype: Any) -> Array:
    """n points uniform on [low, high) for a regression, (n,): another key, other points."""
    return jax.random.uniform(jax.random.fold_in(key, _POINTS), (n,), dtype, low, high)


def dropout_noise(network: Network, key: Array, step: Array, n: int, dtype: Any) -> dict[str, Array]:
    """Uniform noise on [0, 1) for each layer that draws, for n examples at a step."""
    key = jax.random.fold_in(jax.random.fold_in(key, _DRAWS), step)
    return _cut(jax.random.uniform, key, network.draw_shapes(n), dtype)


def _symmetric(key: Array, shape: tuple[int, ...], dtype: Any) -> Array:
    return jax.random.uniform(key, shape, dtype, -1.0, 1.0)


_DRAW: dict[str, Callable[..., Array]] = {"normal": jax.random.normal, "uniform": _symmetric}


def _cut(
    draw: Callable[..., Array], key: Array, shapes: Mapping[Any, tuple[int, ...]], dtype: Any
) -> dict[Any, Array]:
    """One draw for all shapes: a generator inlined once compiles in a fraction of the time."""
    sizes = [math.prod(shape) for shape in shapes.values()]
    if not sizes:
        return {}
    flat, at, cut = draw(key, (sum(sizes),), dtype), 0, {}
    for (place, shape), size in zip(shapes.items(), sizes, strict=True):
        cut[place] = flat[at : at + size].reshape(shape)
        at += size
    return cut

"""The points of a function on the device: every row of a stack, which is a seed, has its own."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from shoal.data.functions import values_of
from shoal.study.placed import Data
from shoal.study.points import Points
from shoal.training.measure import Scale, Split
from shoal.training.randomness import uniform_points


def draw_data(points: Points, keys: Array, curve: int | str, dtype: Any) -> Data:
    """The splits of each key: inputs (rows, n, 1) and values (rows, n), which are the labels."""
    return _draw(points, curve, jnp.dtype(dtype), keys)


@partial(jax.jit, static_argnums=(0, 1, 2))
def _draw(points: Points, curve: int | str, dtype: Any, keys: Array) -> Data:
    counts = points.counts
    x = jax.vmap(lambda key: uniform_points(key, sum(counts.values()), points.low, points.high, dtype))(keys)
    splits, at = {}, 0
    for name, count in counts.items():
        own = x[:, at : at + count]
        splits[name] = Split(own[:, :, None], values_of(points.function, own)) if count else None
        at += count
    train = splits["train"]
    assert train is not None
    measured = train if curve == "all" else Split(train.inputs[:, :curve], train.labels[:, :curve])
    scale = Scale(jnp.zeros(points.shape, dtype), jnp.ones(points.shape, dtype))
    return Data(train, measured, splits["validation"], splits["test"], scale)

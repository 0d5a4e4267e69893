"""Quantiles of many arrays at once, inside a compiled computation and cheap enough while training."""

from __future__ import annotations

import math
from collections.abc import Sequence

import jax.numpy as jnp
import numpy as np
from jax import Array, lax

MOST = 2048  # numbers of an array that are sorted


def quantiles(arrays: Sequence[Array], probabilities: Sequence[float]) -> Array:
    """The quantiles of each array, (arrays, probabilities): interpolated linearly at p (n - 1), as NumPy's.

    Of an array with more than MOST numbers, those at `places` are sorted. NaN where a number is not finite.
    """
    samples = [_sample(values) for values in arrays]
    sizes = [sample.size for sample in samples]
    dtype, width = arrays[0].dtype, max(sizes)
    rows = jnp.stack([jnp.pad(s, (0, width - s.size), constant_values=jnp.inf) for s in samples])
    last = np.array(sizes) - 1
    finite = jnp.all(jnp.isfinite(rows) | jnp.asarray(np.arange(width) > last[:, None]), axis=1)
    at = last[:, None] * np.array(probabilities)
    ends = np.concatenate([np.floor(at), np.ceil(at)], axis=1).astype(np.int32)
    low, high = jnp.split(jnp.take_along_axis(_sorted(rows), jnp.asarray(ends), axis=1), 2, axis=1)
    between = low + (high - low) * jnp.asarray(at - np.floor(at), dtype)
    return jnp.where(finite[:, None], between, jnp.nan)


def places(n: int, most: int = MOST) -> np.ndarray:
    """Indices of min(n, most) of n numbers, evenly spread: i * stride modulo n, the stride prime to n.

    A stride near the golden section of n meets all rows and columns of a matrix alike, where one of n / most
    would meet some columns only.
    """
    stride = max(1, round(0.6180339887498949 * n))
    while math.gcd(stride, n) > 1:
        stride += 1
    return (np.arange(min(n, most), dtype=np.int64) * stride % n).astype(np.int32)


def _sample(values: Array) -> Array:
    """What is sorted of an array, picked where it stands: a large array is not copied to be flattened."""
    if values.size <= MOST:
        return values.reshape(-1)
    chosen = np.unravel_index(places(values.size), values.shape)
    return values[tuple(jnp.asarray(axis.astype(np.int32)) for axis in chosen)]


def _sorted(rows: Array) -> Array:
    """Each row in order. The bits of floats are sorted as whole numbers: on a CPU four times as fast.

    Those of a positive float grow with it; those of a negative one, all but its sign turned over, too.
    """
    whole, positive = (jnp.int64, 2**63 - 1) if rows.dtype == jnp.float64 else (jnp.int32, 2**31 - 1)

    def turned(bits: Array) -> Array:
        return jnp.where(bits < 0, bits ^ jnp.asarray(positive, whole), bits)

    bits = lax.sort(turned(lax.bitcast_convert_type(rows, whole)), dimension=1, is_stable=False)
    return lax.bitcast_convert_type(turned(bits), rows.dtype)

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
    index, sizes = _gathered([values.size for values in arrays])
    dtype = arrays[0].dtype
    flat = jnp.concatenate([*(values.reshape(-1) for values in arrays), jnp.full(1, jnp.inf, dtype)])
    rows = flat[jnp.asarray(index)]
    last = np.array(sizes) - 1
    finite = jnp.all(jnp.isfinite(rows) | jnp.asarray(np.arange(index.shape[1]) > last[:, None]), axis=1)
    at = last[:, None] * np.array(probabilities)
    ends = np.concatenate([np.floor(at), np.ceil(at)], axis=1).astype(np.int32)
    low, high = jnp.split(jnp.take_along_axis(_sorted(rows), jnp.asarray(ends), axis=1), 2, axis=1)
    between = low + (high - low) * jnp.asarray(at - np.floor(at), dtype)
    return jnp.where(finite[:, None], between, jnp.nan)


def _gathered(counts: Sequence[int]) -> tuple[np.ndarray, list[int]]:
    """Where each array's sample stands among all numbers, (arrays, most); what is left of a row, the end."""
    sizes = [min(count, MOST) for count in counts]
    index = np.full((len(counts), max(sizes)), sum(counts), np.int32)
    for row, size, start, count in zip(index, sizes, np.cumsum([0, *counts]), counts, strict=False):
        row[:size] = start + places(count)
    return index, sizes


def places(n: int, most: int = MOST) -> np.ndarray:
    """Indices of min(n, most) of n numbers, evenly spread: i * stride modulo n, the stride prime to n.

    A stride near the golden section of n meets all rows and columns of a matrix alike, where one of n / most
    would meet some columns only.
    """
    stride = max(1, round(0.6180339887498949 * n))
    while math.gcd(stride, n) > 1:
        stride += 1
    return (np.arange(min(n, most), dtype=np.int64) * stride % n).astype(np.int32)


def _sorted(rows: Array) -> Array:
    """Each row in order. The bits of floats are sorted as whole numbers: on a CPU four times as fast.

    Those of a positive float grow with it; those of a negative one, all but its sign turned over, too.
    """
    whole, positive = (jnp.int64, 2**63 - 1) if rows.dtype == jnp.float64 else (jnp.int32, 2**31 - 1)

    def turned(bits: Array) -> Array:
        return jnp.where(bits < 0, bits ^ jnp.asarray(positive, whole), bits)

    bits = lax.sort(turned(lax.bitcast_convert_type(rows, whole)), dimension=1, is_stable=False)
    return lax.bitcast_convert_type(turned(bits), rows.dtype)

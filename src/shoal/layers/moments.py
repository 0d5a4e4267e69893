"""Mean and variance of more examples than fit in memory: of chunks, merged."""

from __future__ import annotations

from math import prod
from typing import NamedTuple

from shoal.layers.arrays import Array, Shape, namespace


class Moments(NamedTuple):
    """Of each feature (last axis): how many numbers, their mean, their summed squares about it."""

    count: Array  # 0-d, of the numbers' own dtype
    mean: Array  # (C,)
    squares: Array  # (C,)

    @property
    def variance(self) -> Array:
        """The biased variance, (C,)."""
        return self.squares / self.count


def no_moments(features: Shape, like: Array) -> Moments:
    """The moments of no examples, where merging starts."""
    xp = namespace(like)
    zeros = xp.zeros(features[-1:], dtype=like.dtype)
    return Moments(xp.zeros((), dtype=like.dtype), zeros, zeros)


def moments(x: Array) -> Moments:
    """The moments over all axes of x but the last, in two passes: x^2 - mean^2 would cancel digits."""
    xp, over = namespace(x), tuple(range(x.ndim - 1))
    mean = xp.mean(x, axis=over)
    centred = x - mean
    return Moments(xp.asarray(prod(x.shape[:-1]), dtype=x.dtype), mean, xp.sum(centred * centred, axis=over))


def merge_moments(a: Moments, b: Moments) -> Moments:
    """The moments of both sets of examples together; not both may be empty.

    Equation:  count = a + b,  mean = a.mean + d b/count,  squares = a.squares + b.squares + d^2 a b/count
               with d = b.mean - a.mean
    Source:    Chan, Golub and LeVeque (1983), The American Statistician 37, eqs. 1.5 (there with sums).
    """
    count = a.count + b.count
    gap, share = b.mean - a.mean, b.count / count
    return Moments(count, a.mean + gap * share, a.squares + b.squares + gap * gap * (a.count * share))

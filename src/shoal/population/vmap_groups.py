"""Members side by side, or group after group."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

import jax
from jax import lax

from shoal.layers import Convolution
from shoal.network import Network


def most_at_once(network: Network, platform: str) -> int | None:
    """How many members are best computed at once; None for all of them.

    A fully connected layer's product over many members fills a CPU's units better than one after another. A
    convolution's fills them alone, and what it leaves for its backward is megabytes: a member for each core
    stays in its cache, while all of them do not (benchmarks/convolution.py).
    """
    if platform != "cpu" or not any(isinstance(layer, Convolution) for layer in network.layers):
        return None
    return os.cpu_count() or 1


def members_at_once(network: Network, members: int) -> int:
    """How many of so many members are computed at the same time on this device."""
    most = most_at_once(network, jax.default_backend())
    return members if most is None else min(members, most)


def group_size(members: int, most: int) -> int:
    """Members in a group: as equal as can be, at most `most`."""
    return -(-members // -(-members // most))


def vmap_in_groups(
    function: Callable[..., Any],
    in_axes: Sequence[Any],
    count: int,
    most: int | None,
    out_axes: Any = 0,
) -> Callable[..., Any]:
    """`jax.vmap` over `count` members, with groups of at most `most` computed one after another.

    In groups, an argument is shared where its `in_axes` is None, and else has the members in front.
    """
    if most is None or 1 < count <= most:
        return jax.vmap(function, in_axes=tuple(in_axes), out_axes=out_axes, axis_size=count)
    size = group_size(count, most)

    def call(*arguments: Any) -> Any:
        own = [a for a, axis in zip(arguments, in_axes, strict=True) if axis is not None]

        def one(own: Sequence[Any]) -> Any:
            left = iter(own)
            return function(
                *(a if axis is None else next(left) for a, axis in zip(arguments, in_axes, strict=True))
            )

        return lax.map(one, own, batch_size=size if size > 1 else None)

    return call

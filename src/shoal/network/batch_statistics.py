"""The exact statistics of all training examples for every batch norm, chunk by chunk."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from shoal.layers import Array, Moments, merge_moments, moments, no_moments
from shoal.network.network import ByLayer, Network

Step: TypeAlias = Callable[[Moments, Array], Moments]
Fold: TypeAlias = Callable[[Step, Moments], Moments]


def batch_statistics_by_chunks(
    network: Network, parameters: ByLayer, like: Array, fold: Fold
) -> dict[str, dict[str, Array]]:
    """What `Network.population_state` gives for all examples at once, from chunks of any sizes.

    `fold(step, start)` runs `total = step(total, x)` over every chunk x (N, ...) of the examples, from
    `total = start`, and returns the last total:

        lambda step, start: functools.reduce(step, chunks, start)                            # NumPy
        lambda step, start: jax.lax.scan(lambda t, x: (step(t, x), None), start, chunks)[0]  # JAX

    `like` gives the library and dtype. The examples are passed over once for each batch norm, since a
    batch norm's input depends on the statistics of those below it. Chunks merge without loss but for
    rounding, so the state is that of the whole set, not an average of batches.
    """
    state: dict[str, dict[str, Array]] = {}
    for name, layer, shape in network.named_layers:
        if layer.state_shapes(shape):
            total = fold(_adder(network, parameters, state, name), no_moments(shape, like))
            state[name] = {"mean": total.mean, "variance": total.variance}
    return state


def _adder(network: Network, parameters: ByLayer, state: ByLayer, name: str) -> Step:
    """Adds a chunk's moments, taken at the input of the layer `name`."""
    below = dict(state)  # as it stands now: the caller's grows

    def add(total: Moments, x: Array) -> Moments:
        return merge_moments(total, moments(network.evaluate(parameters, below, x, until=name)))

    return add

"""Which examples a network gets most confidently wrong, kept block by block while a split is walked over."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax.numpy as jnp
from jax import Array, lax

from shoal.layers.softmax_cross_entropy import softmax

_PROBABILITIES: dict[str, Callable[[Array], Array]] = {
    "softmax_cross_entropy": softmax,
    "sigmoid_cross_entropy": lambda scores: 1 / (1 + jnp.exp(-scores)),
}


class Mistaken(NamedTuple):
    """The most confident mistakes so far, the worst first, each (K,): the probability of the class that was
    named, the example's place in the split and the class. Where there are fewer than K: -1."""

    probability: Array
    index: Array
    predicted: Array

    @classmethod
    def none(cls, most: int, dtype: object) -> Mistaken:
        """No mistake yet, of at most so many."""
        nowhere = jnp.full((most,), -1, jnp.int32)
        return cls(jnp.full((most,), -1, dtype), nowhere, nowhere)  # type: ignore[arg-type]

    def among(self, loss: str, scores: Array, labels: Array, fresh: Array, index: Array) -> Mistaken:
        """These and a block's: scores (n, C), the others (n,). Of equals the earlier one is kept."""
        predicted = jnp.argmax(scores, axis=1).astype(jnp.int32)
        named = jnp.max(_PROBABILITIES[loss](scores), axis=1)
        wrong = (predicted != labels) & fresh & jnp.isfinite(named)
        best, at = lax.top_k(
            jnp.concatenate([self.probability, jnp.where(wrong, named, -1)]), len(self.probability)
        )
        known = best >= 0
        every = (jnp.concatenate([self.index, index]), jnp.concatenate([self.predicted, predicted]))
        return Mistaken(best, *(jnp.where(known, one[at], -1) for one in every))


def has_probabilities(loss: str) -> bool:
    """Whether scores mean probabilities under this loss."""
    return loss in _PROBABILITIES

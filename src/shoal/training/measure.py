"""Loss, accuracy and confusion of one network on a split, block by block, and its most confident errors."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from shoal.layers.softmax_cross_entropy import softmax
from shoal.network import Network, batch_statistics_by_chunks
from shoal.training.splits import DeviceSplit, Standardization, standardize

_PROBABILITIES: dict[str, Callable[[Array], Array]] = {
    "softmax_cross_entropy": softmax,
    "sigmoid_cross_entropy": lambda scores: 1 / (1 + jnp.exp(-scores)),
}


class ConfidentErrors(NamedTuple):
    """The most confident mistakes so far, the worst first, each (K,): the probability of the class that was
    named, the example's place in the split and the class. Where there are fewer than K: -1."""

    probability: Array
    index: Array
    predicted: Array

    @classmethod
    def none(cls, most: int, dtype: object) -> ConfidentErrors:
        """No mistake yet, of at most so many."""
        nowhere = jnp.full((most,), -1, jnp.int32)
        return cls(jnp.full((most,), -1, dtype), nowhere, nowhere)  # type: ignore[arg-type]

    def among(self, loss: str, scores: Array, labels: Array, fresh: Array, index: Array) -> ConfidentErrors:
        """These and a block's: scores (n, C), the others (n,). Of equals the earlier one is kept."""
        predicted = jnp.argmax(scores, axis=1).astype(jnp.int32)
        named = jnp.max(_PROBABILITIES[loss](scores), axis=1)
        wrong = (predicted != labels) & fresh & jnp.isfinite(named)
        best, at = lax.top_k(
            jnp.concatenate([self.probability, jnp.where(wrong, named, -1)]), len(self.probability)
        )
        known = best >= 0
        every = (jnp.concatenate([self.index, index]), jnp.concatenate([self.predicted, predicted]))
        return ConfidentErrors(best, *(jnp.where(known, one[at], -1) for one in every))


def has_probabilities(loss: str) -> bool:
    """Whether scores mean probabilities under this loss."""
    return loss in _PROBABILITIES


def evaluate_split(
    network: Network,
    parameters: Any,
    state: Any,
    split: DeviceSplit,
    scale: Standardization,
    block: int,
    most_wrong: int = 0,
) -> dict[str, Array]:
    """Mean loss, accuracy (a fraction) and confusion (C, C: true class by predicted class) over a split.

    With `most_wrong`, that many examples that are most confidently wrong too: `mistake_probability`,
    `mistake_index` and `mistake_predicted`, each (most_wrong,), as `ConfidentErrors` has them.

    Where labels are the real values of a regression, mean loss and `prediction_span` instead: the largest
    prediction minus the smallest, as a share of the values' own span.

    The last block overlaps the one before it where `block` does not divide n; what was counted already
    gets weight 0, so every example counts once.
    """
    zero, n = jnp.zeros((), scale.offset.dtype), split.labels.shape[0]
    walk = partial(_over_blocks, network, parameters, state, split, scale, block)
    if jnp.issubdtype(split.labels.dtype, jnp.floating):
        loss, low, high = walk(_add_values, (zero, zero + jnp.inf, zero - jnp.inf))
        span = (high - low) / (jnp.max(split.labels) - jnp.min(split.labels))
        return {"loss": loss / n, "prediction_span": span}
    nobody = jnp.zeros((network.classes, network.classes), jnp.int32)
    start = (zero, jnp.int32(0), nobody)
    if not most_wrong:
        loss, right, confusion = walk(_add_classes, start)
        mistakes = {}
    else:
        kind, none = network.loss.kind, ConfidentErrors.none(most_wrong, zero.dtype)

        def add(total: Any, loss: Array, scores: Array, labels: Array, fresh: Array, index: Array) -> Any:
            counts = _add_classes(total[0], loss, scores, labels, fresh, index)
            return counts, total[1].among(kind, scores, labels, fresh, index)

        (loss, right, confusion), found = walk(add, (start, none))
        mistakes = {f"mistake_{name}": value for name, value in found._asdict().items()}
    accuracy = right.astype(zero.dtype) / n
    return {"loss": loss / n, "accuracy": accuracy, "confusion": confusion} | mistakes


def _add_classes(total: Any, loss: Array, scores: Array, labels: Array, fresh: Array, index: Array) -> Any:
    predicted = jnp.argmax(scores, axis=1).astype(jnp.int32)
    right = jnp.sum((predicted == labels) & fresh, dtype=jnp.int32)
    confusion = total[2].at[labels, predicted].add(fresh.astype(jnp.int32))
    return total[0] + loss, total[1] + right, confusion


def _add_values(total: Any, loss: Array, scores: Array, labels: Array, fresh: Array, index: Array) -> Any:
    return total[0] + loss, jnp.minimum(total[1], jnp.min(scores)), jnp.maximum(total[2], jnp.max(scores))


def _over_blocks(
    network: Network,
    parameters: Any,
    state: Any,
    split: DeviceSplit,
    scale: Standardization,
    block: int,
    add: Callable[..., Any],
    start: Any,
) -> Any:
    """`add(total, loss, scores, labels, fresh, index)` over the blocks; the loss is the fresh examples'."""
    n = split.labels.shape[0]
    block = min(block, n)

    def step(total: Any, i: Array) -> tuple[Any, None]:
        first = jnp.minimum(i * block, n - block)
        x = standardize(lax.dynamic_slice_in_dim(split.inputs, first, block), scale)
        labels = lax.dynamic_slice_in_dim(split.labels, first, block)
        index = first + jnp.arange(block, dtype=jnp.int32)
        fresh = index >= i * block
        scores = network.evaluate(parameters, state, x)
        loss = jnp.sum(jnp.where(fresh, example_losses(network, scores, labels), 0))
        return add(total, loss, scores, labels, fresh, index), None

    return lax.scan(step, start, jnp.arange(-(-n // block), dtype=jnp.int32))[0]


def example_losses(network: Network, scores: Array, labels: Array) -> Array:
    """The loss of each example, (N,): the network's own loss over batches of one."""

    def one(score: Array, label: Array) -> Array:
        targets = network.loss.targets_from_labels(label[None], network.classes, score[None])
        return network.loss.forward(score[None], targets)[0]

    return jax.vmap(one)(scores, labels)


def population_state(
    network: Network, parameters: Any, split: DeviceSplit, scale: Standardization, block: int
) -> Any:
    """Exact batch-norm statistics over a whole split, for `batch_norm.statistics = "population"`."""
    n = split.labels.shape[0]
    block = min(block, n)
    full = n // block

    def fold(step: Any, total: Any) -> Any:
        def add(total: Any, i: Array) -> tuple[Any, None]:
            return step(
                total, standardize(lax.dynamic_slice_in_dim(split.inputs, i * block, block), scale)
            ), None

        total, _ = lax.scan(add, total, jnp.arange(full, dtype=jnp.int32))
        if n % block:
            total = step(total, standardize(split.inputs[full * block :], scale))
        return total

    return batch_statistics_by_chunks(network, parameters, scale.offset, fold)

"""What a member is worth: loss, accuracy and confusion over a whole split, block by block."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from shoal.network import Network, population_state_by_chunks


class Split(NamedTuple):
    """Examples on the device, as they came: inputs (n, ...) often uint8, labels (n,) int32."""

    inputs: Array
    labels: Array


class Scale(NamedTuple):
    """x = (input - offset) * scale, over the features."""

    offset: Array
    scale: Array


def standardized(inputs: Array, scale: Scale) -> Array:
    """Inputs in the scale's dtype, standardized."""
    return (inputs.astype(scale.offset.dtype) - scale.offset) * scale.scale


def evaluate_split(
    network: Network, parameters: Any, state: Any, split: Split, scale: Scale, block: int
) -> dict[str, Array]:
    """Mean loss, accuracy (a fraction) and confusion (C, C: true class by predicted class) over a split.

    Where labels are the real values of a regression, mean loss and `prediction_span` instead: the largest
    prediction minus the smallest, as a share of the values' own span.

    The last block overlaps the one before it where `block` does not divide n; what was counted already
    gets weight 0, so every example counts once.
    """
    if jnp.issubdtype(split.labels.dtype, jnp.floating):
        return evaluate_regression(network, parameters, state, split, scale, block)
    n = split.labels.shape[0]
    block = min(block, n)
    blocks = -(-n // block)

    def add(total: tuple[Array, Array, Array], i: Array) -> tuple[tuple[Array, Array, Array], None]:
        start = jnp.minimum(i * block, n - block)
        x = standardized(lax.dynamic_slice_in_dim(split.inputs, start, block), scale)
        labels = lax.dynamic_slice_in_dim(split.labels, start, block)
        fresh = start + jnp.arange(block, dtype=jnp.int32) >= i * block
        scores = network.evaluate(parameters, state, x)
        predicted = jnp.argmax(scores, axis=1).astype(jnp.int32)
        losses = example_losses(network, scores, labels)
        loss = jnp.sum(jnp.where(fresh, losses, 0))
        right = jnp.sum((predicted == labels) & fresh, dtype=jnp.int32)
        confusion = total[2].at[labels, predicted].add(fresh.astype(jnp.int32))
        return (total[0] + loss, total[1] + right, confusion), None

    zero = jnp.zeros((), scale.offset.dtype)
    start = (zero, jnp.int32(0), jnp.zeros((network.classes, network.classes), jnp.int32))
    (loss, right, confusion), _ = lax.scan(add, start, jnp.arange(blocks, dtype=jnp.int32))
    return {
        "loss": loss / n,
        "accuracy": right.astype(zero.dtype) / n,
        "confusion": confusion,
    }


def evaluate_regression(
    network: Network, parameters: Any, state: Any, split: Split, scale: Scale, block: int
) -> dict[str, Array]:
    """`evaluate_split` for labels that are real values, (n,)."""
    n = split.labels.shape[0]
    block = min(block, n)

    def add(total: tuple[Array, Array, Array], i: Array) -> tuple[tuple[Array, Array, Array], None]:
        start = jnp.minimum(i * block, n - block)
        x = standardized(lax.dynamic_slice_in_dim(split.inputs, start, block), scale)
        labels = lax.dynamic_slice_in_dim(split.labels, start, block)
        fresh = start + jnp.arange(block, dtype=jnp.int32) >= i * block
        scores = network.evaluate(parameters, state, x)
        loss = jnp.sum(jnp.where(fresh, example_losses(network, scores, labels), 0))
        low, high = jnp.minimum(total[1], jnp.min(scores)), jnp.maximum(total[2], jnp.max(scores))
        return (total[0] + loss, low, high), None

    zero = jnp.zeros((), scale.offset.dtype)
    start = (zero, zero + jnp.inf, zero - jnp.inf)
    (loss, low, high), _ = lax.scan(add, start, jnp.arange(-(-n // block), dtype=jnp.int32))
    span = (high - low) / (jnp.max(split.labels) - jnp.min(split.labels))
    return {"loss": loss / n, "prediction_span": span}


def example_losses(network: Network, scores: Array, labels: Array) -> Array:
    """The loss of each example, (N,): the network's own loss over batches of one."""

    def one(score: Array, label: Array) -> Array:
        targets = network.loss.targets_from_labels(label[None], network.classes, score[None])
        return network.loss.forward(score[None], targets)[0]

    return jax.vmap(one)(scores, labels)


def population_state(network: Network, parameters: Any, split: Split, scale: Scale, block: int) -> Any:
    """Exact batch-norm statistics over a whole split, for `batch_norm.statistics = "population"`."""
    n = split.labels.shape[0]
    block = min(block, n)
    full = n // block

    def fold(step: Any, total: Any) -> Any:
        def add(total: Any, i: Array) -> tuple[Any, None]:
            return step(
                total, standardized(lax.dynamic_slice_in_dim(split.inputs, i * block, block), scale)
            ), None

        total, _ = lax.scan(add, total, jnp.arange(full, dtype=jnp.int32))
        if n % block:
            total = step(total, standardized(split.inputs[full * block :], scale))
        return total

    return population_state_by_chunks(network, parameters, scale.offset, fold)

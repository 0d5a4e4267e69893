"""The health of a network in training: its layers, measured on a fixed set of examples, the probe.

The probe passes through the network as in training, batch norms with the probe's own mean and variance,
but without dropout. Weight gradients are those of the loss, without the L2 penalty: what the data say.
The update is what the optimizer would make of the probe's cost at this step; nothing of the network changes.
Quantiles of many arrays are computed at once, cheap enough while training.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from shoal.layers import BatchNorm, Flatten, ReLU, Sigmoid, Tanh, l2_gradient
from shoal.network import Network
from shoal.training.schedules import Clock
from shoal.training.step import MemberState, next_update

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


# Beyond these |y| the slope is below 5 % of its largest: 4 y (1 - y) and 1 - y^2.
SIGMOID_BOUND = 0.9873  # (1 + sqrt(0.95)) / 2; and below 1 - 0.9873
TANH_BOUND = 0.9747  # sqrt(0.95)

QUANTILES = {
    "activation_quantile": "output",
    "gradient_quantile": "gradient",
    "gamma_quantile": "gamma",
    "beta_quantile": "beta",
    "running_mean_quantile": "mean",
    "running_variance_quantile": "variance",
}


class Pass(NamedTuple):
    """One pass of the probe: what went into each layer, what came out, the loss's gradients."""

    inputs: dict[str, Array]
    outputs: dict[str, Array]
    gradients: dict[str, dict[str, Array]]


def measured_layers(network: Network) -> tuple[str, ...]:
    """The layers that health is measured of: all but dropout and flatten, which only hand numbers on."""
    skipped = [layer.draws or isinstance(layer, Flatten) for layer in network.layers]
    return tuple(name for name, skip in zip(network.names, skipped, strict=True) if not skip)


def measure_health(
    network: Network,
    training: Any,
    member: MemberState,
    x: Array,
    targets: Array,
    clock: Clock,
    probabilities: Sequence[float],
    faster: Callable[[Network], Network] = lambda network: network,
) -> dict[str, Array]:
    """Each measure of each of the `measured_layers`: (layers,) or (layers, quantiles); NaN where it has none.

    x (N, ...) standardized. Measures that no layer of the network has are left out. `faster` gives a form of
    the network with the same names, whose layers may hand on images as (C, cells, N).
    """
    kept = faster(without_draws(network))
    fast = dict(zip(kept.names, kept.layers, strict=True))
    seen = probe_pass(kept, member, x, targets)
    found: dict[str, dict[str, Array]] = {}

    def note(measure: str, layer: str, value: Array) -> None:
        found.setdefault(measure, {})[layer] = value

    for name, layer, shape in network.named_layers:
        if name not in measured_layers(network):
            continue
        y = seen.outputs[name]
        mean, deviation = mean_and_deviation(y)
        note("activation_mean", name, mean)
        note("activation_deviation", name, deviation)
        if isinstance(layer, ReLU):
            inner = y.ndim != len(shape) + 1
            over = tuple(range(1, y.ndim)) if inner else tuple(range(y.ndim - 1))
            note("dead_fraction", name, jnp.mean(jnp.all(y == 0, axis=over), dtype=x.dtype))
        if isinstance(layer, (Sigmoid, Tanh)):
            note("saturated_fraction", name, jnp.mean(_saturated(layer, y), dtype=x.dtype))
        if isinstance(layer, BatchNorm):
            lag = _lag(fast[name], member.state[name], seen.inputs[name])
            note("running_mean_lag", name, lag[0])
            note("running_deviation_lag", name, lag[1])
    _weights(network, training, member, seen.gradients, clock, note)
    layers = measured_layers(network)
    missing = jnp.full((), jnp.nan, x.dtype)
    values = {
        measure: jnp.stack([own.get(layer, missing) for layer in layers]) for measure, own in found.items()
    }
    return values | _quantiles(member, seen, layers, probabilities)


def without_draws(network: Network) -> Network:
    """The network without its dropout layers; the others keep their names."""
    return replace(network, layers=tuple(layer for layer in network.layers if not layer.draws))


def probe_pass(kept: Network, member: MemberState, x: Array, targets: Array) -> Pass:
    """The probe forward and backward through a network without draws."""
    inputs, outputs, saved = {}, {}, {}
    y = x
    for name, layer in zip(kept.names, kept.layers, strict=True):
        inputs[name] = y
        y, saved[name] = layer.forward(member.parameters.get(name, {}), y)
        outputs[name] = y
    _, saved_by_loss = kept.loss.forward(y, targets)
    gradients = kept.backward(member.parameters, saved, kept.loss.backward(saved_by_loss))
    return Pass(inputs, outputs, gradients)


def mean_and_deviation(values: Array) -> tuple[Array, Array]:
    """Mean and standard deviation over everything, scaled so that no square over- or underflows."""
    largest = jnp.max(jnp.abs(values))
    scale = jnp.where(largest > 0, largest, 1)
    scaled = values / scale
    mean = jnp.mean(scaled)
    return scale * mean, scale * jnp.sqrt(jnp.mean((scaled - mean) ** 2))


def norm(values: Array) -> Array:
    """The Euclidean norm."""
    return jnp.sqrt(jnp.sum(values * values))


def _saturated(layer: Any, y: Array) -> Array:
    if isinstance(layer, Tanh):
        return jnp.abs(y) > TANH_BOUND
    return (y > SIGMOID_BOUND) | (y < 1 - SIGMOID_BOUND)


def _lag(layer: Any, state: Any, x: Array) -> tuple[Array, Array]:
    """How far running statistics stand from the probe's, root mean square over features.

    (running mean - mean) / sigma, and log(running sigma / sigma), sigma = sqrt(variance + epsilon).
    """
    now = layer.population_state(x)
    sigma = jnp.sqrt(now["variance"] + layer.epsilon)
    shift = (state["mean"] - now["mean"]) / sigma
    spread = jnp.log(jnp.sqrt(state["variance"] + layer.epsilon) / sigma)
    return jnp.sqrt(jnp.mean(shift**2)), jnp.sqrt(jnp.mean(spread**2))


def _weights(
    network: Network, training: Any, member: MemberState, gradients: Any, clock: Clock, note: Any
) -> None:
    """Norms of the weights, of their gradients, and the step that the optimizer would make of them."""
    weights = network.weights(member.parameters)
    of_cost = {
        name: {**own, "W": own["W"] + l2_gradient(training.l2, weights[name])} if "W" in own else own
        for name, own in gradients.items()
    }
    update, _ = next_update(training, member, of_cost, clock, next(iter(weights.values())).dtype)
    for name, W in weights.items():
        gradient = gradients[name]["W"]
        mean, deviation = mean_and_deviation(gradient)
        note("gradient_mean", name, mean)
        note("gradient_deviation", name, deviation)
        note("gradient_norm", name, jnp.hypot(mean, deviation) * gradient.size**0.5)  # without a square
        note("weight_norm", name, norm(W))
        note("update_ratio", name, norm(update[name]["W"]) / norm(W))


def _quantiles(
    member: MemberState, seen: Pass, layers: Sequence[str], probabilities: Sequence[float]
) -> dict[str, Array]:
    """All quantiles, (layers, quantiles) each. Arrays of like size are sorted together."""
    large = {("output", layer): seen.outputs[layer] for layer in layers}
    large |= {("gradient", layer): own["W"] for layer, own in seen.gradients.items() if "W" in own}
    small = {
        (name, layer): own[name]
        for own_by_layer in (member.parameters, member.state)
        for layer, own in own_by_layer.items()
        for name in ("gamma", "beta", "mean", "variance")
        if name in own
    }
    every: dict[tuple[str, str], Array] = {}
    for arrays in (large, small):
        if arrays:
            every |= dict(zip(arrays, quantiles(list(arrays.values()), probabilities), strict=True))
    dtype = next(iter(large.values())).dtype
    missing = jnp.full(len(probabilities), jnp.nan, dtype)
    return {
        measure: jnp.stack([every.get((name, layer), missing) for layer in layers])
        for measure, name in QUANTILES.items()
        if any(kind == name for kind, _ in every)
    }

"""The same gradient by automatic differentiation: of the whole cost, and of every layer by itself.

The only file here that needs jax; it is loaded on the first call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np

from shoal.gradients.networks.point import Parameters, Point
from shoal.layers import l2_cost
from shoal.network import Network


@dataclass(frozen=True)
class Derivatives:
    """What jax says of a point.

    `gradients` by every parameter; `outputs[i]` by the output of layer i (the last one by the scores).
    Of each part alone: `layers[i]` is the pair (by x, by own parameters) that layer i makes of a dy,
    `dscores` what the loss makes of scores.
    """

    gradients: Parameters
    outputs: tuple[np.ndarray, ...]
    layers: tuple[tuple[np.ndarray, dict[str, np.ndarray]], ...]
    dscores: np.ndarray


Taps: TypeAlias = list[np.ndarray] | None
Differentiate: TypeAlias = Callable[[Point, Taps], Derivatives]


def differentiator(point: Point, xs: list[np.ndarray], dys: list[np.ndarray]) -> Differentiate:
    """The function that differentiates the point's own forward in float64, at it and at others like it.

    Layer i alone is differentiated at the input `xs[i]` and applied to `dys[i]`; the loss alone at the
    point's own scores. `taps`, if not None, are added to the layers' outputs. Compiled at the first call
    for a network and its shapes.
    """
    scores, zeros = point.inputs[-1], [np.zeros_like(y) for y in point.inputs[1:]]

    def differentiate(at: Point, taps: Taps) -> Derivatives:
        with _float64() as jax:
            program = _compiled(at.network)
            found = program(at.parameters, taps or zeros, at.x, at.targets, at.noise, at.l2, xs, dys, scores)
            (gradients, outputs), layers, dscores = jax.device_get(found)
        return Derivatives(gradients, tuple(outputs), tuple(layers), dscores)

    return differentiate


@lru_cache(maxsize=32)
def _compiled(network: Network) -> Callable[..., Any]:
    import jax

    # The cheapest optimization: compilation is most of the time here.
    return jax.jit(_program(jax, network), compiler_options={"xla_backend_optimization_level": 0})


def _program(jax: Any, network: Network) -> Callable[..., Any]:
    """(parameters, taps, x, targets, noise, l2, xs, dys, scores) -> gradients, each layer's own, the loss's.

    A tap, usually zero, is added to a layer's output: the derivative by it is the one by that output.
    """

    def forward(i: int, own: Any, x: Any, noise: Any) -> Any:
        layer, name = network.layers[i], network.names[i]
        return layer.forward(own, x, *([noise[name]] if layer.draws else []))[0]

    def loss(scores: Any, targets: Any) -> Any:
        return network.loss.forward(scores, targets)[0]

    def cost(parameters: Any, taps: Any, x: Any, targets: Any, noise: Any, l2: Any) -> Any:
        for i, name in enumerate(network.names):
            x = forward(i, parameters.get(name, {}), x, noise) + taps[i]
        return loss(x, targets) + l2_cost(l2, network.weights(parameters).values())

    def alone(i: int, own: Any, x: Any, noise: Any, dy: Any) -> Any:
        _, pull = jax.vjp(lambda own, x: forward(i, own, x, noise), own, x)
        by_own, by_x = pull(dy)
        return by_x, by_own

    def program(
        parameters: Any, taps: Any, x: Any, targets: Any, noise: Any, l2: Any, xs: Any, dys: Any, scores: Any
    ) -> Any:
        found = jax.grad(cost, argnums=(0, 1))(parameters, taps, x, targets, noise, l2)
        names = enumerate(network.names)
        each = [alone(i, parameters.get(name, {}), xs[i], noise, dys[i]) for i, name in names]
        return found, each, jax.grad(loss)(scores, targets)

    return program


@contextmanager
def _float64() -> Iterator[Any]:
    """jax with 64-bit numbers, no silent promotion, on the processor (some accelerators lack float64)."""
    import jax

    with ExitStack() as stack:
        stack.enter_context(jax.enable_x64(True))
        stack.enter_context(jax.numpy_dtype_promotion("strict"))
        try:
            stack.enter_context(jax.default_device(jax.local_devices(backend="cpu")[0]))
        except RuntimeError:  # started without the processor's backend: the default device will do
            stack.enter_context(jax.default_device(jax.local_devices()[0]))
        yield jax

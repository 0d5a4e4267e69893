"""Parameters and state before training, from noise that is drawn elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from shoal.errors import NetworkError
from shoal.layers import Array, Layer, Shape, Values

NamedLayers: TypeAlias = Sequence[tuple[str, Layer, Shape]]  # name, layer, shape of the layer's input


def parameter_noise(layers: NamedLayers) -> dict[str, dict[str, tuple[Shape, str]]]:
    """The noise that `initialize` wants: layer -> parameter -> (shape, "normal" | "uniform")."""
    wanted = {}
    for name, layer, shape in layers:
        shapes = layer.parameter_shapes(shape)
        if own := layer.noise_for_parameters(shape):
            wanted[name] = {key: (shapes[key], distribution) for key, distribution in own.items()}
    return wanted


def initialize(layers: NamedLayers, noise: Mapping[str, Values]) -> dict[str, dict[str, Array]]:
    """The parameters of every layer that has any, of the noise's library and dtype.

    Raises NetworkError where `noise` is not what `parameter_noise` asked for.
    """
    wanted = _flat(
        {
            name: {key: shape for key, (shape, _) in own.items()}
            for name, own in parameter_noise(layers).items()
        }
    )
    came = _flat(
        {name: {key: tuple(array.shape) for key, array in own.items()} for name, own in noise.items()}
    )
    if came != wanted or not wanted:
        raise NetworkError(
            f"Initial noise came with shapes {came}; expected {wanted}.", "Draw what parameter_noise() lists."
        )
    like = next(array for own in noise.values() for array in own.values())
    return {
        name: layer.initial_parameters(shape, noise.get(name, {}), like)
        for name, layer, shape in layers
        if layer.parameter_shapes(shape)
    }


def initial_state(layers: NamedLayers, like: Array) -> dict[str, dict[str, Array]]:
    """The state of every layer that has any, of the library and dtype of `like`."""
    return {
        name: layer.initial_state(shape, like) for name, layer, shape in layers if layer.state_shapes(shape)
    }


def _flat(shapes: Mapping[str, Mapping[str, Shape]]) -> dict[str, Shape]:
    return {f"{name}.{key}": shape for name, own in shapes.items() for key, shape in own.items()}

"""What a network is made of: layers with their names and shapes, and the values they start from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from shoal.errors import NetworkError
from shoal.layers import Array, Layer, Loss, Shape, Values

from .initialize import initial_state, initialize, parameter_noise
from .naming import naming, number_names

ByLayer: TypeAlias = Mapping[str, Values]  # parameters, gradients or state: layer name -> name -> array


@dataclass(frozen=True)
class Structure:
    """Layers from examples of `input_shape` to `classes` scores, and the loss of these.

    Raises NetworkError, when built, where the shapes do not fit or do not end in `classes` scores.
    """

    input_shape: Shape
    layers: tuple[Layer, ...]
    loss: Loss
    classes: int

    def __post_init__(self) -> None:
        if self.shapes[-1] != (self.classes,):
            raise NetworkError(
                f"The layers turn examples of shape {self.shapes[0]} into {self.shapes[-1]}; "
                f"expected {self.classes} scores, one for each class.",
                f"End the chain with an affine layer of {self.classes} units.",
            )

    @cached_property
    def names(self) -> tuple[str, ...]:
        """ "affine_1", "batch_norm_1", "relu_1", "affine_2", ...: numbered per kind from the input on."""
        return number_names(layer.kind for layer in self.layers)

    @cached_property
    def shapes(self) -> tuple[Shape, ...]:
        """The shapes between layers, one more than there are layers: `shapes[i]` goes into layer i."""
        shapes = [tuple(self.input_shape)]
        for name, layer in zip(self.names, self.layers, strict=True):
            with naming(name):
                shapes.append(layer.output_shape(shapes[-1]))
        return tuple(shapes)

    @property
    def named_layers(self) -> tuple[tuple[str, Layer, Shape], ...]:
        """Each layer with its name and the shape of its input."""
        return tuple(zip(self.names, self.layers, self.shapes[:-1], strict=True))

    def draw_shapes(self, n: int) -> dict[str, Shape]:
        """The noise, uniform on [0, 1), that training on n examples wants for each layer that draws."""
        return {
            name: (n, *layer.noise_shape(shape)) for name, layer, shape in self.named_layers if layer.draws
        }

    def parameter_noise(self) -> dict[str, dict[str, tuple[Shape, str]]]:
        """The noise that `initialize` wants: layer -> parameter -> (shape, "normal" | "uniform")."""
        return parameter_noise(self.named_layers)

    def initialize(self, noise: ByLayer) -> dict[str, dict[str, Array]]:
        """The parameters before training. Raises NetworkError where `noise` is not what was asked for."""
        return initialize(self.named_layers, noise)

    def initial_state(self, like: Array) -> dict[str, dict[str, Array]]:
        """The state before training, of the library and dtype of `like`."""
        return initial_state(self.named_layers, like)

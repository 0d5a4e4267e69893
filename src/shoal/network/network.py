"""A network: a chain of layers ending in a loss, with its cost and its hand-written gradient.

Its layers have names, shapes and initial values; these are scaled from noise that is drawn elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, TypeAlias

from shoal.errors import NetworkError
from shoal.layers import Array, Layer, Loss, Number, Shape, Values, l2_cost, l2_gradient
from shoal.network.naming import naming, number_names

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


class Costs(NamedTuple):
    """cost = loss + l2 sum of W^2; both 0-d."""

    cost: Array
    loss: Array


@dataclass(frozen=True)
class Network(Structure):
    """A chain of layers ending in a loss: scores, cost and gradients of it.

    It holds hyperparameters only. Parameters and state are dictionaries `{layer name: {name: array}}`,
    handed in and returned, with an entry for those layers only that have any. Noise for the layers that
    draw is `{layer name: array}`.
    """

    # Training

    def forward(
        self, parameters: ByLayer, x: Array, noise: Values | None = None
    ) -> tuple[Array, dict[str, Any]]:
        """Scores (N, C) in training, and what `backward` needs, by layer.

        Raises NetworkError where x does not fit, and where a layer draws and finds no noise.
        """
        self._require_fit(x)
        saved = {}
        for name, layer in zip(self.names, self.layers, strict=True):
            drawn = [_noise_of(name, noise)] if layer.draws else []
            with naming(name):
                x, saved[name] = layer.forward(parameters.get(name, {}), x, *drawn)
        return x, saved

    def backward(
        self, parameters: ByLayer, saved: Mapping[str, Any], dscores: Array
    ) -> dict[str, dict[str, Array]]:
        """The derivatives by every parameter, from the derivative by the scores.

        Ends at the lowest layer with parameters, without its dx: nobody needs a derivative below it.
        """
        gradients = {}
        lowest = next(name for name in self.names if name in parameters)
        dy = dscores
        for name, layer in zip(reversed(self.names), reversed(self.layers), strict=True):
            own = parameters.get(name, {})
            if name == lowest:
                gradients[name] = layer.gradients(own, saved[name], dy)
                break
            dy, gradients[name] = layer.backward(own, saved[name], dy)
        return {name: gradients[name] for name in parameters}

    def update_state(self, state: ByLayer, saved: Mapping[str, Any]) -> dict[str, dict[str, Array]]:
        """The state after a batch whose `forward` gave `saved`."""
        layers = dict(zip(self.names, self.layers, strict=True))
        return {name: layers[name].update_state(own, saved[name]) for name, own in state.items()}

    def costs(
        self, parameters: ByLayer, x: Array, targets: Array, l2: Number, noise: Values | None = None
    ) -> Costs:
        """The cost of one batch in training, and the loss within it."""
        scores, _ = self.forward(parameters, x, noise)
        loss, _ = self.loss.forward(scores, targets)
        return self._add_l2(loss, parameters, l2)

    def cost_and_gradients(
        self, parameters: ByLayer, x: Array, targets: Array, l2: Number, noise: Values | None = None
    ) -> tuple[Costs, dict[str, dict[str, Array]], dict[str, Any], Array]:
        """`costs`, the cost's derivatives by every parameter (L2's included), `saved`, and the scores."""
        scores, saved = self.forward(parameters, x, noise)
        loss, saved_by_loss = self.loss.forward(scores, targets)
        gradients = self.backward(parameters, saved, self.loss.backward(saved_by_loss))
        for name, W in self.weights(parameters).items():
            gradients[name]["W"] = gradients[name]["W"] + l2_gradient(l2, W)
        return self._add_l2(loss, parameters, l2), gradients, saved, scores

    def weights(self, parameters: ByLayer) -> dict[str, Array]:
        """What L2 applies to: the parameters named W, by layer."""
        return {name: own["W"] for name, own in parameters.items() if "W" in own}

    # After training

    def evaluate(self, parameters: ByLayer, state: ByLayer, x: Array, until: str | None = None) -> Array:
        """Scores (N, C) of the trained network: no dropout, and batch norms use `state`.

        With `until`, what goes into that layer instead.
        """
        self._require_fit(x)
        for name, layer in zip(self.names, self.layers, strict=True):
            if name == until:
                break
            with naming(name):
                x = layer.evaluate(parameters.get(name, {}), state.get(name, {}), x)
        return x

    def population_state(self, parameters: ByLayer, x: Array) -> dict[str, dict[str, Array]]:
        """The exact state of the examples x: of every batch norm, the statistics of its own input.

        Each layer sees x as `evaluate` will hand it on, the batch norms below it already with their
        population state, so one pass makes all of them exact. For more examples than fit in memory at
        once there is `population_state_by_chunks`.
        """
        self._require_fit(x)
        state = {}
        for name, layer, shape in self.named_layers:
            if layer.state_shapes(shape):
                state[name] = layer.population_state(x)
            x = layer.evaluate(parameters.get(name, {}), state.get(name, {}), x)
        return state

    def _add_l2(self, loss: Array, parameters: ByLayer, l2: Number) -> Costs:
        return Costs(loss + l2_cost(l2, self.weights(parameters).values()), loss)

    def _require_fit(self, x: Array) -> None:
        if tuple(x.shape[1:]) != self.shapes[0]:
            raise NetworkError(
                f"{self.names[0]}: inputs of shape {tuple(x.shape)} came; expected {('N', *self.shapes[0])}.",
                "Reshape the inputs, or build the network for their shape.",
            )


def _noise_of(name: str, noise: Values | None) -> Array:
    if noise is None or name not in noise:
        raise NetworkError(f"{name} draws noise and was given none.", "Draw what draw_shapes(n) lists.")
    return noise[name]

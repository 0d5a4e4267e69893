"""A network: a chain of layers ending in a loss, with its cost and its hand-written gradient."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, TypeAlias

from shoal.errors import NetworkError
from shoal.layers import Array, Layer, Loss, Number, Shape, Values, l2_cost, l2_gradient

from .naming import number_names

ByLayer: TypeAlias = Mapping[str, Values]  # parameters, gradients or state: layer name -> name -> array


class Costs(NamedTuple):
    """cost = loss + L2 cost; both 0-d."""

    cost: Array
    loss: Array


@dataclass(frozen=True)
class Network:
    """A chain of layers ending in a loss.

    It holds hyperparameters only. Parameters and state are dictionaries `{layer name: {name: array}}`,
    handed in and returned, with an entry for those layers only that have any.

    Raises NetworkError, when built, where the layers' shapes do not fit or do not end in `classes` scores.
    """

    input_shape: Shape
    layers: tuple[Layer, ...]
    loss: Loss
    classes: int

    def __post_init__(self) -> None:
        if not self.layers or self.shapes[-1] != (self.classes,):
            raise NetworkError(
                f"The layers turn examples of shape {self.input_shape} into {self.shapes[-1]}; "
                f"expected {self.classes} scores, one per class.",
                f"End the chain with an affine layer of {self.classes} units.",
            )

    # Names and shapes

    @cached_property
    def names(self) -> tuple[str, ...]:
        """ "affine_1", "batch_norm_1", "relu_1", "affine_2", ...: numbered per kind from the input on."""
        return number_names(layer.kind for layer in self.layers)

    @cached_property
    def shapes(self) -> tuple[Shape, ...]:
        """The shape between layers, one more than there are layers: `shapes[i]` goes into layer i."""
        shapes = [tuple(self.input_shape)]
        for name, layer in zip(self.names, self.layers, strict=True):
            try:
                shapes.append(layer.output_shape(shapes[-1]))
            except NetworkError as error:
                raise NetworkError(f"{name}: {error.what}", error.remedy) from None
        return tuple(shapes)

    @property
    def named_layers(self) -> tuple[tuple[str, Layer, Shape], ...]:
        """Each layer with its name and the shape of its input."""
        return tuple(zip(self.names, self.layers, self.shapes[:-1], strict=True))

    def draw_shapes(self, n: int) -> dict[str, Shape]:
        """The noise, uniform on [0, 1), that `forward` wants for n examples."""
        return {name: (n, *shape) for name, layer, shape in self.named_layers if layer.draws}

    # Before training

    def parameter_noise(self) -> dict[str, dict[str, tuple[Shape, str]]]:
        """The noise that `initialize` wants: layer -> parameter -> (shape, "normal" | "uniform")."""
        wanted = {}
        for name, layer, shape in self.named_layers:
            if distributions := layer.noise_for_parameters(shape):
                shapes = layer.parameter_shapes(shape)
                wanted[name] = {key: (shapes[key], kind) for key, kind in distributions.items()}
        return wanted

    def initialize(self, noise: ByLayer) -> dict[str, dict[str, Array]]:
        """The parameters before training, of the noise's library and dtype.

        Raises NetworkError where `noise` is not what `parameter_noise` asked for.
        """
        wanted = {
            layer: {key: shape for key, (shape, _) in of.items()}
            for layer, of in self.parameter_noise().items()
        }
        came = {layer: {key: tuple(array.shape) for key, array in of.items()} for layer, of in noise.items()}
        if came != wanted or not wanted:
            raise NetworkError(
                f"Initial noise of shapes {came} came; expected {wanted}.",
                "Draw what parameter_noise() lists.",
            )
        like = next(array for of in noise.values() for array in of.values())
        return {
            name: layer.initial_parameters(shape, noise.get(name, {}), like)
            for name, layer, shape in self.named_layers
            if layer.parameter_shapes(shape)
        }

    def initial_state(self, like: Array) -> dict[str, dict[str, Array]]:
        """The state before training, of the library and dtype of `like`."""
        return {
            name: layer.initial_state(shape, like)
            for name, layer, shape in self.named_layers
            if layer.state_shapes(shape)
        }

    # Training

    def forward(
        self, parameters: ByLayer, x: Array, noise: Values | None = None
    ) -> tuple[Array, dict[str, Any]]:
        """Scores (N, C) in training, and what `backward` needs, by layer.

        Raises NetworkError where a layer draws and `noise` has nothing for it, and where x does not fit.
        """
        self._require_fit(x)
        saved = {}
        for name, layer in zip(self.names, self.layers, strict=True):
            own = parameters.get(name, {})
            if layer.draws:
                x, saved[name] = layer.forward(own, x, _noise_of(name, noise))  # pyright: ignore[reportCallIssue]
            else:
                x, saved[name] = layer.forward(own, x)
        return x, saved

    def backward(
        self, parameters: ByLayer, saved: Mapping[str, Any], dscores: Array
    ) -> dict[str, dict[str, Array]]:
        """The derivatives by every parameter, from the derivative by the scores.

        Ends at the lowest layer with parameters: nobody needs a derivative below it.
        """
        lowest = next(i for i, name in enumerate(self.names) if name in parameters)
        gradients = {}
        dy = dscores
        for name, layer in reversed(list(zip(self.names, self.layers, strict=True))[lowest + 1 :]):
            dy, own = layer.backward(parameters.get(name, {}), saved[name], dy)
            if own:
                gradients[name] = own
        name = self.names[lowest]
        gradients[name] = self.layers[lowest].gradients(parameters[name], saved[name], dy)
        return {name: gradients[name] for name in parameters}

    def update_state(self, state: ByLayer, saved: Mapping[str, Any]) -> dict[str, dict[str, Array]]:
        """The state after a batch whose `forward` gave `saved`."""
        layers = dict(zip(self.names, self.layers, strict=True))
        return {name: layers[name].update_state(own, saved[name]) for name, own in state.items()}

    def costs(
        self, parameters: ByLayer, x: Array, targets: Array, l2: Number, noise: Values | None = None
    ) -> Costs:
        """The cost of one batch in training, and the loss within it: cost = loss + l2 sum of W^2."""
        scores, _ = self.forward(parameters, x, noise)
        loss, _ = self.loss.forward(scores, targets)
        return Costs(loss + l2_cost(l2, self.weights(parameters).values()), loss)

    def cost_and_gradients(
        self, parameters: ByLayer, x: Array, targets: Array, l2: Number, noise: Values | None = None
    ) -> tuple[Costs, dict[str, dict[str, Array]], dict[str, Any], Array]:
        """`costs`, the cost's derivatives by every parameter (L2's included), `saved`, and the scores."""
        scores, saved = self.forward(parameters, x, noise)
        loss, saved_loss = self.loss.forward(scores, targets)
        gradients = self.backward(parameters, saved, self.loss.backward(saved_loss))
        weights = self.weights(parameters)
        for name, W in weights.items():
            gradients[name] = {**gradients[name], "W": gradients[name]["W"] + l2_gradient(l2, W)}
        return Costs(loss + l2_cost(l2, weights.values()), loss), gradients, saved, scores

    def weights(self, parameters: ByLayer) -> dict[str, Array]:
        """What L2 applies to: the parameters named W, by layer."""
        return {name: own["W"] for name, own in parameters.items() if "W" in own}

    # After training

    def evaluate(self, parameters: ByLayer, state: ByLayer, x: Array) -> Array:
        """Scores (N, C) of the trained network: no dropout, and batch norms use `state`."""
        self._require_fit(x)
        for name, layer in zip(self.names, self.layers, strict=True):
            x = layer.evaluate(parameters.get(name, {}), state.get(name, {}), x)
        return x

    def population_state(self, parameters: ByLayer, x: Array) -> dict[str, dict[str, Array]]:
        """The exact state of the examples x: of every batch norm, the statistics of its own input.

        Each layer sees x as `evaluate` will hand it on, the batch norms below it already with their
        population state, so one pass makes all of them exact. Where x does not fit in memory at once,
        see `population.py`.
        """
        self._require_fit(x)
        state = {}
        for name, layer, shape in self.named_layers:
            if layer.state_shapes(shape):
                state[name] = layer.population_state(x)
            x = layer.evaluate(parameters.get(name, {}), state.get(name, {}), x)
        return state

    def _require_fit(self, x: Array) -> None:
        if tuple(x.shape[1:]) != self.shapes[0]:
            raise NetworkError(
                f"Inputs of shape {tuple(x.shape)} came; expected {('N', *self.shapes[0])}.",
                "Reshape the inputs, or build the network for their shape.",
            )


def _noise_of(name: str, noise: Values | None) -> Array:
    if noise is None or name not in noise:
        raise NetworkError(f"{name} draws noise and was given none.", "Draw what draw_shapes(n) lists.")
    return noise[name]

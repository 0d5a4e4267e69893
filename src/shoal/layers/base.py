"""What a layer is: an equation with its derivative, pure and without memory."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from shoal.errors import NetworkError
from shoal.layers.arrays import Array, Number, Shape, Values


@dataclass(frozen=True)
class Layer(ABC):
    """An equation `y = f(x; parameters)` with its derivative written next to it.

    A layer is a frozen dataclass of its hyperparameters. It stores nothing else: parameters, state and
    randomness come in as arguments, and what the derivative needs goes out as `saved`. A hyperparameter
    may be a traced 0-d array, so no method branches on its value. Shapes exclude the axis N.

    The defaults suit a layer without parameters, state or noise. A new layer gives `kind`, `forward`
    and `backward`.
    """

    kind: ClassVar[str]
    """What names in a network begin with: "affine" makes affine_1, affine_2, ..."""
    draws: ClassVar[bool] = False
    """True where `forward` takes one more argument: noise, uniform on [0, 1), (N, *noise_shape)."""
    elementwise: ClassVar[bool] = False
    """True where y is a function of each number of x alone, so that x may lie in memory in any order."""

    def noise_shape(self, shape: Shape) -> Shape:
        """The shape of the noise that `forward` is handed, for an x of `shape`."""
        return shape

    def output_shape(self, shape: Shape) -> Shape:
        """The shape of y for an x of `shape`. Raises NetworkError where x does not fit."""
        return shape

    def parameter_shapes(self, shape: Shape) -> dict[str, Shape]:
        """The shape of each parameter for an x of `shape`."""
        return {}

    def noise_for_parameters(self, shape: Shape) -> dict[str, str]:
        """The parameters that start as scaled noise, each with its distribution.

        "normal" is the standard normal, "uniform" is uniform on [-1, 1).
        """
        return {}

    def initial_parameters(self, shape: Shape, noise: Values, like: Array) -> dict[str, Array]:
        """The parameters before training, from the noise asked for; `like` gives library and dtype."""
        return {}

    def state_shapes(self, shape: Shape) -> dict[str, Shape]:
        """The shape of each array that is carried from step to step without being trained."""
        return {}

    def initial_state(self, shape: Shape, like: Array) -> dict[str, Array]:
        """The state before training."""
        return {}

    @abstractmethod
    def forward(self, parameters: Values, x: Array, *noise: Array) -> tuple[Array, Any]:
        """Training: y, and what `backward` needs (`saved`, a pytree of arrays)."""

    @abstractmethod
    def backward(self, parameters: Values, saved: Any, dy: Array) -> tuple[Array, dict[str, Array]]:
        """The cost's derivatives by x and by each parameter, from its derivative by y."""

    def gradients(self, parameters: Values, saved: Any, dy: Array) -> dict[str, Array]:
        """The second half of `backward` alone: for the lowest layer, whose dx nobody needs."""
        return self.backward(parameters, saved, dy)[1]

    def evaluate(self, parameters: Values, state: Values, x: Array) -> Array:
        """y after training, when the state stands in for what a batch would tell."""
        return self.forward(parameters, x)[0]

    def update_state(self, state: Values, saved: Any) -> dict[str, Array]:
        """The state after one more training batch."""
        return dict(state)

    def population_state(self, x: Array) -> dict[str, Array]:
        """The state that describes exactly the examples in x."""
        return {}

    def corner_side(self, saved: Any) -> Array | None:
        """True where x lies above the corner of a piecewise linear layer (or, with more than two pieces, the
        number of its piece); None where there is no corner.

        A finite difference whose two ends differ here says nothing about the derivative.
        """
        return None


def check_number(name: str, value: Number, fits: Callable[[Any], bool], expected: str) -> None:
    """Raise NetworkError for a Python number that does not fit. A traced value, not known yet, passes."""
    if isinstance(value, (int, float)) and not fits(value):
        raise NetworkError(f"{name} is {value}; expected {expected}.", f"Give a {name} that is {expected}.")

"""The affine map, also called a dense, linear or fully connected layer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from shoal.errors import NetworkError
from shoal.layers.arrays import Array, Shape, Values, namespace
from shoal.layers.base import Layer, check_number
from shoal.layers.initial import HeNormal, Initial


@dataclass(frozen=True)
class Affine(Layer):
    """An affine map of each example.

    Equation:  y = x W + b
    Backward:  dx = dy W',   dW = x' dy,   db = sum over N of dy
    Shapes:    x (N, D), W (D, H), b (H,), y (N, H)
    Caveat:    W is stored (D, H), inputs first, as in Keras and ONNX's Gemm; PyTorch stores its transpose.
    Source:    Rumelhart, Hinton and Williams (1986), Nature 323, eqs. 1, 6 and 7.

    Raises NetworkError for `units` below 1 and for an input that is not one axis of features.
    """

    units: int
    initial: Initial = field(default_factory=HeNormal)
    kind: ClassVar[str] = "affine"

    def __post_init__(self) -> None:
        check_number("units", self.units, lambda v: float(v).is_integer() and v >= 1, "whole and above 0")

    def forward(self, parameters: Values, x: Array) -> tuple[Array, Array]:
        return x @ parameters["W"] + parameters["b"], x

    def backward(self, parameters: Values, saved: Array, dy: Array) -> tuple[Array, dict[str, Array]]:
        return dy @ parameters["W"].T, self.gradients(parameters, saved, dy)

    def gradients(self, parameters: Values, saved: Array, dy: Array) -> dict[str, Array]:
        return {"W": saved.T @ dy, "b": namespace(dy).sum(dy, axis=0)}

    def output_shape(self, shape: Shape) -> Shape:
        if len(shape) != 1:
            raise NetworkError(
                f"An affine layer got examples of shape {shape}; expected one axis of features.",
                "Put a flatten layer in front of it.",
            )
        return (self.units,)

    def parameter_shapes(self, shape: Shape) -> dict[str, Shape]:
        return {"W": (*shape, self.units), "b": (self.units,)}

    def noise_for_parameters(self, shape: Shape) -> dict[str, str]:
        return {"W": self.initial.distribution}

    def initial_parameters(self, shape: Shape, noise: Values, like: Array) -> dict[str, Array]:
        xp = namespace(like)
        (fan_in,) = shape
        return {
            "W": self.initial.scale(fan_in, self.units) * noise["W"],
            "b": xp.zeros((self.units,), dtype=like.dtype),
        }

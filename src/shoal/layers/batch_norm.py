"""Batch normalization."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, prod
from typing import ClassVar

from shoal.errors import NetworkError
from shoal.layers.arrays import Array, Number, Shape, Values, namespace
from shoal.layers.base import Layer, check_number
from shoal.layers.moments import moments


@dataclass(frozen=True)
class BatchNorm(Layer):
    """Normalize each feature over the batch, then give it a trained scale and offset.

    Equation:  xhat = (x - mean) / sigma,   sigma = sqrt(variance + epsilon),   y = gamma xhat + beta
               mean = mean over N of x,   variance = mean over N of (x - mean)^2
    Backward:  dgamma = sum over N of dy xhat,   dbeta = sum over N of dy
               dx = gamma / sigma (dy - mean(dy) - xhat mean(dy xhat)),   means over N
    Evaluation: y = gamma (x - running mean) / sqrt(running variance + epsilon) + beta
    State:     running <- decay running + (1 - decay) batch, from mean 0 and variance 1; or, at the end
               of training, the exact `population_state` of all training examples
    Shapes:    x (N, H) and gamma, beta, mean, variance (H,); for images x (N, I, J, C), means over
               N, I, J, and (C,)
    Caveats:   The variance is the biased one (divided by N) in the batch, in the running state and in the
               population state, as in Keras and ONNX. PyTorch runs the unbiased one (N - 1), and calls
               1 - decay its momentum.
               A constant feature has xhat = 0 and y = beta; epsilon keeps sigma from being 0. In float32
               the mean's rounding is normalized too: measured, xhat strays from 0 by up to 1e-4 |x|.
               A batch of one is a batch of constant features: y = beta whatever x is, and dx = dgamma = 0.
               The layer's output then says nothing of its input, so keep batches above one.
               The bias of an affine layer or a convolution right in front cancels: its gradient is 0.
    Source:    Ioffe and Szegedy (2015), Algorithm 1; backward as in section 3, with its three sums
               collected.
    """

    decay: Number = 0.9
    epsilon: Number = 1e-5
    kind: ClassVar[str] = "batch_norm"

    def __post_init__(self) -> None:
        check_number("batch norm decay", self.decay, lambda v: 0 <= v <= 1, "between 0 and 1")
        check_number("batch norm epsilon", self.epsilon, lambda v: 0 < v < inf, "above 0 and finite")

    def forward(self, parameters: Values, x: Array) -> tuple[Array, dict[str, Array]]:
        statistics = self.population_state(x)
        inverse_sigma = self._inverse_sigma(statistics["variance"])
        xhat = (x - statistics["mean"]) * inverse_sigma
        y = parameters["gamma"] * xhat + parameters["beta"]
        return y, {"xhat": xhat, "inverse_sigma": inverse_sigma, **statistics}

    def backward(self, parameters: Values, saved: Values, dy: Array) -> tuple[Array, dict[str, Array]]:
        xhat = saved["xhat"]
        gradients = self.gradients(parameters, saved, dy)
        count = prod(dy.shape[:-1])
        mean_dy, mean_dy_xhat = gradients["beta"] / count, gradients["gamma"] / count
        dx = parameters["gamma"] * saved["inverse_sigma"] * (dy - mean_dy - xhat * mean_dy_xhat)
        return dx, gradients

    def gradients(self, parameters: Values, saved: Values, dy: Array) -> dict[str, Array]:
        xp, over = namespace(dy), tuple(range(dy.ndim - 1))
        return {"gamma": xp.sum(dy * saved["xhat"], axis=over), "beta": xp.sum(dy, axis=over)}

    def evaluate(self, parameters: Values, state: Values, x: Array) -> Array:
        scale = parameters["gamma"] * self._inverse_sigma(state["variance"])
        return scale * (x - state["mean"]) + parameters["beta"]

    def update_state(self, state: Values, saved: Values) -> dict[str, Array]:
        return {key: self.decay * state[key] + (1 - self.decay) * saved[key] for key in ("mean", "variance")}

    def population_state(self, x: Array) -> dict[str, Array]:
        """The mean and the biased variance of the examples in x."""
        of_x = moments(x)
        return {"mean": of_x.mean, "variance": of_x.variance}

    def output_shape(self, shape: Shape) -> Shape:
        if not shape:
            raise NetworkError("Batch norm got examples without an axis of features.", "Reshape x to (N, 1).")
        return shape

    def parameter_shapes(self, shape: Shape) -> dict[str, Shape]:
        return {"gamma": shape[-1:], "beta": shape[-1:]}

    def initial_parameters(self, shape: Shape, noise: Values, like: Array) -> dict[str, Array]:
        xp = namespace(like)
        return {
            "gamma": xp.ones(shape[-1:], dtype=like.dtype),
            "beta": xp.zeros(shape[-1:], dtype=like.dtype),
        }

    def state_shapes(self, shape: Shape) -> dict[str, Shape]:
        return {"mean": shape[-1:], "variance": shape[-1:]}

    def initial_state(self, shape: Shape, like: Array) -> dict[str, Array]:
        xp = namespace(like)
        return {
            "mean": xp.zeros(shape[-1:], dtype=like.dtype),
            "variance": xp.ones(shape[-1:], dtype=like.dtype),
        }

    def _inverse_sigma(self, variance: Array) -> Array:
        return 1 / namespace(variance).sqrt(variance + self.epsilon)

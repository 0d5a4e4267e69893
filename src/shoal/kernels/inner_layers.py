"""What stands between convolutions, in inner order. Layers that work number by number need no other form."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod

import jax.numpy as jnp
from jax import Array

from shoal.kernels.order import PixelOrder
from shoal.layers import AveragePool, BatchNorm, Dropout, Layer, MaxPool, Values


@dataclass(frozen=True)
class ToKernelLayout(Layer):
    """Public to inner order, row by row. Backward: the way back."""

    order: PixelOrder
    kind = "to_inner"

    def forward(self, parameters: Values, x: Array) -> tuple[Array, None]:
        return self.order.to_inner(x), None

    def backward(self, parameters: Values, saved: None, dy: Array) -> tuple[Array, dict[str, Array]]:
        return self.order.to_public(dy), {}


@dataclass(frozen=True)
class ToNHWC(Layer):
    """Inner to public order. Backward: the way back."""

    order: PixelOrder
    kind = "to_public"

    def forward(self, parameters: Values, x: Array) -> tuple[Array, None]:
        return self.order.to_public(x), None

    def backward(self, parameters: Values, saved: None, dy: Array) -> tuple[Array, dict[str, Array]]:
        return self.order.to_inner(dy), {}


@dataclass(frozen=True)
class InnerAveragePool(AveragePool):
    """The average pool of images in blocks of its windows: a mean of contiguous pieces. x (C, Q, N)."""

    target: PixelOrder = field(kw_only=True)

    def forward(self, parameters: Values, x: Array) -> tuple[Array, Array]:
        pieces = _pieces(x, prod(self.windows.size), len(self.target.cells))
        return sum(pieces) / len(pieces), x[..., :0]  # pyright: ignore  # of x only the shape is wanted

    def backward(self, parameters: Values, saved: Array, dy: Array) -> tuple[Array, dict[str, Array]]:
        size = prod(self.windows.size)
        dx = jnp.broadcast_to((dy / size)[:, None], (len(dy), size, *dy.shape[1:]))
        return _with_left_over(dx, saved.shape[1]), {}


@dataclass(frozen=True)
class InnerMaxPool(MaxPool):
    """The max pool of images in blocks of its windows: the largest of contiguous pieces. x (C, Q, N)."""

    target: PixelOrder = field(kw_only=True)

    def forward(self, parameters: Values, x: Array) -> tuple[Array, dict[str, Array]]:
        largest, *others = _pieces(x, prod(self.windows.size), len(self.target.cells))
        chosen = jnp.zeros(largest.shape, jnp.int32)
        for position, piece in enumerate(others, start=1):
            larger = (piece > largest) | jnp.isnan(piece)
            largest = jnp.where(larger, piece, largest)
            chosen = jnp.where(larger, position, chosen)
        return largest, {"chosen": chosen, "image": x[..., :0]}

    def backward(self, parameters: Values, saved: Values, dy: Array) -> tuple[Array, dict[str, Array]]:
        positions = jnp.arange(prod(self.windows.size), dtype=jnp.int32)[:, None, None]
        dx = jnp.where(saved["chosen"][:, None] == positions, dy[:, None], 0)
        return _with_left_over(dx, saved["image"].shape[1]), {}


@dataclass(frozen=True)
class InnerBatchNorm(BatchNorm):
    """Batch norm of images in inner order: means over Q and N. x (C, Q, N)."""

    def forward(self, parameters: Values, x: Array) -> tuple[Array, dict[str, Array]]:
        statistics = self.population_state(x)
        inverse_sigma = self._inverse_sigma(statistics["variance"])
        xhat = (x - _by_channel(statistics["mean"])) * _by_channel(inverse_sigma)
        y = _by_channel(parameters["gamma"]) * xhat + _by_channel(parameters["beta"])
        return y, {"xhat": xhat, "inverse_sigma": inverse_sigma, **statistics}

    def backward(self, parameters: Values, saved: Values, dy: Array) -> tuple[Array, dict[str, Array]]:
        gradients = self.gradients(parameters, saved, dy)
        mean_dy, mean_dy_xhat = (
            _by_channel(gradients[name] / prod(dy.shape[1:])) for name in ("beta", "gamma")
        )
        scale = _by_channel(parameters["gamma"] * saved["inverse_sigma"])
        return scale * (dy - mean_dy - saved["xhat"] * mean_dy_xhat), gradients

    def gradients(self, parameters: Values, saved: Values, dy: Array) -> dict[str, Array]:
        return {"gamma": jnp.sum(dy * saved["xhat"], axis=(1, 2)), "beta": jnp.sum(dy, axis=(1, 2))}

    def evaluate(self, parameters: Values, state: Values, x: Array) -> Array:
        scale = parameters["gamma"] * self._inverse_sigma(state["variance"])
        return _by_channel(scale) * (x - _by_channel(state["mean"])) + _by_channel(parameters["beta"])

    def population_state(self, x: Array) -> dict[str, Array]:
        mean = jnp.mean(x, axis=(1, 2))
        centred = x - _by_channel(mean)
        return {"mean": mean, "variance": jnp.mean(centred * centred, axis=(1, 2))}


@dataclass(frozen=True)
class InnerDropout(Dropout):
    """Dropout of images in inner order; noise comes in public order, as for the plain one."""

    order: PixelOrder = field(kw_only=True)

    def forward(self, parameters: Values, x: Array, noise: Array) -> tuple[Array, Array]:
        inner = jnp.transpose(noise[:, 0], (2, 1, 0)) if self.channels else self.order.to_inner(noise)
        return super().forward(parameters, x, inner)


def _by_channel(values: Array) -> Array:
    return values[:, None, None]


def _pieces(x: Array, count: int, length: int) -> list[Array]:
    return [x[:, i * length : (i + 1) * length] for i in range(count)]


def _with_left_over(dx: Array, cells: int) -> Array:
    """(C, Q, N) of pieces (C, p q, Q', N), with zeros for the cells that belong to no window."""
    dx = dx.reshape(len(dx), -1, dx.shape[-1])
    return jnp.pad(dx, ((0, 0), (0, cells - dx.shape[1]), (0, 0)))

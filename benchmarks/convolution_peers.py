"""LeNet-5 with batch norm as each contender writes it: batch 128, 28 x 28 images, plain SGD, float32.

Convolution 6 at 5 x 5 ("same"), tanh, average pool 2, batch norm; convolution 16 at 5 x 5, tanh, average
pool 2, batch norm; dense 120 and 84, each with tanh and batch norm; dense 10.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from rounds import Contender
from shoal.data import Dataset, Part
from shoal.data.inputs import Loader
from shoal.layers import Affine, AveragePool, BatchNorm, Convolution, Flatten, SoftmaxCrossEntropy, Tanh
from shoal.network import Network, compose_layers
from shoal.population.plan import make_plan
from shoal.study.load import make_study
from shoal.training.randomness import initial_noise
from stack import Training

CLASSES, EPOCH, RATE = 10, 400, 0.01

LAYERS = [
    {"conv": 6, "kernel": 5, "padding": "same"}, "tanh", {"average_pool": 2}, "batch_norm",
    {"conv": 16, "kernel": 5}, "tanh", {"average_pool": 2}, "batch_norm",
    {"dense": 120}, "tanh", "batch_norm", {"dense": 84}, "tanh", "batch_norm",
]  # fmt: skip

Step = Callable[[Any, Any, Any], Any]  # trained values, x, labels -> trained values


def flops_per_step(batch: int) -> float:
    """Multiplications and additions: 2 forward, 2 for dW, 2 for dx; the first layer needs no dx."""
    first, second = 28 * 28 * 25 * 6, 10 * 10 * 150 * 16
    return batch * (4.0 * first + 6.0 * (second + 400 * 120 + 120 * 84 + 84 * 10))


class Images:
    """Random images, labels and an order of them; what a step costs does not depend on their values."""

    def __init__(self, batch: int) -> None:
        random = np.random.default_rng(0)
        self.batch = batch
        self.x = random.standard_normal((EPOCH * batch, 28, 28, 1), np.float32)
        self.y = random.integers(0, CLASSES, len(self.x)).astype(np.int32)
        self.order = random.permutation(len(self.x)).astype(np.int32)


def torch_eager(images: Images, compiled: bool = False) -> Contender:
    """PyTorch's plain loop with fused SGD; `torch.compile`d if asked for."""
    import torch
    from torch import nn

    def norm(kind: Any, size: int) -> list[nn.Module]:
        return [nn.Tanh(), nn.AvgPool2d(2), kind(size)] if kind is nn.BatchNorm2d else [nn.Tanh(), kind(size)]

    model: Any = nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), *norm(nn.BatchNorm2d, 6),
        nn.Conv2d(6, 16, 5), *norm(nn.BatchNorm2d, 16), nn.Flatten(),
        nn.Linear(400, 120), *norm(nn.BatchNorm1d, 120), nn.Linear(120, 84), *norm(nn.BatchNorm1d, 84),
        nn.Linear(84, CLASSES),
    )  # fmt: skip
    optimizer = torch.optim.SGD(model.parameters(), lr=RATE, fused=True)
    loss, called = nn.CrossEntropyLoss(), torch.compile(model) if compiled else model
    x = torch.from_numpy(images.x.transpose(0, 3, 1, 2).copy())
    y, order = torch.from_numpy(images.y.astype(np.int64)), torch.from_numpy(images.order)
    at = 0

    def run(steps: int) -> None:
        nonlocal at
        for _ in range(steps):
            first = at % EPOCH * images.batch
            rows = order[first : first + images.batch]
            optimizer.zero_grad(set_to_none=True)
            loss(called(x.index_select(0, rows)), y.index_select(0, rows)).backward()
            optimizer.step()
            at += 1

    note = f"torch {torch.__version__}, {torch.get_num_threads()} threads"
    return Contender("torch.compile" if compiled else "PyTorch eager", True, 1, run, note=note)


def keras_fit(images: Images) -> Contender:
    """Keras as its users call it."""
    import keras
    from keras import layers

    def norm() -> Any:
        return layers.BatchNormalization(momentum=0.9, epsilon=1e-5)

    def image_part(filters: int, padding: str) -> list[Any]:
        convolution = layers.Conv2D(filters, 5, padding=padding, activation="tanh")
        return [convolution, layers.AveragePooling2D(2), norm()]

    dense = [part for units in (120, 84) for part in (layers.Dense(units, activation="tanh"), norm())]
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            *image_part(6, "same"),
            *image_part(16, "valid"),
            layers.Flatten(),
            *dense,
            layers.Dense(CLASSES),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(RATE), loss)

    def run(steps: int) -> None:
        n = steps * images.batch
        model.fit(images.x[:n], images.y[:n], batch_size=images.batch, verbose=0)

    return Contender(f"Keras ({keras.config.backend()})", True, 1, run, note=f"keras {keras.__version__}")


def lenet() -> Network:
    """The network in Shoal's layers."""
    parts = [
        [Convolution(6, 5, padding="same"), Tanh(), AveragePool(2), BatchNorm()],
        [Convolution(16, 5), Tanh(), AveragePool(2), BatchNorm(), Flatten()],
        [Affine(120), Tanh(), BatchNorm(), Affine(84), Tanh(), BatchNorm()],
    ]
    return compose_layers(
        (28, 28, 1), CLASSES, [layer for part in parts for layer in part], SoftmaxCrossEntropy()
    )


def jax_autodiff(images: Images) -> Contender:
    """JAX's own convolution, differentiated by JAX."""
    names = ("NHWC", "HWIO", "NHWC")

    def loss(parameters: Any, x: Any, labels: Any) -> Any:
        network = lenet()
        for name, layer, _ in network.named_layers:
            own = parameters.get(name, {})
            if isinstance(layer, Convolution):
                padding = str(layer.padding).upper()
                x = lax.conv_general_dilated(x, own["W"], (1, 1), padding, dimension_numbers=names) + own["b"]
            elif isinstance(layer, AveragePool):
                n, i, j, c = x.shape
                x = x.reshape(n, i // 2, 2, j // 2, 2, c).mean((2, 4))
            else:
                x, _ = layer.forward(own, x)
        return network.loss.forward(x, labels)[0]

    def step(parameters: Any, x: Any, labels: Any) -> Any:
        return jax.tree.map(lambda p, g: p - RATE * g, parameters, jax.grad(loss)(parameters, x, labels))

    return compiled("JAX conv_general_dilated, autodiff", step, images)


def shoal_plain(images: Images) -> Contender:
    """Shoal's layers as their equations stand, without the fast forms."""
    network = lenet()

    def step(parameters: Any, x: Any, labels: Any) -> Any:
        _, gradients, _, _ = network.cost_and_gradients(parameters, x, labels, 0.0)
        return jax.tree.map(lambda p, g: p - RATE * g, parameters, gradients)

    return compiled("Shoal solo, plain layers", step, images)


def shoal(images: Images, members: int) -> Contender:
    """The steps of a study's chunk as `shoal run` makes them; members share their batches."""
    study = {
        "network": {"layers": LAYERS, "initial": "glorot_uniform"},
        "training": {"batch_size": images.batch, "steps": 10**6, "learning_rate": RATE},
        "record": {"points": 2},
        "vary": {"seed": 1},
    }
    if members > 1:
        study["vary"]["training.learning_rate"] = {"log": [RATE / 10, RATE], "count": members}
    classes = tuple(str(c) for c in range(CLASSES))
    loader = Loader(dataset=Dataset("random", Part(images.x, images.y), None, classes))
    plan = make_plan(make_study(study), loader.inputs, math.inf, members)
    (chunk,) = plan.chunks
    began = time.perf_counter()
    training = Training(chunk)
    seconds = time.perf_counter() - began
    name = "Shoal solo" if members == 1 else f"Shoal, {members} members"
    return Contender(name, True, members, training.run, note=f"ready in {seconds:.1f} s")


def compiled(name: str, step: Step, images: Images) -> Contender:
    """A step under one `jit`; its note says how long it compiled."""

    def advance(trained: Any, x: Any, y: Any, order: Any, first: Any, last: Any) -> Any:
        def body(at: Any, now: Any) -> Any:
            rows = lax.dynamic_slice_in_dim(order, at % EPOCH * images.batch, images.batch)
            return step(now, x[rows], y[rows])

        return lax.fori_loop(first, last, body, trained)

    network = lenet()
    trained = network.initialize(initial_noise(network, jax.random.key(0), np.dtype("float32")))
    data = tuple(jnp.asarray(part) for part in (images.x, images.y, images.order))
    began = time.perf_counter()
    ready = jax.jit(advance, donate_argnums=0).lower(trained, *data, jnp.int32(0), jnp.int32(1)).compile()
    seconds, at = time.perf_counter() - began, 0

    def run(steps: int) -> None:
        nonlocal trained, at
        trained = jax.block_until_ready(ready(trained, *data, jnp.int32(at), jnp.int32(at + steps)))
        at += steps

    return Contender(name, True, 1, run, note=f"compiled in {seconds:.1f} s")

"""Full batch: SciPy's TNC driving Shoal's compiled gradient, PyTorch's and a plain NumPy one.

The network of report 003: 400-20-20-10, sigmoids of slope 2, summed binary cross-entropy, float64, on 5000
examples of its shape. All contenders take turns, a segment of `--evaluations` each in every round, from one
start; medians over rounds of milliseconds per evaluation are printed, and the cost that each arrives at.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import torch
from jax.flatten_util import ravel_pytree
from rich.console import Console
from rich.table import Table

from rounds import OtherProcesses
from shoal.layers import Sigmoid, SigmoidCrossEntropy, Uniform
from shoal.network import Network, compose
from shoal.training.full_batch import MinimizeResult, flat_cost_and_gradient, minimize_cost
from shoal.training.runtime import numerics

Function = Callable[[np.ndarray], tuple[float, np.ndarray]]
EXAMPLES, WIDTHS, SLOPE, L2 = 5000, (400, 20, 20, 10), 2.0, 1e-4


def network() -> Network:
    """The report's three layers."""
    activation, loss = Sigmoid(SLOPE), SigmoidCrossEntropy(SLOPE)
    hidden = WIDTHS[1:-1]
    return compose(
        (WIDTHS[0],), WIDTHS[-1], hidden=hidden, activation=activation, initial=Uniform(0.125), loss=loss
    )


def shapes() -> list[tuple[int, ...]]:
    """W and b of each layer, as they lie in the flat vector."""
    return [shape for d, h in pairwise(WIDTHS) for shape in ((d, h), (h,))]


def parts(p: np.ndarray) -> list[np.ndarray]:
    """The flat vector cut into W and b of each layer."""
    cuts = np.cumsum([int(np.prod(shape)) for shape in shapes()])[:-1]
    return [part.reshape(shape) for part, shape in zip(np.split(p, cuts), shapes(), strict=True)]


def shoal_gradient(x: np.ndarray, labels: np.ndarray) -> Function:
    """The compiled function that a study uses."""
    net = network()
    zeros = {
        f"affine_{i + 1}": {"W": jnp.zeros(W), "b": jnp.zeros(b)}
        for i, (W, b) in enumerate(zip(shapes()[::2], shapes()[1::2], strict=True))
    }
    unravel = ravel_pytree(zeros)[1]
    xs = jnp.asarray(x)
    targets = net.loss.targets_from_labels(jnp.asarray(labels, jnp.int32), net.classes, xs)
    compiled = jax.jit(lambda p, x, t: flat_cost_and_gradient(net, unravel, p, x, t, L2))

    def call(p: np.ndarray) -> tuple[float, np.ndarray]:
        cost, gradient = compiled(p, xs, targets)
        return float(cost), np.asarray(gradient)

    return call


def numpy_gradient(x: np.ndarray, labels: np.ndarray) -> Function:
    """As one would write it by hand."""
    targets, n = np.eye(WIDTHS[-1])[labels], len(x)

    def call(p: np.ndarray) -> tuple[float, np.ndarray]:
        W1, b1, W2, b2, W3, b3 = parts(p)
        h1 = 1 / (1 + np.exp(-SLOPE * (x @ W1 + b1)))
        h2 = 1 / (1 + np.exp(-SLOPE * (h1 @ W2 + b2)))
        a = SLOPE * (h2 @ W3 + b3)
        cost = np.sum(np.logaddexp(a, 0) - targets * a) / n + L2 * sum(np.sum(W * W) for W in (W1, W2, W3))
        d3 = SLOPE * (1 / (1 + np.exp(-a)) - targets) / n
        d2 = d3 @ W3.T * SLOPE * h2 * (1 - h2)
        d1 = d2 @ W2.T * SLOPE * h1 * (1 - h1)
        gradients = [
            *(x.T @ d1 + 2 * L2 * W1, d1.sum(0), h1.T @ d2 + 2 * L2 * W2),
            *(d2.sum(0), h2.T @ d3 + 2 * L2 * W3, d3.sum(0)),
        ]
        return float(cost), np.concatenate([g.ravel() for g in gradients])

    return call


def torch_gradient(x: np.ndarray, labels: np.ndarray) -> Function:
    """PyTorch eager and its autograd, at its default threads."""
    inputs, targets = torch.from_numpy(x), torch.eye(WIDTHS[-1], dtype=torch.float64)[labels]

    def call(p: np.ndarray) -> tuple[float, np.ndarray]:
        own = [torch.from_numpy(part.copy()).requires_grad_() for part in parts(p)]
        h = inputs
        for W, b in zip(own[0:4:2], own[1:4:2], strict=True):
            h = torch.sigmoid(SLOPE * torch.addmm(b, h, W))
        a = SLOPE * torch.addmm(own[5], h, own[4])
        loss = torch.nn.functional.binary_cross_entropy_with_logits(a, targets, reduction="sum") / len(x)
        cost = loss + L2 * sum((W * W).sum() for W in own[::2])
        found = torch.autograd.grad(cost, own)
        return cost.item(), torch.cat([g.ravel() for g in found]).numpy()

    return call


def play(contenders: dict[str, Function], start: np.ndarray, rounds: int, evaluations: int) -> None:
    """Time every contender in every round, and print the medians."""
    others, shares = OtherProcesses(), []
    spent: dict[str, list[float]] = {name: [] for name in contenders}
    ended: dict[str, MinimizeResult] = {}
    for function in contenders.values():
        function(start)
    for _ in range(rounds):
        for name, function in contenders.items():
            began = time.perf_counter()
            ended[name] = minimize_cost(function, start, "tnc", evaluations=evaluations)
            spent[name].append((time.perf_counter() - began) / ended[name].evaluations * 1e3)
        shares.append(others.share())
    ours = np.array(spent["Shoal"])
    table = Table("gradient by", "ms an evaluation, median", "least", "most", "x Shoal", "cost at the end")
    for name, each in spent.items():
        times = np.array(each)
        row = (np.median(times), times.min(), times.max(), np.median(times / ours))
        table.add_row(name, *(f"{value:.2f}" for value in row), f"{ended[name].cost:.6f}")
    Console().print(table)
    print(f"{rounds} rounds; of all cores, other processes took {np.median(shares):.0%}")


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the options, make the examples and the start, play."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--evaluations", type=int, default=40)
    options = parser.parse_args(arguments)
    rng = np.random.default_rng(0)
    centres = rng.random((WIDTHS[-1], WIDTHS[0])) < 0.25
    labels = np.arange(EXAMPLES) % WIDTHS[-1]
    x = np.clip(centres[labels] + 0.4 * rng.normal(size=(EXAMPLES, WIDTHS[0])), 0, 1)
    drawn = [rng.uniform(-0.125, 0.125, shape) * (len(shape) == 2) for shape in shapes()]
    start = np.concatenate([part.ravel() for part in drawn])
    with numerics("float64"):
        makers = {"Shoal": shoal_gradient, "NumPy": numpy_gradient, "PyTorch eager": torch_gradient}
        play(
            {name: make(x, labels) for name, make in makers.items()},
            start,
            options.rounds,
            options.evaluations,
        )


if __name__ == "__main__":
    main()

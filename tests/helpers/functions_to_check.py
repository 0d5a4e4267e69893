"""Losses with their gradients, as someone writes them in plain NumPy: networks with every kind of trouble."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

Arrays = dict[str, np.ndarray]


@dataclass
class Sample:
    """A loss, its gradients, and where they are asked for."""

    loss: Callable[[Arrays], Any]
    gradients: Callable[[Arrays], Arrays]
    parameters: Arrays
    examples: int
    l2: float

    def wrong(self, **changes: Callable[[np.ndarray, Arrays], np.ndarray]) -> Callable[[Arrays], Arrays]:
        """The gradients with changes made to single blocks: (right gradient, parameters) -> wrong one."""

        def gradients(parameters: Arrays) -> Arrays:
            found = self.gradients(parameters)
            return {k: changes[k](g, parameters) if k in changes else g for k, g in found.items()}

        return gradients


def network(
    *widths: int,
    seed: int = 0,
    examples: int = 8,
    activation: str = "tanh",
    l2: float = 0.01,
    dtype: Any = np.float64,
    batch_norm: bool = False,
    bias: float = 0.1,
    scale: float = 1.0,
    x: np.ndarray | None = None,
) -> Sample:
    """A chain of affine layers with activations (and batch norms in front of them), ending in a softmax loss.

    `bias` and `scale` are the sizes of b, and of W beside He's.
    """
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((examples, widths[0])) if x is None else x
    x = x.astype(dtype)
    labels = rng.integers(0, widths[-1], len(x))
    layers = range(1, len(widths))
    parameters = {}
    for i, (rows, columns) in enumerate(pairwise(widths), start=1):
        sigma = scale * np.sqrt(2 / rows)
        parameters[f"W{i}"] = (sigma * rng.standard_normal((rows, columns))).astype(dtype)
        parameters[f"b{i}"] = (bias * rng.standard_normal(columns)).astype(dtype)
        if batch_norm and i < len(widths) - 1:
            parameters[f"gamma{i}"] = (1 + 0.1 * rng.standard_normal(columns)).astype(dtype)
            parameters[f"beta{i}"] = (0.1 * rng.standard_normal(columns)).astype(dtype)

    def forward(p: Arrays) -> tuple[list[Any], np.ndarray]:
        h, saved = x, []
        for i in layers:
            h, before = h @ p[f"W{i}"] + p[f"b{i}"], h
            normal = None
            if f"gamma{i}" in p:
                sigma = np.sqrt(h.var(axis=0) + dtype(1e-5))
                normal = (h - h.mean(axis=0)) / sigma, sigma
                h = p[f"gamma{i}"] * normal[0] + p[f"beta{i}"]
            if i < len(widths) - 1:
                h = np.maximum(h, 0) if activation == "relu" else np.tanh(h)
            saved.append((before, normal, h))
        h = h - h.max(axis=1, keepdims=True)
        return saved, h - np.log(np.exp(h).sum(axis=1, keepdims=True))

    def loss(p: Arrays) -> Any:
        _, log_p = forward(p)
        penalty = sum((p[f"W{i}"] ** 2).sum() for i in layers)
        return -log_p[np.arange(len(x)), labels].mean() + dtype(l2) * penalty

    def gradients(p: Arrays) -> Arrays:
        saved, log_p = forward(p)
        d = np.exp(log_p)
        d[np.arange(len(x)), labels] -= 1
        d, found = d / dtype(len(x)), {}
        for i in reversed(layers):
            before, normal, y = saved[i - 1]
            if i < len(widths) - 1:
                d = d * ((y > 0) if activation == "relu" else 1 - y * y)
            if normal is not None:
                xhat, sigma = normal
                found[f"gamma{i}"], found[f"beta{i}"] = (d * xhat).sum(axis=0), d.sum(axis=0)
                d = p[f"gamma{i}"] / sigma * (d - d.mean(axis=0) - xhat * (d * xhat).mean(axis=0))
            found[f"W{i}"] = before.T @ d + dtype(2 * l2) * p[f"W{i}"]
            found[f"b{i}"] = d.sum(axis=0)
            d = d @ p[f"W{i}"].T
        return {k: found[k] for k in p}

    return Sample(loss, gradients, parameters, len(x), l2)

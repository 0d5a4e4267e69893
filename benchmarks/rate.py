"""The machine's own rate of float32 matrix products: the best that JAX, PyTorch or NumPy reach."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

SIZES = (1024, 2048)
TRIES = 3


class MatrixRate:
    """Square products in three libraries. `rates[library]` holds FLOP/s, the best of each round."""

    def __init__(self) -> None:
        self.rates: dict[str, list[float]] = {}
        self._products = [(n, name, f) for n in SIZES for name, f in _products(n).items()]
        for _, _, product in self._products:
            product()

    def measure(self) -> None:
        """One round: the best of a few tries of every size, by library."""
        best: dict[str, float] = {}
        for n, library, product in self._products:
            for _ in range(TRIES):
                began = time.perf_counter()
                product()
                rate = 2.0 * n**3 / (time.perf_counter() - began)
                best[library] = max(best.get(library, 0.0), rate)
        for library, rate in best.items():
            self.rates.setdefault(library, []).append(rate)

    @property
    def best(self) -> list[float]:
        """FLOP/s of the fastest library, by round."""
        return [max(round_) for round_ in zip(*self.rates.values(), strict=True)]


def _products(n: int) -> dict[str, Callable[[], Any]]:
    import jax
    import torch

    random = np.random.default_rng(0)
    a, b = (random.standard_normal((n, n), np.float32) for _ in range(2))
    in_torch = torch.from_numpy(a), torch.from_numpy(b)
    in_jax = jax.device_put(a), jax.device_put(b)
    product = jax.jit(jax.numpy.matmul)
    return {
        "NumPy": lambda: a @ b,
        "PyTorch": lambda: in_torch[0] @ in_torch[1],
        "JAX": lambda: product(*in_jax).block_until_ready(),
    }

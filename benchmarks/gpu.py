"""The rows of a GPU: `python benchmarks/gpu.py --data-dir DIR` prints them as JSON; {} without a GPU.

population.py calls it as a process of its own, because its own table is the processor's and JAX chooses
its device once. True float32 products on both sides; `--tf32` allows TensorFloat-32 on both.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

from rounds import Contender, play
from work import BATCH, EPOCH, L2, Work, flops_per_step, load_work, triangular

MEMBERS = (50, 500, 5000)
PRODUCT = 8192


def rows(work: Work, rounds: int, segment: float, tf32: bool) -> dict[str, Any]:
    """Seconds per network-epoch by contender and round, and the card's rate by round."""
    import jax

    if jax.devices()[0].platform != "gpu":
        return {}
    jax.config.update("jax_default_matmul_precision", "tensorfloat32" if tf32 else "float32")
    from stack import shoal

    products = {"JAX": _jax_product()}
    contenders: list[Contender] = []
    for batch_norm in (False, True):
        contenders += _pytorch(work, batch_norm, tf32, products)
        contenders += [shoal(work, batch_norm, members) for members in MEMBERS]
    rates: list[float] = []
    others = play(contenders, rounds, segment, lambda: rates.append(_rate(products)), print)
    return {
        "device": jax.devices()[0].device_kind,
        "precision": "TensorFloat-32" if tf32 else "float32",
        "rate_flops": rates,
        "others_share": others,
        "rows": [
            {
                "name": c.name,
                "batch_norm": c.batch_norm,
                "members": c.members,
                "seconds": c.seconds,
                "seconds_epoch": statistics.median(c.seconds) * c.members,
                "share_of_rate": statistics.median(
                    flops_per_step() * EPOCH / rate / s for rate, s in zip(rates, c.seconds, strict=True)
                ),
                "note": c.note,
            }
            for c in contenders
        ],
    }


def _rate(products: dict[str, Callable[[], Any]]) -> float:
    """FLOP/s of a large square product, the best of the libraries and of five tries."""
    best = 0.0
    for product in products.values():
        for _ in range(5):
            began = perf_counter()
            product()
            best = max(best, 2.0 * PRODUCT**3 / (perf_counter() - began))
    return best


def _jax_product() -> Callable[[], Any]:
    import jax

    key = jax.random.key(0)
    a = jax.random.normal(key, (PRODUCT, PRODUCT), "float32")
    product = jax.jit(jax.numpy.matmul)
    product(a, a).block_until_ready()
    return lambda: product(a, a).block_until_ready()


def _pytorch(
    work: Work, batch_norm: bool, tf32: bool, products: dict[str, Callable[[], Any]]
) -> list[Contender]:
    """PyTorch on the card, where its build has CUDA: eager, and the same step as a CUDA graph."""
    try:
        import torch
    except ImportError:
        return []
    if not torch.cuda.is_available():
        return []
    from pytorch import Eager

    torch.backends.cuda.matmul.allow_tf32 = tf32
    if "PyTorch" not in products:
        a = torch.randn(PRODUCT, PRODUCT, device="cuda")
        products["PyTorch"] = lambda: (a @ a, torch.cuda.synchronize())
        products["PyTorch"]()
    x, y = torch.from_numpy(work.x).cuda(), torch.from_numpy(work.y).cuda()
    eager, graph = Eager(x, y, batch_norm), Graphed(x, y, batch_norm)
    note = f"torch {torch.__version__}"
    return [
        Contender("PyTorch eager", batch_norm, 1, eager.run, note=note),
        Contender("PyTorch CUDA graph", batch_norm, 1, graph.run, note=note),
    ]


class Graphed:
    """One network whose whole step is captured once and replayed; batch and rate are written beforehand."""

    def __init__(self, x: Any, y: Any, batch_norm: bool) -> None:
        import torch

        from pytorch import Eager

        self.torch = torch
        self.rate = torch.tensor(triangular(0), device=x.device)
        self.rows = torch.arange(BATCH, device=x.device)
        self.eager = Eager(x, y, batch_norm)
        self.parameters = list(self.eager.model.parameters())
        aside = torch.cuda.Stream()
        aside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(aside):  # allocations and library handles settle before the capture
            for _ in range(3):
                self._step()
        torch.cuda.current_stream().wait_stream(aside)
        self.eager.optimizer.zero_grad(set_to_none=True)
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph):
            self._step()

    def run(self, steps: int) -> None:
        """Train by so many steps."""
        for _ in range(steps):
            self.rows.copy_(self.eager.next_rows())
            self.rate.fill_(triangular(self.eager.at))
            self.graph.replay()
            self.eager.at += 1
        self.torch.cuda.synchronize()

    def _step(self) -> None:
        own, torch = self.eager, self.torch
        scores = own.model(own.x.index_select(0, self.rows))
        loss = own.loss(scores, own.y.index_select(0, self.rows))
        gradients = torch.autograd.grad(loss, self.parameters)
        with torch.no_grad():
            for p, gradient in zip(self.parameters, gradients, strict=True):
                whole = torch.add(gradient, p, alpha=2 * L2) if p.ndim == 2 else gradient
                p.sub_(self.rate * whole)


def main() -> None:
    """Write the rows to a file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="the JSON file to write")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--segment", type=float, default=0.3)
    parser.add_argument("--tf32", action="store_true")
    given = parser.parse_args()
    found = rows(load_work(given.data_dir), given.rounds, given.segment, given.tf32)
    given.out.write_text(json.dumps(found))


if __name__ == "__main__":
    main()

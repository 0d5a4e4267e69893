"""Who else sweeps widths: PyTorch eager and scikit-learn's MLPClassifier, one network after another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import sklearn
import torch
from sklearn.neural_network import MLPClassifier
from torch import nn

from rounds import Contender

RATE, DECAY, L2, SIGMA, CLASSES = 1e-3, 0.95, 0.25, 1e-4, 10


class Images:
    """The training split as float32 (n, D) with the mean image subtracted, and its labels."""

    def __init__(self, inputs: Any, batch: int) -> None:
        part, scaling, self.batch = inputs.splits.train, inputs.scaling, batch
        x = (part.inputs.astype(np.float32) - scaling.offset) * scaling.scale
        self.x, self.y = x.reshape(len(x), -1).astype(np.float32), part.labels.astype(np.int64)


class Eager:
    """One network: an epoch's order is drawn, its batches gathered by `index_select`, SGD fused."""

    def __init__(self, images: Images, x: torch.Tensor, y: torch.Tensor, units: int) -> None:
        self.x, self.y, self.batch = x, y, images.batch
        self.model = nn.Sequential(nn.Linear(x.shape[1], units), nn.ReLU(), nn.Linear(units, CLASSES))
        weights = [p for p in self.model.parameters() if p.ndim == 2]
        biases = [p for p in self.model.parameters() if p.ndim == 1]
        for p in (*weights, *biases):
            nn.init.normal_(p, std=SIGMA if p.ndim == 2 else 0.0)
        groups = [{"params": weights, "weight_decay": 2 * L2}, {"params": biases}]
        self.optimizer = torch.optim.SGD(groups, lr=RATE, fused=True)
        self.loss, self.order, self.at = nn.CrossEntropyLoss(), torch.empty(0), 0

    def run(self, steps: int) -> None:
        """Train by so many steps; the last batch of an epoch is full here: 49000 / 200 is whole."""
        per_epoch = len(self.y) // self.batch
        for _ in range(steps):
            epoch, position = divmod(self.at, per_epoch)
            if position == 0:
                self.order = torch.randperm(len(self.y))
                for group in self.optimizer.param_groups:
                    group["lr"] = RATE * DECAY**epoch
            rows = self.order[position * self.batch : (position + 1) * self.batch]
            self.optimizer.zero_grad(set_to_none=True)
            self.loss(self.model(self.x.index_select(0, rows)), self.y.index_select(0, rows)).backward()
            self.optimizer.step()
            self.at += 1


def eager(images: Images, widths: Sequence[int], threads: int | None = None) -> Contender:
    """A network of each width, with PyTorch's default threads or with so many."""
    x, y = torch.from_numpy(images.x), torch.from_numpy(images.y)
    networks = [Eager(images, x, y, units) for units in widths]
    usual = torch.get_num_threads()

    def run(steps: int) -> None:
        torch.set_num_threads(threads or usual)
        for network in networks:
            network.run(steps)
        torch.set_num_threads(usual)

    name = "PyTorch eager" if threads is None else f"PyTorch eager, {threads} thread"
    note = f"torch {torch.__version__}, {threads or usual} threads, fused SGD"
    return Contender(name, False, len(widths), run, note=note)


def classifiers(images: Images, widths: Sequence[int]) -> Contender:
    """scikit-learn of each width: its own uniform initial weights, one constant rate, L2 as alpha (halved and
    divided by the batch there, so `2 * L2 * batch`)."""
    alpha = 2 * L2 * images.batch
    models = [
        MLPClassifier(
            (units,), solver="sgd", momentum=0, alpha=alpha, batch_size=images.batch, learning_rate_init=RATE
        )
        for units in widths
    ]

    def run(steps: int) -> None:
        n = steps * images.batch
        for model in models:
            model.partial_fit(images.x[:n], images.y[:n], classes=np.arange(CLASSES))

    note = f"scikit-learn {sklearn.__version__}, partial_fit, constant rate"
    return Contender("scikit-learn MLPClassifier", False, len(widths), run, note=note)

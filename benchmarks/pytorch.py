"""PyTorch: the fastest plain eager loop, on data that are a float tensor in memory already."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import torch
from torch import nn

from rounds import Contender
from work import BATCH, CLASSES, EPOCH, FEATURES, HIDDEN, L2, Work, triangular


def network(batch_norm: bool) -> nn.Sequential:
    """The MLP, batch norm before the activation."""
    layers: list[nn.Module] = []
    widths = (FEATURES, *HIDDEN)
    for a, b in pairwise(widths):
        norm = [nn.BatchNorm1d(b, momentum=0.1)] if batch_norm else []
        layers += [nn.Linear(a, b), *norm, nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(widths[-1], CLASSES))


def optimizer(model: nn.Module, rate: Any) -> torch.optim.SGD:
    """Fused SGD (the quickest here); half of weight decay's coefficient is L2's, on weights only."""
    weights = [p for p in model.parameters() if p.ndim == 2]
    others = [p for p in model.parameters() if p.ndim < 2]
    groups = [{"params": weights, "weight_decay": 2 * L2}, {"params": others}]
    return torch.optim.SGD(groups, lr=rate, fused=True)


class Eager:
    """One network: an epoch's order is drawn, its batches gathered by `index_select`."""

    def __init__(self, x: torch.Tensor, y: torch.Tensor, batch_norm: bool) -> None:
        self.x, self.y = x, y
        self.model = network(batch_norm).to(x.device)
        self.optimizer = optimizer(self.model, triangular(0))
        self.loss = nn.CrossEntropyLoss()
        self.order = torch.empty(0)
        self.at = 0

    def run(self, steps: int) -> None:
        """Train by so many steps."""
        for _ in range(steps):
            rows = self.next_rows()
            for group in self.optimizer.param_groups:
                group["lr"] = triangular(self.at)
            self.optimizer.zero_grad(set_to_none=True)
            scores = self.model(self.x.index_select(0, rows))
            self.loss(scores, self.y.index_select(0, rows)).backward()
            self.optimizer.step()
            self.at += 1
        if self.x.is_cuda:
            torch.cuda.synchronize()

    def next_rows(self) -> torch.Tensor:
        """The examples of this step's batch."""
        position = self.at % EPOCH
        if position == 0:
            self.order = torch.randperm(len(self.y), device=self.x.device)
        return self.order[position * BATCH : (position + 1) * BATCH]


def eager(work: Work, batch_norm: bool) -> Contender:
    """PyTorch with its default threads."""
    training = Eager(torch.from_numpy(work.x), torch.from_numpy(work.y), batch_norm)
    note = f"torch {torch.__version__}, {torch.get_num_threads()} threads, fused SGD"
    return Contender("PyTorch eager", batch_norm, 1, training.run, note=note)

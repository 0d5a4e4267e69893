"""One structure to be compiled, and the chunks of its members that train together."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

from shoal.data.functions import FunctionData
from shoal.data.inputs import PreparedData
from shoal.network import Network, parameter_count
from shoal.network.from_settings import build_network
from shoal.population.initial_arrays import InitialArrays
from shoal.study.settings.study import Cell, Settings
from shoal.training.batches import Batches


@dataclass(frozen=True)
class Program:
    """One structure, to be compiled once: its cells and the traced paths in which these may differ."""

    index: int
    cells: tuple[Cell, ...]
    traced: tuple[str, ...]
    seeds: tuple[int, ...]
    batches: Batches
    steps: int
    record: tuple[int, ...]
    inputs: PreparedData | FunctionData = field(repr=False)
    given: InitialArrays = field(default_factory=InitialArrays, repr=False)

    @property
    def settings(self) -> Settings:
        """The settings of the first cell; the others differ in `traced` paths only."""
        return self.cells[0].settings

    @property
    def full_batch(self) -> bool:
        """Whether SciPy minimizes each member's cost. Then `steps` are its most iterations or, where only
        these are limited, evaluations, until the run knows better."""
        return self.settings.training.full_batch

    @property
    def length(self) -> str:
        """How long a member trains, in words."""
        if not self.full_batch:
            return f"{self.steps:,} steps"
        what = "evaluations" if self.settings.training.evaluations else "iterations"
        return f"at most {self.steps:,} {what}"

    def network(self, settings: Any = None) -> Network:
        """The network of these settings, whose traced numbers may be arrays; by default the first cell's."""
        return self._network if settings is None else self._build(settings)

    @cached_property
    def _network(self) -> Network:
        return self._build(self.settings)

    def _build(self, settings: Settings) -> Network:
        return build_network(settings, self.inputs.shape, self.inputs.classes, self.traced)

    @cached_property
    def parameters(self) -> int:
        """Trained numbers of one member."""
        return parameter_count(self.network())

    @property
    def flops_per_step(self) -> float:
        """Multiplications and additions of one member's step: forward, dW and, but for the first map, dx."""
        network = self.network()
        maps = [
            math.prod(noise["W"][0]) * math.prod(shape[:-1])  # a kernel works at each place of the image
            for (name, _, _), shape in zip(network.named_layers, network.shapes[1:], strict=True)
            if (noise := network.parameter_noise().get(name))
        ]
        return sum((6.0 if i else 4.0) * self.batches.size * products for i, products in enumerate(maps))


@dataclass(frozen=True)
class Chunk:
    """The unit of work: positions of cells within their program, and seeds."""

    index: int
    program: Program = field(repr=False)
    cells: tuple[int, ...]
    seeds: tuple[int, ...]
    bytes: int

    @property
    def members(self) -> int:
        """Networks trained together."""
        return len(self.cells) * len(self.seeds)


def members_of(chunk: Chunk) -> dict[str, object]:
    """Which members a chunk is, in plain values."""
    return {
        "index": chunk.index,
        "program": chunk.program.index,
        "cells": list(chunk.cells),
        "seeds": list(chunk.seeds),
    }


class Shaped(Protocol):
    """An array, or the shape and dtype of one."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes of its axes."""
        ...

    @property
    def dtype(self) -> Any:
        """What its values are."""
        ...


Layout = Mapping[str, Shaped]  # what a file holds, by the arrays' names

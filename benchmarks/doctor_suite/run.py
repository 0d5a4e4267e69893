"""The suite's work, cut into small tasks for two processes."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from .case import Case, draw_pair, draw_planted
from .catalogue import ENTRIES
from .correct import draw_correct
from .score import examine

SMALL = 2000  # parameters


@dataclass(frozen=True)
class Task:
    """One draw: `kind` "one" (with a mistake's name), "two" or "correct" (with a dtype).

    It is handed to the doctor in each way of `handed`, and to the peers if `peers`.
    """

    kind: str
    draw: int
    seed: int
    name: str = ""
    handed: tuple[str, ...] = ("function",)
    peers: bool = False

    def case(self) -> Case:
        """The same case in every process."""
        if self.kind == "one":
            return draw_planted(self.name, self.draw, self.seed)
        if self.kind == "two":
            return draw_pair(self.draw, self.seed)
        return draw_correct(self.draw, self.seed, np.dtype(self.name))


@dataclass(frozen=True)
class Sizes:
    """How many draws: of each mistake, of pairs, of correct networks in float64 and in float32.

    `peers` and `peers_correct`: how many of these (of each mistake, of the correct ones) are shown to the
    peers as well, where the network is small: most of them evaluate the cost once or twice for each number.
    """

    one: int = 10
    two: int = 200
    float64: int = 500
    float32: int = 200
    peers: int = 5
    peers_correct: int = 120

    def scaled(self, draws: int) -> Sizes:
        """As for 10 draws of each mistake, with `draws`."""
        part = draws / self.one
        two, f64, f32, correct = (
            max(1, round(part * n)) for n in (self.two, self.float64, self.float32, self.peers_correct)
        )
        return Sizes(draws, two, f64, f32, min(self.peers, draws), correct)


def tasks(
    sizes: Sizes, seed: int, handed: tuple[str, ...], only: list[str] | None, peers: bool
) -> list[Task]:
    """All of them, or those of the mistakes in `only`; with `peers`, some for the peers as well."""
    found = [
        Task("one", draw, seed, name, handed, peers=peers and draw < sizes.peers)
        for name in (only or ENTRIES)
        for draw in range(sizes.one)
    ]
    if only:
        return found
    found += [Task("two", draw, seed, "", handed) for draw in range(sizes.two)]
    found += [
        Task("correct", draw, seed, "float64", handed, peers and draw < sizes.peers_correct)
        for draw in range(sizes.float64)
    ]
    return found + [Task("correct", draw, seed, "float32", handed) for draw in range(sizes.float32)]


def work(task: Task) -> dict[str, Any]:
    """Everything about one draw, as plain rows."""
    case = task.case()
    rows = [examine(case, handed).as_row() for handed in task.handed]
    found: dict[str, Any] = {"kind": task.kind, "name": task.name, "draw": task.draw, "doctor": rows}
    if task.peers and case.size <= SMALL:
        from .peers import ask_peers

        found["peers"] = ask_peers(case)
    return found


def run(todo: list[Task], processes: int) -> Iterator[dict[str, Any]]:
    """The rows of all tasks as they come, from so many processes (0: this one)."""
    if not processes:
        yield from map(work, todo)
        return
    for pool in ("OMP", "OPENBLAS", "MKL"):
        os.environ[f"{pool}_NUM_THREADS"] = "1"  # read by the processes that start now
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        yield from pool.imap_unordered(work, todo)

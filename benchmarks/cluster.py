"""What a cluster costs: starting it, a task, a chunk, the data; and what the client does with results.

    python benchmarks/cluster.py [--workers 1 2] [--json FILE]

It prints the figures that docs/scaling.md computes with. Everything runs here: the network of a real
cluster is not in them. A few minutes on two cores, which should have nothing else to do.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from shoal.data import Dataset, Part
from shoal.study.chunk_file import pack, unpack
from shoal.study.cluster.connect import connected
from shoal.study.inputs import Loader
from shoal.study.load import make_study
from shoal.study.plan import Plan
from shoal.study.results import assemble
from shoal.study.run import plan_study, run
from shoal.study.watching import Silence

TASKS = 2000
REPEATS = 3
IMAGES = 60_000  # 32 x 32 x 3 bytes each: CIFAR-10


class Clock(Silence):
    """Notes when a run was planned and when each chunk was begun and kept, and what it took of compiling."""

    def __init__(self) -> None:
        self.at: dict[str, float] = {}
        self.chunks: list[tuple[float, float, float]] = []

    def planned(self, plan: Plan) -> None:
        self.at["planned"] = time.perf_counter()

    def chunk_started(self, chunk: Any) -> None:
        self.at.setdefault("first", time.perf_counter())

    def chunk_finished(self, chunk: Any, seconds: float, seconds_compile: float) -> None:
        self.chunks.append((time.perf_counter(), seconds, seconds_compile))


def small(levels: int, steps: int = 200) -> Any:
    """Networks of 10 units on the digits, one cell a level of L2, so that little but overhead is left."""
    return make_study(
        {
            "data": {"name": "digits"},
            "network": {"hidden": [10]},
            "training": {"steps": steps, "batch_size": 50, "learning_rate": 0.1},
            "record": {"points": 2},
            "vary": {"training.l2": {"log": [1e-5, 1e-1], "count": levels}, "seed": 1},
        }
    )


def one_member_a_chunk(study: Any) -> float:
    """A budget of memory at which every member of `small` is a chunk of its own."""
    return 1.01 * plan_study(study, memory=1e3).chunks[0].bytes


def measure_cluster(workers: int, chunks: int) -> dict[str, float]:
    """Seconds of each part with so many local workers."""
    found: dict[str, float] = {}
    study = small(chunks)
    memory = one_member_a_chunk(study)
    began = time.perf_counter()
    with connected(f"local:{workers}") as cluster:
        found["start_s"] = time.perf_counter() - began
        found["tasks_per_s"] = _tasks(cluster.client)
        began, clock = time.perf_counter(), Clock()
        run(study, cluster=cluster, memory=memory, check=False, watcher=clock)
        found["ask_workers_s"] = clock.at["planned"] - began
        found["first_chunk_begins_s"] = clock.at["first"] - clock.at["planned"]
        warm = [_round(cluster, study, memory) for _ in range(REPEATS)]
        found["wall_a_chunk_s"] = statistics.median(one["wall"] for one in warm) / chunks
        found["training_a_chunk_s"] = statistics.median(one["training"] for one in warm) / chunks
        found["compiling_a_chunk_s"] = statistics.median(one["compiling"] for one in warm) / chunks
        busy = found["training_a_chunk_s"] + found["compiling_a_chunk_s"]
        found["overhead_a_chunk_s"] = found["wall_a_chunk_s"] * workers - busy
        found["shipping_s_per_100MB"] = _shipping(cluster)
        began = time.perf_counter()
    found["end_s"] = time.perf_counter() - began
    return found


def _tasks(client: Any) -> float:
    began = time.perf_counter()
    client.gather(client.map(_nothing, range(TASKS), pure=False))
    return TASKS / (time.perf_counter() - began)


def _nothing(number: int) -> int:
    return number


def _round(cluster: Any, study: Any, memory: float) -> dict[str, float]:
    clock = Clock()
    run(study, cluster=cluster, memory=memory, check=False, watcher=clock)
    _, seconds, compiling = zip(*clock.chunks, strict=True)
    wall = clock.chunks[-1][0] - clock.at["planned"]
    return {"wall": wall, "training": sum(seconds) - sum(compiling), "compiling": sum(compiling)}


def _shipping(cluster: Any) -> float:
    """A data set in memory against the same one in a file that the workers see: one short chunk of each."""
    images = np.random.default_rng(0).integers(0, 256, (IMAGES, 32, 32, 3), dtype=np.uint8)
    labels = (np.arange(IMAGES) % 10).astype(np.int32)
    with tempfile.TemporaryDirectory() as folder:
        np.savez(Path(folder) / "images.npz", x=images, y=labels)
        raw = {
            "data": {"path": "images.npz", "train": 1000, "validation": 0, "test": 0},
            "network": {"hidden": [2]},
            "training": {"steps": 1, "batch_size": 50, "learning_rate": 0.1},
            "record": {"points": 1, "training_examples": 100},
            "vary": {"seed": 1},
        }
        study = make_study(raw, folder=Path(folder))
        loaded = Loader(folder=Path(folder)).examples(study.base.data).dataset
        by_path = _seconds(lambda: run(study, cluster=cluster, check=False))
        given = Dataset("images", Part(images, labels), None, loaded.classes)
        sent = _seconds(lambda: run(study, dataset=given, cluster=cluster, check=False))
    return (sent - by_path) / (images.nbytes / 1e8)


def measure_client(cells: int) -> dict[str, float]:
    """What the client does whoever trains: plan, unpack and assemble; seconds and bytes of each."""
    study = small(cells, steps=2)
    plan = plan_study(study)
    planning = _seconds(lambda: plan_study(study))
    results: list[Any] = []
    with tempfile.TemporaryDirectory():
        from shoal.study.chunks import play_chunks
        from shoal.study.train import train_team

        play_chunks(plan, Silence(), train_team, results.append)
    packed = [pack(result) for result in results]
    unpacking = _seconds(lambda: [unpack(content, plan) for content in packed])
    assembling = _seconds(lambda: assemble(plan, results, {}))
    order = len(study.text) + len(json.dumps(plan.describe()))
    parameters = plan.programs[0].parameters
    sent = sum(map(len, packed))
    return {
        "cells": cells,
        "plan_s_per_cell": planning / cells,
        "unpack_s_per_chunk": unpacking / len(packed),
        "assemble_s_per_member": assembling / cells,
        "bytes_per_member_without_weights": (sent - 4 * parameters * cells) / cells,
        "order_bytes": order,
        "client_peak_MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def _seconds(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def main() -> None:
    """Print every figure, and keep them where asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--chunks", type=int, default=40)
    parser.add_argument("--cells", type=int, default=5000)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    found: dict[str, dict[str, float]] = {"client": measure_client(asked.cells)}
    for workers in asked.workers:
        found[f"local:{workers}"] = measure_cluster(workers, asked.chunks)
    for name, figures in found.items():
        print(name)
        for key, value in figures.items():
            print(f"  {key:34} {value:12,.5g}")
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()

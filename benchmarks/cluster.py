"""What a cluster costs: starting it, a task, a chunk, the data; and what the client does with results.

python benchmarks/cluster.py [--json FILE]

It prints the figures that docs/scaling.md computes with (benchmarks/scaling.py). Everything runs on one
machine: the network of a real cluster is not in them. About six minutes on two cores.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from pretend import measure_pretended, pretended
from shoal.api import run
from shoal.cluster.connect import connected
from shoal.population.plan import Plan, plan_study
from shoal.population.progress import NullListener
from shoal.population.train import train_team
from shoal.population.train_chunks import train_chunks
from shoal.results.assemble import assemble
from shoal.runs.chunk_file import pack, unpack
from shoal.runs.folder import RunFolder
from shoal.study.load import make_study

ONE_MEMBER = 1.0  # bytes of a chunk, which no member keeps within: so each is a chunk of its own
REPEATS = 3
TASKS = 1000
DATA_BYTES = 184_000_000  # CIFAR-10 as bytes
CELLS = 4000
KEPT = (0, 1000, 16_000)
Figures = dict[str, float]


class Clock(NullListener):
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


def measure_local(workers: int, chunks: int, steps: int) -> Figures:
    """Seconds of each part with so many local workers; with none, in this process. The best of the rounds
    counts: what disturbs only adds."""
    study, found = small(chunks, steps), {}
    if workers == 0:
        return min((_round(None, study) for _ in range(REPEATS)), key=lambda one: one["wall_a_chunk_s"])
    began = time.perf_counter()
    with connected(f"local:{workers}") as cluster:
        found["start_s"] = time.perf_counter() - began
        began, clock = time.perf_counter(), Clock()
        run(study, cluster=cluster, memory=ONE_MEMBER, check=False, watcher=clock)
        found["ask_workers_s"] = clock.at["planned"] - began
        found["first_chunk_begins_s"] = clock.at["first"] - clock.at["planned"]
        rounds = [_round(cluster, study) for _ in range(REPEATS)]
        found |= min(rounds, key=lambda one: one["wall_a_chunk_s"])
        found["empty_tasks_per_s"] = max(_tasks(cluster.client) for _ in range(REPEATS))
        found["ship_data_s"] = min(_shipping(cluster.client) for _ in range(REPEATS))
        began = time.perf_counter()
    return {**found, "end_s": time.perf_counter() - began}


def _round(cluster: Any, study: Any) -> Figures:
    clock = Clock()
    run(study, cluster=cluster, memory=ONE_MEMBER, check=False, watcher=clock)
    ended, seconds, compiling = zip(*clock.chunks, strict=True)
    count = len(ended)
    return {
        "wall_a_chunk_s": (max(ended) - clock.at["planned"]) / count,
        "worker_a_chunk_s": sum(seconds) / count,
        "of_it_compiling_s": sum(compiling) / count,
    }


def _tasks(client: Any) -> float:
    began = time.perf_counter()
    client.gather(client.map(_nothing, range(TASKS), pure=False))
    return TASKS / (time.perf_counter() - began)


def _nothing(number: int) -> int:
    return number


def _shipping(client: Any) -> float:
    """The bytes of a data set from the client to the workers, one of which hands them on to the others."""
    content = np.random.default_rng(0).bytes(DATA_BYTES)
    addresses = list(client.scheduler_info(n_workers=-1)["workers"])
    began = time.perf_counter()
    sent = client.scatter(content, hash=False)
    client.gather([client.submit(len, sent, workers=[address], pure=False) for address in addresses])
    return time.perf_counter() - began


def measure_client(cells: int) -> Figures:
    """CPU seconds of what the client does whoever trains, for each cell or member; and memory."""
    study = small(cells, steps=2)
    before = _resident()
    plan = plan_study(study)
    held = _resident() - before
    results: list[Any] = []
    train_chunks(plan, NullListener(), train_team, results.append)
    packed = [pack(result) for result in results]
    parameters = 4 * plan.programs[0].parameters
    return {
        "plan_a_cell_s": _cpu(lambda: plan_study(study)) / cells,
        "plan_a_cell_bytes": held / cells,
        "unpack_a_member_s": _cpu(lambda: [unpack(content, plan) for content in packed]) / cells,
        "assemble_a_member_s": _cpu(lambda: assemble(plan, results, {})) / cells,
        "result_without_weights_bytes": sum(map(len, packed)) / cells - parameters,
    }


def measure_keeping(kept: int) -> Figures:
    """Seconds that a run folder takes for one more chunk, after so many."""
    content = np.random.default_rng(0).bytes(64 * 1024)
    with tempfile.TemporaryDirectory() as parent:
        path = Path(parent) / "run"
        path.mkdir()
        entries = {f"chunks/{k:04d}.safetensors": "0" * 64 for k in range(kept)}
        (path / "manifest.json").write_text(json.dumps(entries))
        with RunFolder(path, "") as folder:
            each = [
                _both(lambda k=k: folder.write_bytes(f"chunks/x{k}.safetensors", content)) for k in range(9)
            ]
    return {
        "chunk_file_s": statistics.median(wall for wall, _ in each),
        "chunk_file_cpu_s": statistics.median(cpu for _, cpu in each),
    }


def measure_empty(chunks: int) -> Figures:
    """Seconds of a chunk that trains nothing, on one worker: its round trip, and CPU time on both sides."""
    with pretended(1) as client:
        measure_pretended(client, small(10), ONE_MEMBER, 0.0)  # the worker begins
        rounds = [measure_pretended(client, small(chunks), ONE_MEMBER, 0.0) for _ in range(REPEATS)]
    best = min(rounds, key=lambda one: one["wall_s"])
    return {
        name.replace("_s", "_a_chunk_s"): best[name] / best["chunks"]
        for name in ("wall_s", "client_cpu_s", "workers_cpu_s")
    }


def measure_many(workers: int) -> Figures:
    """What many workers ask of the client and the scheduler (benchmarks/pretend.py), CPU seconds of these."""
    with pretended(workers) as client:
        measure_pretended(client, small(2 * workers), ONE_MEMBER, 0.0)  # every worker begins
        at_once = [measure_pretended(client, small(5 * workers), ONE_MEMBER, 0.0) for _ in range(REPEATS)]
        slowly = measure_pretended(client, small(5 * workers), ONE_MEMBER, 8.0)
    chunk = statistics.median(one["client_cpu_s"] / one["chunks"] for one in at_once)
    more = slowly["events"] - slowly["chunks"]
    event = (slowly["client_cpu_s"] - chunk * slowly["chunks"]) / more
    told = {f"slowly_{name}": value for name, value in slowly.items()}
    return {"client_cpu_a_chunk_s": chunk, "client_cpu_an_event_s": event, **told}


def _cpu(work: Callable[[], Any]) -> float:
    return _both(work)[1]


def _both(work: Callable[[], Any]) -> tuple[float, float]:
    began, busy = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - began, time.process_time() - busy


def _resident() -> float:
    """Bytes of this process in memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096.0


def main() -> None:
    """Print every figure, and keep them where asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--chunks", type=int, default=12)
    parser.add_argument("--steps", type=int, default=10_000)
    parser.add_argument("--many", type=int, default=100, help="pretended workers")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    found: dict[str, Figures] = {}

    def measured(name: str, figures: Figures) -> None:
        found[name] = figures
        print(name, flush=True)
        for key, value in figures.items():
            print(f"  {key:34} {value:12,.5g}", flush=True)

    measure_client(10)  # loads what is loaded once
    measured("client", measure_client(CELLS))
    for kept in KEPT:
        measured(f"run folder with {kept:,} chunks", measure_keeping(kept))
    measured("chunks that train nothing", measure_empty(200))
    measured(f"{asked.many} pretended workers", measure_many(asked.many))
    for workers in (0, 1, 2):
        name = f"local:{workers}" if workers else "no cluster"
        measured(name, measure_local(workers, asked.chunks, asked.steps))
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()

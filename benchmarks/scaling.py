"""The cost model of docs/scaling.md: what a study takes on 1 to 1000 workers, and what limits it.

python benchmarks/scaling.py cluster.json [--picture FILE.png]    # what benchmarks/cluster.py --json kept
"""

from __future__ import annotations

import argparse
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

WORKERS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
MEMBERS = (1_000, 10_000, 100_000, 1_000_000)
NETWORK_BYTES_A_SECOND = 1e8  # a gigabit between any two machines, assumed
EVENTS_A_SECOND = 100  # of all workers at most (study/cluster/words.py)
PARAMETERS = 3072 * 50 + 50 + 50 * 50 + 50 + 50 * 10 + 10


@dataclass(frozen=True)
class Work:
    """A study: the seconds of a member where a chunk of them is stacked, seeds of a cell, bytes of its data
    and of a member's weights, where they are kept. The defaults are report 001's network for 20 epochs of
    45,000 images, 0.108 s each (benchmarks/README.md)."""

    members: int
    seconds_a_member: float = 20 * 0.108
    members_a_chunk: int = 64
    seeds: int = 5
    data: float = 1.84e8
    weights: float = 0.0

    @property
    def chunks(self) -> int:
        return -(-self.members // self.members_a_chunk)

    @property
    def cells(self) -> int:
        return self.members // self.seeds


@dataclass(frozen=True)
class Costs:
    """The measured figures (benchmarks/cluster.py), seconds and bytes."""

    start: float
    begin: float
    compile_again: float
    overhead: float
    client_a_chunk: float
    client_an_event: float
    keep: float
    keep_more: float
    plan_a_cell: float
    plan_bytes: float
    assemble: float
    result_bytes: float

    @classmethod
    def read(cls, found: dict[str, Any]) -> Costs:
        """From what the benchmark kept."""
        alone, one, client = found["no cluster"], found["local:1"], found["client"]
        many = _many(found)
        kept = {_number(name): own["chunk_file_s"] for name, own in found.items() if "run folder" in name}
        most = max(kept)
        return cls(
            one["start_s"] + one["ask_workers_s"],
            one["first_chunk_begins_s"],
            alone["of_it_compiling_s"],
            found["chunks that train nothing"]["wall_a_chunk_s"],
            many["client_cpu_a_chunk_s"],
            many["client_cpu_an_event_s"],
            kept[0],
            (kept[most] - kept[0]) / most,
            client["plan_a_cell_s"],
            client["plan_a_cell_bytes"],
            client["assemble_a_member_s"],
            client["result_without_weights_bytes"],
        )


def parts(work: Work, workers: int, costs: Costs) -> dict[str, float]:
    """Seconds of each part. The first four come one after another, then the client's work alongside the
    training, then the last."""
    chunk = work.members_a_chunk * work.seconds_a_member + costs.compile_again + costs.overhead
    doubling = max(0, (workers - 1).bit_length())  # workers that have the data hand them on
    keep = costs.keep + costs.keep_more * work.chunks / 2
    received = work.members * (work.weights + costs.result_bytes) / NETWORK_BYTES_A_SECOND
    own = work.chunks * (costs.client_a_chunk + keep) + received
    listening = costs.client_an_event * min(workers, EVENTS_A_SECOND)  # of each second
    return {
        "start": costs.start,
        "plan, here and there": 2 * work.cells * costs.plan_a_cell,
        "data": (1 + doubling) * work.data / NETWORK_BYTES_A_SECOND,
        "begin": costs.begin,
        "train": -(-work.chunks // workers) * chunk,
        "client and scheduler": own / (1 - listening),
        "assemble": work.members * costs.assemble,
    }


def seconds(work: Work, workers: int, costs: Costs) -> float:
    """Wall time."""
    own = parts(work, workers, costs)
    alongside = max(own.pop("train"), own.pop("client and scheduler"))
    return sum(own.values()) + alongside


def checks(found: dict[str, Any], costs: Costs) -> list[tuple[str, float, float]]:
    """What the model says of what was measured too: (what, predicted, measured) seconds."""
    two, many = found["local:2"], _many(found)
    rounds = -(-many["slowly_chunks"] // many["slowly_workers"])
    slept = rounds * (many["slowly_seconds_a_chunk"] + costs.overhead)
    busy = many["slowly_chunks"] * costs.client_a_chunk
    return [
        ("2 workers, a chunk", (two["worker_a_chunk_s"] + costs.overhead) / 2, two["wall_a_chunk_s"]),
        (
            f"{many['slowly_workers']} workers, {many['slowly_chunks']} chunks that sleep",
            max(slept, busy),
            many["slowly_wall_s"],
        ),
    ]


def _many(found: dict[str, Any]) -> dict[str, Any]:
    return next(own for name, own in found.items() if "pretended" in name)


def _number(name: str) -> int:
    return int("".join(re.findall(r"\d", name)))


def main() -> None:
    """Print the tables of docs/scaling.md, and draw it where asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("costs", type=Path)
    parser.add_argument("--picture", type=Path)
    asked = parser.parse_args()
    found = json.loads(asked.costs.read_text())
    costs = Costs.read(found)
    for name, predicted, measured in checks(found, costs):
        print(f"{name}: predicted {predicted:.3g} s, measured {measured:.3g} s")
    works = {members: Work(members) for members in MEMBERS}
    print("\n| workers | " + " | ".join(f"{members:,} members" for members in MEMBERS) + " |")
    print("| --- |" + " --- |" * len(MEMBERS))
    for workers in WORKERS:
        times = [(seconds(work, workers, costs), seconds(work, 1, costs)) for work in works.values()]
        print(f"| {workers} | " + " | ".join(f"{_readable(t)} (x {a / t:.0f})" for t, a in times) + " |")
    _limits(works[MEMBERS[-1]], costs)
    if asked.picture:
        _draw(asked.picture, works, costs)


def _limits(work: Work, costs: Costs) -> None:
    """What a large study asks of single processes."""
    print(f"\n{work.members:,} members, {work.chunks:,} chunks, {WORKERS[-1]} workers:")
    for name, part in parts(work, WORKERS[-1], costs).items():
        print(f"  {name:24} {part:12,.1f} s")
    print(f"  plan in each process     {work.cells * costs.plan_bytes / 2**30:12,.1f} GiB")
    print(f"  results in the client    {work.members * costs.result_bytes / 2**30:12,.1f} GiB")
    print(f"  with weights             {work.members * PARAMETERS * 4 / 2**30:12,.1f} GiB")
    keep = costs.keep + costs.keep_more * work.chunks / 2
    for workers in (10, 100, 1000):
        least = (
            workers
            * (costs.client_a_chunk + keep)
            / (1 - costs.client_an_event * min(workers, EVENTS_A_SECOND))
        )
        print(f"  {workers:4} workers are kept busy by chunks of {least:.1f} s and more")


def _readable(value: float) -> str:
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if value >= 2 * size:
            return f"{value / size:.1f} {unit}"
    return f"{value:.0f} s"


def _draw(path: Path, works: dict[int, Work], costs: Costs) -> None:
    import matplotlib.pyplot as plt

    from shoal.report.style import MARKERS, PALETTE

    figure, axes = plt.subplots(figsize=(6.4, 4.0), layout="constrained")
    axes.plot(WORKERS, WORKERS, color="0.6", linestyle=":", label="as many times as workers")
    for colour, marker, (members, work) in zip(PALETTE, MARKERS, works.items(), strict=False):
        speed = [seconds(work, 1, costs) / seconds(work, workers, costs) for workers in WORKERS]
        axes.plot(WORKERS, speed, marker=marker, markersize=4, color=colour, label=f"{members:,} members")
    axes.set(xscale="log", yscale="log", xlabel="workers", ylabel="times as fast as one worker (predicted)")
    axes.legend(frameon=False)
    figure.savefig(path, dpi=160)
    plt.close(figure)


if __name__ == "__main__":
    main()

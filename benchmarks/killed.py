"""A study on two local workers, one of them killed half way: what is trained again, which bits differ.

python benchmarks/killed.py [STUDY.toml]
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from shoal.api import run
from shoal.cluster.connect import connected
from shoal.population.progress import NullListener
from shoal.runs.read_write import open_run
from shoal.study.load import load_study

TRIALS = 10  # a chunk may be finished before anybody hears that it is half done
SECONDS_A_CHECKPOINT = 0.25


class Killer(NullListener):
    """Kills the worker of the first chunk that is half done, and hears where another goes on."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._done: dict[int, int] = {}
        self.killed: tuple[int, int] | None = None
        self.went_on = 0

    def on_steps(self, chunk: Any, steps: int, values: Any) -> None:
        done = self._done[chunk.index] = self._done.get(chunk.index, 0) + steps
        if self.killed is None and chunk.program.steps // 2 <= done < chunk.program.steps:
            self._kill(chunk.index, done)

    def _kill(self, index: int, done: int) -> None:
        for address, keys in self._client.processing().items():
            if any(re.search(rf"-{index}-\w+$", str(key)) for key in keys):
                process = self._client.run(os.getpid, workers=[address])[address]
                os.kill(process, signal.SIGKILL)
                self.killed = index, done

    def on_note(self, line: str) -> None:
        if found := re.search(r"goes on from step ([\d,]+)", line):
            self.went_on = int(found[1].replace(",", ""))


def arrays_of(folder: Path) -> dict[str, np.ndarray]:
    """Everything that was measured, and all weights."""
    found = open_run(folder)
    results = {f"results/{name}": found.results[name].values for name in found.results.variables}
    return {**results, **{f"weights/{name}": value for name, value in found.weights().items()}}


def differing(one: np.ndarray, other: np.ndarray) -> int:
    """Numbers whose bits differ."""
    if one.dtype != other.dtype or one.shape != other.shape:
        return max(one.size, other.size)
    if one.dtype.kind in "OU":
        return int(np.sum(one != other))
    raw = [np.ascontiguousarray(array).reshape(-1).view(np.uint8) for array in (one, other)]
    return int(np.sum(np.any((raw[0] != raw[1]).reshape(-1, one.dtype.itemsize), axis=1)))


def killed_once(client: Any, study: Any, folder: Path, every: float) -> Killer | None:
    """Run with one worker killed; None where nobody heard of the half in time."""
    watcher = Killer(client)
    run(study, folder, cluster=client, check=False, watcher=watcher, checkpoint_every=every)
    client.wait_for_workers(2, timeout=60)
    return watcher if watcher.killed else None


def measure(path: Path) -> list[dict[str, Any]]:
    """With checkpoints in the folder and without any."""
    rows = []
    with tempfile.TemporaryDirectory() as parent, connected("local:2") as cluster:
        study, alone = load_study(path), Path(parent) / "alone"
        run(study, alone, check=False)
        expected = arrays_of(alone)
        for name, every in (("every 0.25 s", SECONDS_A_CHECKPOINT), ("none", float("inf"))):
            for trial in range(TRIALS):
                folder = Path(parent) / f"{name}-{trial}"
                if watcher := killed_once(cluster.client, study, folder, every):
                    break
            else:
                raise SystemExit(f"{path}: no chunk was heard to be half done; it is too short.")
            found = arrays_of(folder)
            assert watcher.killed is not None
            assert set(found) == set(expected)
            index, done = watcher.killed
            rows.append(
                {
                    "checkpoints": name,
                    "killed chunk": index + 1,
                    "known to be at step": done,
                    "went on from step": watcher.went_on,
                    "arrays": len(expected),
                    "numbers": sum(array.size for array in expected.values()),
                    "numbers whose bits differ": sum(differing(found[k], expected[k]) for k in expected),
                }
            )
    return rows


def main() -> None:
    """Print the table of docs/scaling.md."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    quickstart = Path(__file__).parent.parent / "studies" / "quickstart.toml"
    parser.add_argument("study", type=Path, nargs="?", default=quickstart)
    rows = measure(parser.parse_args().study)
    print("| " + " | ".join(rows[0]) + " |\n|" + " --- |" * len(rows[0]))
    for row in rows:
        print("| " + " | ".join(f"{v:,}" if isinstance(v, int) else v for v in row.values()) + " |")


if __name__ == "__main__":
    main()

"""Kill a run at random moments, go on with it, and compare every array with a run that nobody killed.

    python benchmarks/kills.py --kills 200 --stops 20

Each trial is a process that is killed (SIGKILL), or stopped by SIGTERM, as clusters send it, or by Ctrl-C,
and then again and again while it is resumed, as often as `--again` has it on average; the last process is
left to end. One moment in five is drawn uniformly from the whole time that a run takes, the others from that
after its first step, early ones likelier: a run that goes on has less to do. The run that they are compared
with is an ordinary one.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import warnings
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

from kills_process import STOPS, prepare, start
from shoal.runs.read_write import open_run

PER_EPOCH = {0: 20, 1: 14}  # steps, of the team that begins with this chunk
MOMENTS = (
    "before anything was written",
    "before the first checkpoint",
    "in training, in the middle of an epoch",
    "in training, at the end of an epoch",
    "between two chunks",
    "after the last chunk",
    "after the end",
)


@dataclass(frozen=True)
class Kill:
    """One signal: so many seconds after the start, or after the first step; and what it hit."""

    signal: str
    seconds: float
    training: bool
    moment: str
    writing: bool


def main() -> None:
    """Print the table; exit with 1 where one bit differs."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--kills", type=int, default=200)
    options.add_argument("--stops", type=int, default=20, help="by SIGTERM and Ctrl-C, among the kills")
    options.add_argument("--again", type=float, default=4.0, help="kills of one run, on average")
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--json", type=Path, help="write what was found as JSON")
    chosen = options.parse_args()
    warnings.filterwarnings("ignore", message=".*fork.*")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SHOAL_CACHE_DIR"] = f"{folder}/cache"
        found = measure(Path(folder), chosen.kills, chosen.stops, chosen.again, random.Random(chosen.seed))
    if chosen.json:
        chosen.json.write_text(json.dumps(found, indent=1) + "\n")
    print(table(found))
    sys.exit(found["differing"] > 0)


def measure(place: Path, kills: int, stops: int, again: float, draw: random.Random) -> dict:
    """So many kills and stops, in trials of their own folders."""
    prepare(place)
    start(place / "warm").end()
    began = time.monotonic()
    child = start(place / "timed")
    child.wait_for_step()
    first = time.monotonic() - began
    child.end()
    whole = time.monotonic() - began
    todo = [signal.SIGKILL] * kills + [STOPS[i % 2] for i in range(stops)]
    draw.shuffle(todo)
    seen: list[Kill] = []
    resumed, differing, trials = Counter(), 0, 0
    while todo:
        trials += 1
        run = place / f"trial-{trials}"
        while todo:
            number = todo.pop()
            if draw.random() < 0.2:
                seen.append(kill_once(run, number, draw.uniform(0, whole), training=False))
            else:
                share = min(draw.random(), draw.random())
                seen.append(kill_once(run, number, share * (whole - first), training=True))
            if seen[-1].moment == MOMENTS[6] or draw.random() < 1 / again:
                break
        start(run).end()
        resumed += Counter(ways(run))
        differing += differences(run, place / "whole")
        shutil.rmtree(run)
    return {
        "kills": [asdict(kill) for kill in seen],
        "runs": trials,
        "seconds_of_a_run": round(whole, 2),
        "resumed": resumed,
        "arrays": count_arrays(place / "whole"),
        "differing": differing,
    }


def kill_once(run: Path, number: signal.Signals, seconds: float, training: bool) -> Kill:
    """Start, or go on, and send the signal after so many seconds, of training where that is asked for."""
    child = start(run)
    if training:
        child.wait_for_step()
    time.sleep(seconds)
    child.kill(number)
    parts = [*run.glob(".*.part"), *run.glob("*/.*.part")]
    entries = json.loads((run / "manifest.json").read_text()) if (run / "manifest.json").exists() else {}
    between = any(isinstance(entry, list) for entry in entries.values())
    return Kill(number.name, round(seconds, 3), training, moment(run, set(entries)), bool(parts) or between)


def moment(run: Path, entries: set[str]) -> str:
    """How far the run was when it was killed."""
    if "run.json" not in entries:
        return MOMENTS[6] if "results.nc" in entries else MOMENTS[0]
    chunks = sorted(name for name in entries if name.startswith("chunks/"))
    checkpoints = sorted(name for name in entries if name.startswith("checkpoints/"))
    if checkpoints:
        first, step = (int(part) for part in Path(checkpoints[-1]).stem.split("-"))
        return MOMENTS[3] if step % PER_EPOCH[first] == 0 else MOMENTS[2]
    planned = len(json.loads((run / "run.json").read_text())["plan"]["chunks"])
    return MOMENTS[5] if len(chunks) == planned else MOMENTS[4] if chunks else MOMENTS[1]


def ways(run: Path) -> list[str]:
    """How each process that got so far took the run up, from the log."""
    found: list[str] = []
    for line in (run / "log.jsonl").read_text().splitlines():
        told = json.loads(line)
        if told["event"] == "started":
            found.append("from finished chunks" if told["kept"] else "from the beginning")
        if told["event"] == "restored":
            found[-1] = "from a checkpoint"
    return found[1:]


def differences(run: Path, whole: Path) -> int:
    """How many arrays differ in a bit, or are missing."""
    one, other = open_run(run), open_run(whole)
    a = {name: value.values for name, value in one.results.variables.items()} | one.weights()
    b = {name: value.values for name, value in other.results.variables.items()} | other.weights()
    assert names(run) == names(whole), names(run)
    return sum(
        name not in a
        or name not in b
        or a[name].dtype != b[name].dtype
        or a[name].tobytes() != b[name].tobytes()
        for name in {*a, *b}
    )


def names(run: Path) -> set[str]:
    """The files of a run, and the folders in it; the lock of a process that was killed may stand there."""
    return {path.name for path in run.iterdir()} - {".lock"}


def count_arrays(run: Path) -> int:
    """Arrays that are compared after each trial."""
    found = open_run(run)
    return len(found.results.variables) + len(found.weights())


def table(found: dict) -> str:
    """The kills by moment, how the runs were taken up, and what differs."""
    kills = [Kill(**one) for one in found["kills"]]
    rows = [
        "| the moment | SIGKILL | of these while a file was written | SIGTERM | Ctrl-C |",
        "|---|---:|---:|---:|---:|",
        *(row(name, [kill for kill in kills if kill.moment == name]) for name in MOMENTS),
        row("all", kills),
    ]
    taken_up = ", ".join(f"{count} {how}" for how, count in sorted(found["resumed"].items()))
    return "\n".join(
        [
            *rows,
            "",
            f"{found['runs']} runs of {found['seconds_of_a_run']} s; taken up {taken_up}; "
            f"{found['arrays']} arrays of each compared bit by bit: {found['differing']} differ.",
        ]
    )


def row(name: str, kills: list[Kill]) -> str:
    """A line of the table."""
    count = Counter(kill.signal for kill in kills)
    writing = sum(kill.writing for kill in kills if kill.signal == "SIGKILL")
    return f"| {name} | {count['SIGKILL']} | {writing} | {count['SIGTERM']} | {count['SIGINT']} |"


if __name__ == "__main__":
    main()

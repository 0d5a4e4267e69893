"""Kill every kind of long command at random moments, go on with it, and compare with one that nobody killed.

    python benchmarks/kills_by_kind.py --kills 12
    python benchmarks/kills_by_kind.py --kind halving --kills 30 --seed 1

Unlike kills.py these are whole commands, started as a user starts them. One in six is ended before it has
written a file, the others by SIGKILL, SIGTERM or Ctrl-C at a moment between the first file and the results.
One in three processes that go on is killed again. Then every array of results, searches and weights is
compared bit by bit. A learning-rate range test keeps nothing on its way: it is begun again in another folder.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr
from safetensors.numpy import load_file

COMMAND = [sys.executable, "-P", "-c", "from shoal.cli.main import main; main()"]
SIGNALS = (signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
HEAD = """question = "Does a command that was killed end with the same bits?"
[data]
name = "digits"
train = 600
validation = 100
test = 100
[network]
hidden = [8]
"""
STEPS = (
    HEAD
    + """[training]
steps = 20000
learning_rate = 0.01
batch_size = 30
optimizer = "adam"
[record]
weights = "all"
"""
)
PLAIN = STEPS + '[vary]\n"training.l2" = [0.0, 1e-3]\n"network.hidden" = [[8], [5, 5]]\nseed = 2\n'
SEARCH = '[vary]\nseed = 2\n[search]\nover."training.l2" = { log = [1e-4, 1e-1] }\n'
FULL = '[training]\noptimizer = "l-bfgs"\niterations = 400\n[record]\nweights = "all"\n'
FULL += '[vary]\n"training.l2" = [1e-3, 1e-2, 1e-1]\nseed = 3\n'


@dataclass(frozen=True)
class Kind:
    """A study, and the words of the command before and after it."""

    study: str
    words: tuple[str, ...]
    resume: tuple[str, ...] = ("--resume",)


RUN = ("run", "study.toml", "--no-check", "--checkpoint-every", "0.5", "--out", "out")
KINDS = {
    "plain": Kind(PLAIN, RUN),
    "search": Kind(
        STEPS.replace("20000", "8000") + SEARCH + 'strategy = "zoom"\nlevels = 4\nrounds = 3\n',
        RUN,
    ),
    "halving": Kind(STEPS + SEARCH + 'strategy = "halving"\ntrials = 8\nrungs = 3\n', RUN),
    "full-batch": Kind(HEAD + FULL, RUN),
    "cluster": Kind(PLAIN, (*RUN, "--cluster", "local:2")),
    "lr-range": Kind(
        STEPS.replace("steps = 20000", "epochs = 20"),
        ("lr-range", "study.toml", "--steps", "4000", "--seeds", "2", "--out", "out"),
        (),
    ),
    "reproduce": Kind("", ("reproduce", "--quick", "--data", "digits", "002", "--out", "out"), ()),
}


def main() -> None:
    """Print a line for each kind; exit with 1 where one bit differs."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--kind", choices=KINDS, action="append", help="may be given several times")
    options.add_argument("--kills", type=int, default=12, help="of each kind")
    options.add_argument("--seed", type=int, default=0)
    chosen = options.parse_args()
    rows, wrong = [], 0
    for name in chosen.kind or KINDS:
        with tempfile.TemporaryDirectory() as place:
            row, differing = measure(name, Path(place), chosen.kills, random.Random(f"{name} {chosen.seed}"))
        rows.append(row)
        wrong += differing
        print(row, file=sys.stderr, flush=True)
    columns = ("kind", "SIGKILL", "SIGTERM", "Ctrl-C", "before a file", "on the way", "after the end")
    print("| " + " | ".join((*columns, "arrays", "differing")) + " |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|---:|")
    print("\n".join(rows))
    sys.exit(wrong > 0)


def measure(name: str, place: Path, kills: int, draw: random.Random) -> tuple[str, int]:
    """So many kills of commands of one kind: a line of the table, and how many arrays differ."""
    kind = KINDS[name]
    begin(kind, place, "warm").wait()  # compiles
    began = time.monotonic()
    child = begin(kind, place, "whole")
    first = until_written(child, place / "whole") - began
    require(child.wait() == 0, child, "an undisturbed command", place / "whole")
    whole = arrays_of(place / "whole" / "out")
    span = last_written(place / "whole") - first_written(place / "whole")
    count: Counter[str] = Counter()
    differing, trial = 0, 0
    while count["kills"] < kills:
        trial += 1
        folder = f"trial-{trial}"
        again = False
        while True:
            count["kills"] += 1
            number = draw.choice(SIGNALS)
            count[number.name] += 1
            early = draw.random() < 1 / 6
            seconds = draw.uniform(0, first) if early else draw.uniform(0, span)
            count[kill_once(kind, place, folder, number, seconds, early, again)] += 1
            again = True
            if count["kills"] >= kills or draw.random() > 1 / 3:
                break
        child = begin(kind, place, folder, again=True)
        require(child.wait() == 0, child, "a command that went on", place / folder)
        found = arrays_of(place / folder / "out", lr_range=name == "lr-range")
        differing += sum(not same(found.get(key), whole.get(key)) for key in {*found, *whole})
    cells = [
        *(count[one] for one in ("SIGKILL", "SIGTERM", "SIGINT")),
        *(count[one] for one in ("before", "on the way", "after")),
        len(whole),
        differing,
    ]
    return f"| {name} | " + " | ".join(f"{cell}" for cell in cells) + " |", differing


def begin(kind: Kind, place: Path, folder: str, again: bool = False) -> subprocess.Popen[bytes]:
    """The command, in a folder of its own."""
    own = place / folder
    own.mkdir(exist_ok=True)
    (own / "study.toml").write_text(kind.study)
    words = list(kind.words)
    if again and kind.words[0] == "lr-range":
        words[words.index("out")] = "out-again"
    said = (own / "said.txt").open("wb")
    return subprocess.Popen(
        [*COMMAND, *words, *(kind.resume if again else ())],
        cwd=own,
        env={**os.environ, "SHOAL_CACHE_DIR": str(place / "cache")},
        stdout=said,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def until_written(child: subprocess.Popen[bytes], own: Path) -> float:
    """When the command has written something."""
    before = last_written(own)
    while child.poll() is None and last_written(own) <= before:
        time.sleep(0.02)
    return time.monotonic()


def last_written(own: Path) -> float:
    """When a file of the command's was last written; 0 where there is none."""
    return max(times(own), default=0.0)


def first_written(own: Path) -> float:
    """When the first one was."""
    return min(times(own), default=0.0)


def times(own: Path) -> list[float]:
    """When each file was written, of those that are still there."""
    found = []
    for file in own.glob("out*/**/*"):
        with suppress(FileNotFoundError):
            found.append(file.stat().st_mtime)
    return found


def kill_once(
    kind: Kind, place: Path, folder: str, number: signal.Signals, seconds: float, early: bool, again: bool
) -> str:
    """Send the signal so many seconds after the start or after the first file; what it hit."""
    child = begin(kind, place, folder, again)
    if not early:
        until_written(child, place / folder)
    try:
        code = child.wait(seconds)
    except subprocess.TimeoutExpired:
        child.send_signal(number)
        code = child.wait(120)
        require(code in {-number, 128 + number, 0}, child, f"after {number.name} a command", place / folder)
        require(
            not outlived(child.pid), child, "processes are left that a command started; it", place / folder
        )
        return "after" if code == 0 else "before" if early else "on the way"
    require(code == 0, child, "a command", place / folder)
    return "after"


def outlived(group: int) -> bool:
    """Whether a process of this group, a worker, is still there after half a minute."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return False
        time.sleep(0.2)
    os.killpg(group, signal.SIGKILL)
    return True


def require(fine: bool, child: subprocess.Popen[bytes], what: str, own: Path) -> None:
    """Stop where a command ended as it must not."""
    if not fine:
        raise SystemExit(f"{what} ended with {child.returncode}:\n{(own / 'said.txt').read_text()[-2000:]}")


def arrays_of(out: Path, lr_range: bool = False) -> dict[str, np.ndarray]:
    """Everything that was measured, and all weights, by file and name."""
    if lr_range and (out.parent / "out-again").exists():
        out = out.parent / "out-again"
    found = {}
    for file in sorted(out.rglob("*.nc")):
        with xr.open_dataset(file, engine="h5netcdf") as stored:
            for name, variable in stored.variables.items():
                if "seconds" not in str(name):
                    found[f"{file.relative_to(out)}/{name}"] = variable.values
    for file in sorted(out.rglob("*.safetensors")):
        found |= {f"{file.relative_to(out)}/{name}": value for name, value in load_file(file).items()}
    return found


def same(one: np.ndarray | None, other: np.ndarray | None) -> bool:
    """Whether two arrays have the same bits."""
    if one is None or other is None or one.dtype != other.dtype or one.shape != other.shape:
        return False
    return bool((one == other).all()) if one.dtype.kind in "OU" else one.tobytes() == other.tobytes()


if __name__ == "__main__":
    main()

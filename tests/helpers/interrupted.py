"""Runs that are interrupted, damaged, taken up again and compared, bit by bit."""

from __future__ import annotations

import shoal
from shoal.population.progress import NullListener
from small_studies import blobs, raw_study

COMPLETE = ["log.jsonl", "manifest.json", "results.nc", "study.toml", "weights.safetensors"]
NARROW = 1.0  # bytes: each member is a chunk of its own
RAW = raw_study(
    network={"hidden": [3], "batch_norm": True},
    training={"steps": 12, "learning_rate": 0.05, "optimizer": "adam"},
    vary={"training.l2": [0.0, 0.1], "seed": 1},
)


class Watching(NullListener):
    """Presses Ctrl-C when a chunk has started, and writes down what it hears."""

    def __init__(self, stop_at=None):
        self.stop_at, self.started, self.again, self.lines = stop_at, [], [], []

    def chunk_started(self, chunk):
        self.started.append(chunk.index)
        if chunk.index == self.stop_at:
            raise KeyboardInterrupt

    def resumed(self, chunk, steps):
        self.again.append((chunk.index, steps))

    def on_note(self, line):
        self.lines.append(line)


def resume(study, folder, watcher=None, **changes):
    options = {"dataset": blobs(), "check": False, "memory": NARROW, "resume": True, **changes}
    return shoal.run(study, folder, watcher=watcher or Watching(), **options)


def same_bits(one, other):
    """Every array of two runs, and what their attributes say but for the time taken."""
    assert one.results.sizes == other.results.sizes
    for name in one.results.variables:
        a, b = one.results[name].values, other.results[name].values
        assert a.dtype == b.dtype
        assert a.tobytes() == b.tobytes() if a.dtype != object else (a == b).all(), name
    for name in {*one.results.attrs, *other.results.attrs} - {"seconds_total", "seconds_compile"}:
        assert one.results.attrs[name] == other.results.attrs[name], name
    a, b = one.weights(), other.weights()
    assert a.keys() == b.keys()
    assert all(a[name].tobytes() == b[name].tobytes() and a[name].dtype == b[name].dtype for name in a)


def files(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "log.jsonl"
    }


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def flip(file, place=0.5):
    content = bytearray(file.read_bytes())
    content[int(place * (len(content) - 1))] ^= 1
    file.write_bytes(content)


def truncate(file):
    file.write_bytes(file.read_bytes()[:-7])


def empty(file):
    file.write_bytes(b"")


class Press(Watching):
    """Presses Ctrl-C when so many steps of some chunk are done, counting from the beginning of the run."""

    def __init__(self, after):
        super().__init__()
        self.after, self.done = after, 0

    def resumed(self, chunk, steps):
        super().resumed(chunk, steps)
        self.done += steps

    def on_steps(self, chunk, steps, values):
        self.done += steps
        if self.done >= self.after:
            self.after = float("inf")
            raise KeyboardInterrupt

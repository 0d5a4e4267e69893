"""A study that is worth a cluster, and who follows it there."""

import xarray as xr

from shoal.population.progress import NullListener
from small_studies import blobs, raw_study

# wide enough that XLA splits its products among threads, long enough to be interrupted; two chunks
RAW = raw_study(
    data={"train": 400, "validation": 100, "test": 100},
    network={"hidden": [400]},
    training={"steps": 300, "batch_size": 100, "learning_rate": 0.02},
    record={"points": 12},
    vary={"network.batch_norm": [False, True], "seed": 2},
)
DATA = blobs(600, features=20)


class Follower(NullListener):
    """Writes down what it is told, and does something when a chunk begins, at its steps or at its end."""

    def __init__(self, at_start=lambda: None, at_steps=lambda: None, at_end=lambda: None):
        self.steps, self.again, self.lines, self.ended = {}, {}, [], []
        self._at_start, self._at_steps, self._at_end = at_start, at_steps, at_end

    def chunk_started(self, chunk):
        self._at_start()

    def on_steps(self, chunk, steps, values):
        self.steps[chunk.index] = self.steps.get(chunk.index, 0) + steps
        if steps:
            self._at_steps()

    def chunk_finished(self, chunk, seconds, seconds_compile):
        self.ended.append(chunk.index)
        self._at_end()

    def resumed(self, chunk, steps):
        self.again[chunk.index] = steps

    def on_note(self, line):
        self.lines.append(line)


def once(action):
    """A function that acts at its first call only."""
    left = [action]
    return lambda: left.pop()() if left else None


def assert_same_bits(result, expected):
    assert set(result.data_vars) == set(expected.data_vars)
    xr.testing.assert_identical(result.drop_attrs(), expected.drop_attrs())

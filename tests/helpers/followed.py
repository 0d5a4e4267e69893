"""A study of two chunks, and a watcher that follows a run of it."""

from shoal.population.progress import NullListener
from small_studies import raw_study

# batch norm on or off makes two programs, and so two chunks; they train one after the other, since a last
# batch of one example is merged into its neighbour in front of batch norm only
RAW = raw_study(
    question="Does it run?",
    data={"train": 31},
    training={"steps": 30, "learning_rate": 0.05, "optimizer": "adamw"},
    vary={"training.l2": [0.0, 0.1], "network.batch_norm": [False, True], "seed": 2},
)


class Follower(NullListener):
    """Writes down what it is told, and lets a fault in at a chosen moment."""

    def __init__(self, fault=lambda event, chunk: None):
        self.events: list[tuple] = []
        self.fault = fault

    def _note(self, event, chunk, *values):
        self.events.append((event, chunk and chunk.index, *values))
        self.fault(event, chunk and chunk.index)

    def planned(self, plan):
        self._note("planned", None)

    def chunk_started(self, chunk):
        self._note("started", chunk)

    def on_steps(self, chunk, steps, values):
        self._note("advanced", chunk, steps, sorted(values))

    def chunk_finished(self, chunk, seconds, seconds_compile):
        assert 0 < seconds_compile < seconds
        self._note("finished", chunk)

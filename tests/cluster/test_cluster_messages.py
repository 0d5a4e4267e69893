"""What a worker tells of a unit, how often, and when it gives up."""

from types import SimpleNamespace

import numpy as np
import pytest

from shoal.cluster import messages
from shoal.cluster.messages import EventSender, from_plain, pause_of, to_plain

CHUNK = SimpleNamespace(index=3)


@pytest.fixture
def worker(monkeypatch):
    """A worker that trains one unit and writes down what it tells."""
    task = SimpleNamespace(state="executing")
    status = SimpleNamespace(name="running")
    found = SimpleNamespace(
        told=[],
        name="local-0",
        address="tcp://127.0.0.1:1",
        status=status,
        task=task,
        state=SimpleNamespace(tasks={"key": task}),
        get_current_task=lambda: "key",
        log_event=lambda topic, event: found.told.append(event),
    )
    monkeypatch.setattr(messages, "distributed", lambda: SimpleNamespace(get_worker=lambda: found))
    return found


def test_the_first_steps_are_told_at_once_and_others_after_a_pause(worker):
    teller = EventSender("topic", pause=60.0)
    teller.chunk_started(CHUNK)
    for steps in (0, 1, 2, 4):
        teller.on_steps(CHUNK, steps, {})
    teller.chunk_finished(CHUNK, 1.0, 0.5)
    assert [event.get("steps") for event in worker.told] == [None, 1, 7]


@pytest.mark.parametrize("gone", ["cancelled", "forgotten", "no scheduler"])
def test_a_unit_that_nobody_wants_is_interrupted(worker, gone):
    teller = EventSender("topic", pause=1.0)
    teller.chunk_started(CHUNK)
    teller.on_steps(CHUNK, 1, {})
    if gone == "cancelled":
        worker.task.state = "cancelled"
    elif gone == "forgotten":
        worker.state.tasks.clear()
    else:
        worker.status.name = "closing"
    with pytest.raises(KeyboardInterrupt):
        teller.on_steps(CHUNK, 1, {})


def test_a_thousand_workers_tell_a_hundred_times_a_second_in_all():
    assert pause_of(1) == pause_of(100) == 1.0
    assert 1000 / pause_of(1000) == 100


def test_arrays_travel_with_their_bits():
    values = {"loss": np.array([[np.nan, 1e-45], [-0.0, np.inf]], np.float32), "step": np.arange(3)}
    found = from_plain(to_plain(values))
    for name, value in values.items():
        assert found[name].dtype == value.dtype
        assert found[name].shape == value.shape
        assert found[name].tobytes() == value.tobytes()

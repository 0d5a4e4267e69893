"""How a run is followed on the terminal."""

from types import SimpleNamespace

import numpy as np
import pytest

from shoal.cli.progress import LineProgress, ProgressCounts, watcher

LABELS = ["l2=0", "l2=1"]
PROGRAM = SimpleNamespace(
    cells=[SimpleNamespace(label=label) for label in LABELS], steps=50, length="50 steps"
)
CHUNK = SimpleNamespace(index=0, program=PROGRAM, cells=(0, 1), seeds=(0, 1, 2), members=6)
PLAN = SimpleNamespace(
    network_steps=600, study=SimpleNamespace(member_count=12), chunks=[CHUNK, CHUNK], counts="12 members"
)
ROWS = np.array([[0.1, 0.4], [0.2, 0.5], [0.3, 0.9]])  # seeds x cells


@pytest.fixture
def clock(monkeypatch):
    """Time stands still until it is told to go on."""
    now = SimpleNamespace(seconds=100.0)
    monkeypatch.setattr("time.monotonic", lambda: now.seconds)
    return now


def test_steps_of_all_members_are_counted_and_the_rest_of_the_time_follows(clock):
    tally = ProgressCounts()
    tally.plan(PLAN)
    assert tally.seconds_left is None
    clock.seconds += 5
    tally.advance(CHUNK, 25, {})
    assert tally.done == 150
    assert tally.rate == 30
    assert tally.seconds_left == 15


@pytest.mark.parametrize("shared_order", [False, True], ids=["rows of seeds", "one shared order"])
def test_the_best_cell_so_far_is_that_with_the_highest_mean_over_its_seeds(clock, shared_order):
    values = ROWS.T.reshape(1, 6) if shared_order else ROWS
    tally = ProgressCounts()
    assert tally.best_text == ""
    tally.advance(CHUNK, 1, {"validation_accuracy": values, "train_accuracy": 1 - values})
    assert tally.best_text == "best 0.6000 (l2=1)"
    tally.advance(CHUNK, 1, {"train_accuracy": values / 2})
    assert tally.best_text == "best 0.6000 (l2=1)"
    tally.advance(CHUNK, 1, {"train_accuracy": 1 - values})
    assert tally.best_text == "best 0.8000 (l2=0)"


def test_without_a_terminal_there_is_a_line_at_the_start_now_and_then_and_after_each_chunk(clock, capsys):
    with watcher() as lines:
        assert isinstance(lines, LineProgress)
        lines.planned(PLAN)
        lines.chunk_started(CHUNK)
        lines.on_steps(CHUNK, 10, {})
        clock.seconds += 20
        lines.on_steps(CHUNK, 40, {"validation_accuracy": ROWS})
        lines.chunk_finished(CHUNK, 20.0, 4.5)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "12 members",
        "chunk 1/2: 6 members, 50 steps",
        "   50%, 15 network-steps/s, 20 s left, best 0.6000 (l2=1)",
        "  20.0 s, 4.5 s of it compiling; best 0.6000 (l2=1)",
    ]


def test_on_a_terminal_there_is_a_bar_with_the_same_facts(clock, monkeypatch):
    from shoal.cli.progress import Bar

    updates = {}
    progress = SimpleNamespace(
        add_task=lambda description, **fields: updates.update(fields) or 0,
        update=lambda task, **fields: updates.update(fields),
        refresh=lambda: None,
    )
    bar = Bar(progress)
    bar.planned(PLAN)
    bar.chunk_started(CHUNK)
    assert updates["description"] == "chunk 1/2: compiling"
    clock.seconds += 10
    bar.on_steps(CHUNK, 50, {"validation_accuracy": ROWS})
    bar.chunk_finished(CHUNK, 10.0, 2.0)
    assert updates["completed"] == 300
    assert updates["total"] == 600
    assert updates["members"] == 12
    assert updates["speed"] == "30 network-steps/s"
    assert updates["best"] == "best 0.6000 (l2=1)"

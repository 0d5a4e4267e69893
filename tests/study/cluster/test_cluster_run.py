"""A study on a cluster: the same bits as alone, whatever happens to the workers on the way."""

import json
import os
import signal
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import xarray as xr
from small_studies import blobs, raw_study, small_study

import shoal
from shoal.errors import ClusterError, RunError, StudyError
from shoal.study.cluster import play, workers
from shoal.study.load import make_study
from shoal.study.watching import Silence
from shoal.training.schedules import register_scale

# wide enough that XLA splits its products among threads, long enough to be interrupted; two chunks
RAW = raw_study(
    data={"train": 400, "validation": 100, "test": 100},
    network={"hidden": [400]},
    training={"steps": 300, "batch_size": 100, "learning_rate": 0.02},
    record={"points": 12},
    vary={"network.batch_norm": [False, True], "seed": 2},
)
DATA = blobs(600, features=20)


class Follower(Silence):
    """Writes down what it is told, and does something at a chunk's first steps or at its end."""

    def __init__(self, at_steps=lambda: None, at_end=lambda: None):
        self.steps, self.lines, self.ended = {}, [], []
        self._at_steps, self._at_end = at_steps, at_end

    def advanced(self, chunk, steps, values):
        self.steps[chunk.index] = self.steps.get(chunk.index, 0) + steps
        if steps:
            self._at_steps()

    def chunk_finished(self, chunk, seconds, seconds_compile):
        self.ended.append(chunk.index)
        self._at_end()

    def noted(self, line):
        self.lines.append(line)


def once(action):
    """A function that acts at its first call only."""
    left = [action]
    return lambda: left.pop()() if left else None


@pytest.fixture(scope="module")
def alone():
    return shoal.run(make_study(RAW), dataset=DATA, check=False)


def assert_same_bits(result, expected):
    assert set(result.data_vars) == set(expected.data_vars)
    xr.testing.assert_identical(result.drop_attrs(), expected.drop_attrs())


def test_a_study_has_the_same_bits_on_a_cluster_and_alone(client, alone, tmp_path):
    watcher = Follower()
    result = shoal.run(
        make_study(RAW), tmp_path / "run", dataset=DATA, check=False, cluster=client, watcher=watcher
    )
    assert_same_bits(result, alone)
    assert result.attrs["status"] == "complete"
    assert json.loads(result.attrs["cluster"])["workers"] == 2
    assert result.attrs["device"] == alone.attrs["device"]
    assert watcher.steps == {0: 300, 1: 300}
    assert sorted(watcher.ended) == [0, 1]
    weights = shoal.open_run(tmp_path / "run").weights()
    assert len(weights) == 4 * 4 + 2 * 2  # two affine maps of four members, one batch norm of two of them


def test_a_worker_that_is_killed_half_way_changes_no_bit(client, alone):
    processes = client.run(os.getpid)
    kill = partial(os.kill, next(iter(processes.values())), signal.SIGKILL)
    watcher = Follower(at_steps=once(kill))
    result = shoal.run(make_study(RAW), dataset=DATA, check=False, cluster=client, watcher=watcher)
    assert_same_bits(result, alone)
    assert watcher.steps == {0: 300, 1: 300}  # what the killed worker had done is not counted twice
    client.wait_for_workers(2, timeout=30)
    assert client.run(os.getpid) != processes


def test_data_are_sent_where_a_worker_does_not_find_them(client, tmp_path, monkeypatch):
    np.savez(tmp_path / "own.npz", x=DATA.train.inputs, y=DATA.train.labels)
    given = np.random.default_rng(0).integers(0, 40, size=(6, 10))
    np.savez(tmp_path / "order.npz", order=given)
    raw = raw_study(data={"path": "own.npz"}, training={"order": "order.npz"})
    raw["training"] = {
        key: value for key, value in raw["training"].items() if key not in ("steps", "batch_size")
    }
    study = make_study(raw, folder=tmp_path)
    expected = shoal.run(study, check=False)
    assert_same_bits(shoal.run(study, check=False, cluster=client), expected)

    monkeypatch.setattr(play, "order_of", lambda *a: replace(order_of(*a), folder="/nowhere"))
    watcher = Follower()
    assert_same_bits(shoal.run(study, check=False, cluster=client, watcher=watcher), expected)
    assert ["they are sent" in line for line in watcher.lines] == [True]


order_of = play.order_of


def test_full_batch_members_are_trained_on_a_cluster_too(client):
    study = small_study(
        training={
            "optimizer": "l-bfgs",
            "iterations": 5,
            "steps": None,
            "batch_size": None,
            "learning_rate": None,
        },
        vary={"seed": 2},
    )
    expected = shoal.run(study, dataset=blobs(), check=False)
    assert_same_bits(shoal.run(study, dataset=blobs(), check=False, cluster=client), expected)


def test_ctrl_c_keeps_what_is_finished_and_stops_what_is_on_its_way(client, tmp_path):
    def press():
        raise KeyboardInterrupt

    study, folder = small_study(vary={"training.steps": [6, 10_000_000], "seed": 2}), tmp_path / "run"
    given = {"dataset": blobs(), "check": False, "cluster": client}
    result = shoal.run(study, folder, **given, watcher=Follower(at_end=press))
    assert result.attrs["status"] == "interrupted"
    assert result["finished"].values.tolist() == [[True, True], [False, False]]
    assert not any(client.processing().values())
    with pytest.raises(RunError, match="1 of 2 chunks is finished"):
        shoal.run(study, folder, **given)


def test_an_error_of_the_users_making_comes_back_as_it_is_and_is_not_tried_again(client):
    register_scale("known_here_only", lambda cycle: 1.0 / cycle)
    schedule = {"kind": "cyclical", "min": 1e-3, "max": 0.1, "half_cycle": 3, "scale": "known_here_only"}
    study = small_study(training={"schedule": schedule, "learning_rate": None})
    with pytest.raises(StudyError, match="known_here_only"):
        shoal.run(study, dataset=blobs(), check=False, cluster=client)


def test_a_worker_with_another_version_is_named_and_nothing_runs(client, monkeypatch):
    monkeypatch.setattr(workers, "versions", lambda: {"shoal": shoal.__version__, "numpy": "1.0"})
    with pytest.raises(ClusterError, match=r"tcp://.*numpy: 1.0 here, " + np.__version__):
        shoal.run(make_study(RAW), dataset=DATA, cluster=client)


def test_a_unit_that_kills_its_workers_ends_the_run_and_what_is_finished_stays(client, tmp_path):
    scheduler = client.cluster.scheduler
    kept, scheduler.allowed_failures = scheduler.allowed_failures, 0
    processes = client.run(os.getpid)

    def kill():
        for process in processes.values():
            os.kill(process, signal.SIGKILL)

    study, watcher = small_study(training={"steps": 10_000_000}), Follower(at_steps=once(kill))
    try:
        with pytest.raises(ClusterError, match=r"Chunk 0 \(cell the only cell\).* 1 worker died") as told:
            shoal.run(study, tmp_path / "run", dataset=blobs(), cluster=client, watcher=watcher)
    finally:
        scheduler.allowed_failures = kept
    assert told.value.exit_code == 2
    assert "--resume" in told.value.remedy
    client.wait_for_workers(2, timeout=30)

"""A study on a cluster: the same bits as alone, whatever happens to the workers on the way."""

import json
import os
import signal
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

import shoal
from on_clusters import DATA, RAW, Follower, assert_same_bits, once
from shoal.cluster import executor, workers
from shoal.errors import ClusterError, RunError, StudyError
from shoal.study.load import make_study
from shoal.training.schedules import register_scale
from small_studies import blobs, raw_study, small_study


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

    monkeypatch.setattr(
        executor, "task_spec", lambda *a, **told: replace(order_of(*a, **told), folder="/nowhere")
    )
    watcher = Follower()
    assert_same_bits(shoal.run(study, check=False, cluster=client, watcher=watcher), expected)
    assert ["they are sent" in line for line in watcher.lines] == [True]


order_of = executor.task_spec


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

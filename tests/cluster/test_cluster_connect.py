"""Which cluster is meant, and one clear message where it cannot be had."""

import sys

import pytest

from shoal.cluster import connect, local
from shoal.cluster.batch_system import load_batch_system
from shoal.cluster.connect import connected
from shoal.errors import ClusterError


def refused(asked):
    with pytest.raises(ClusterError) as told, connected(asked):
        pass
    assert told.value.exit_code == 2
    return str(told.value)


@pytest.mark.parametrize("asked", ["local:0", "local:two", "local:", "somewhere", "http://host:80"])
def test_what_names_no_cluster_is_refused_with_what_does(asked):
    assert "local:N" in refused(asked)


def test_a_scheduler_that_does_not_answer_is_named(monkeypatch):
    monkeypatch.setattr(connect, "SECONDS_TO_CONNECT", 0.2)
    told = refused("tcp://127.0.0.1:9")
    assert "No Dask scheduler answers at tcp://127.0.0.1:9" in told
    assert "dask scheduler" in told


def test_a_cluster_without_workers_is_not_waited_for_without_end(monkeypatch):
    from distributed import Client, LocalCluster

    monkeypatch.setattr(connect, "SECONDS_FOR_WORKERS", 0.2)
    with (
        LocalCluster(n_workers=0, processes=True, dashboard_address="127.0.0.1:0") as empty,
        Client(empty) as client,
    ):
        assert "no worker" in refused(client)
        assert "no worker" in refused(empty.scheduler_address)


def test_more_workers_than_gpus_are_refused(monkeypatch):
    monkeypatch.setattr(local, "gpus_here", lambda: ["0"])
    told = refused("local:2")
    assert "has 1 GPU." in told
    assert "local:1" in told


def test_gpus_are_those_that_are_visible_and_that_jax_may_use(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: name == "jax_cuda12_plugin")
    monkeypatch.delenv("JAX_PLATFORMS", raising=False)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,3")
    assert local.gpus_here() == ["0", "3"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    assert local.gpus_here() == []
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    monkeypatch.setenv("JAX_PLATFORMS", "cpu")
    assert local.gpus_here() == []


@pytest.mark.parametrize("name", ["distributed", "dask_jobqueue"])
def test_a_missing_package_is_named_with_what_installs_it(monkeypatch, tmp_path, name):
    monkeypatch.setitem(sys.modules, name, None)
    file = tmp_path / "slurm.toml"
    file.write_text('kind = "slurm"\n')
    told = refused(file)
    assert f"needs {name}" in told
    assert "pip install" in told


def test_a_batch_systems_file_lists_all_its_mistakes(tmp_path):
    file = tmp_path / "cluster.toml"
    file.write_text('kind = "slrum"\njob = 2\nwait = -1\n[options]\nqueue = "long"\n')
    with pytest.raises(ClusterError) as told:
        load_batch_system(file)
    assert "3 mistakes" in str(told.value)
    assert "did you mean `jobs`?" in str(told.value)


def test_a_batch_system_that_is_not_there_is_said_to_be_missing(tmp_path):
    pytest.importorskip("dask_jobqueue", reason="pip install dask-jobqueue")
    file = tmp_path / "cluster.toml"
    file.write_text('kind = "slurm"\n[options]\ncores = 1\nmemory = "1GB"\ninterface = "lo"\n')
    assert "slurm" in refused(file)

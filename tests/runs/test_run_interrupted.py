"""A run that Ctrl-C or a device ends keeps every chunk that was finished."""

import json

import numpy as np
import pytest
import xarray as xr

import shoal
from followed import RAW, Follower
from shoal.errors import DeviceError, RunError
from shoal.study.load import make_study
from small_studies import blobs


def interrupted_at(event, chunk):
    """A watcher during whose chosen call the user presses Ctrl-C."""

    def press(now, index):
        if (now, index) == (event, chunk):
            raise KeyboardInterrupt

    return Follower(press)


@pytest.fixture(scope="module")
def study():
    return make_study(RAW)


@pytest.fixture(scope="module")
def whole(study):
    """The result of a run that nothing ends."""
    return shoal.run(study, dataset=blobs(), check=False)


@pytest.mark.parametrize("moment", ["started", "advanced"])
def test_ctrl_c_keeps_the_chunks_that_are_finished(study, whole, tmp_path, moment):
    result = shoal.run(
        study, tmp_path / "run", dataset=blobs(), check=True, watcher=interrupted_at(moment, 1)
    )
    assert result.attrs["status"] == "interrupted"
    assert "gradient_check" not in result.attrs
    assert result["finished"].sel(batch_norm=False).all()
    assert not result["finished"].sel(batch_norm=True).any()
    assert np.isnan(result["train_loss"].sel(batch_norm=True)).all()
    xr.testing.assert_equal(
        result["train_loss"].sel(batch_norm=False), whole["train_loss"].sel(batch_norm=False)
    )
    assert json.loads(result.attrs["best_cell"])["network.batch_norm"] == "false"
    opened = shoal.open_run(tmp_path / "run")
    xr.testing.assert_identical(opened.results, result)
    assert all("batch_norm=false" in name for name in opened.weights())
    log = [json.loads(line)["event"] for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert log == ["started", "chunk", "interrupted", "finished"]


def test_ctrl_c_before_anything_is_finished_keeps_nothing_and_passes_through(study, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        shoal.run(study, tmp_path / "run", dataset=blobs(), watcher=interrupted_at("started", 0))
    kept = sorted(path.name for path in (tmp_path / "run").iterdir() if not path.name.startswith("."))
    assert kept == ["log.jsonl", "manifest.json", "run.json", "study.toml"]
    with pytest.raises(RunError, match="not the folder of a finished run"):
        shoal.open_run(tmp_path / "run")


def test_a_device_that_fails_late_loses_no_finished_chunk(study, tmp_path):
    def fail(now, index):
        if (now, index) == ("started", 1):
            raise DeviceError("The device has no memory.", "Give a smaller --memory.")

    with pytest.raises(DeviceError, match="chunks that were finished are kept"):
        shoal.run(study, tmp_path / "run", dataset=blobs(), check=False, watcher=Follower(fail))
    kept = shoal.open_run(tmp_path / "run").results
    assert kept.attrs["status"] == "interrupted"
    assert kept["finished"].sel(batch_norm=False).all()
    assert not kept["finished"].sel(batch_norm=True).any()


def test_ctrl_c_during_the_gradient_check_keeps_everything_that_was_trained(study, monkeypatch):
    def press(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("shoal.gradients.networks.study_check.check_programs", press)
    result = shoal.run(study, dataset=blobs())
    assert result.attrs["status"] == "interrupted"
    assert result["finished"].all()

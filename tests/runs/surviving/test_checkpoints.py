"""Training goes on from a checkpoint with the same bits, mid-epoch too."""

import json
import time

import numpy as np
import pytest

import shoal
from interrupted import NARROW, Press, Watching, empty, flip, names, resume, same_bits, truncate
from shoal.errors import DeviceError
from shoal.runs.checkpoints import TeamCheckpoints
from shoal.study.load import make_study
from small_studies import blobs, raw_study

# 40 examples in batches of 9: five steps an epoch, the last one of 4 examples
RICH = raw_study(
    network={"hidden": [4], "batch_norm": True, "dropout": 0.2},
    training={
        "steps": 23,
        "batch_size": 9,
        "optimizer": "adam",
        "learning_rate": None,
        "schedule": {"kind": "triangular", "min": 1e-3, "max": 0.1, "half_cycle": 6},
    },
    record={"points": 4},
    vary={"training.l2": [0.0, 0.1], "seed": 2},
)


def changed(**tables):
    raw = {name: dict(table) if isinstance(table, dict) else table for name, table in RICH.items()}
    for name, keys in tables.items():
        raw[name] = {**raw[name], **keys}
    return raw


KINDS = {
    "with health, one order for all seeds": changed(record={"health": True}, training={"shared_order": True}),
    "two widths together, in float64": changed(
        network={"hidden": None, "batch_norm": False},
        training={"precision": "float64", "optimizer": "nesterov"},
        vary={"training.l2": None, "network.hidden": [[3], [5]]},
    ),
    "one cycle of rate and momentum": changed(
        training={
            "optimizer": "momentum",
            "schedule": {"kind": "one_cycle", "max": 0.2, "momentum_low": 0.8, "momentum_high": 0.95},
        }
    ),
}


@pytest.fixture(autouse=True)
def written_at_once(monkeypatch):
    """Checkpoints are written where they are due, not beside the training: the tests know how many."""
    save = TeamCheckpoints.save
    monkeypatch.setattr(TeamCheckpoints, "save", lambda self, now, wait=False: save(self, now, True))


@pytest.fixture(scope="module", params=KINDS.values(), ids=KINDS.keys())
def kind(request, tmp_path_factory):
    """A study, and its run that nothing interrupts."""
    study = make_study(request.param)
    folder = tmp_path_factory.mktemp("whole") / "run"
    shoal.run(study, folder, dataset=blobs(), check=False)
    return study, shoal.open_run(folder)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    study = make_study(RICH)
    folder = tmp_path_factory.mktemp("whole") / "run"
    shoal.run(study, folder, dataset=blobs(), check=False)
    return shoal.open_run(folder)


def stop(study, folder, after, **options):
    """Run until so many steps are done and Ctrl-C is pressed."""
    with pytest.raises(KeyboardInterrupt):
        shoal.run(study, folder, dataset=blobs(), check=False, watcher=Press(after), **options)


def steps_kept(folder):
    return [int(name[5:17]) for name in names(folder / "checkpoints")]


@pytest.mark.parametrize("after", [7, 23])
def test_a_training_stopped_by_ctrl_c_goes_on_from_that_very_step_with_the_same_bits(kind, tmp_path, after):
    study, whole = kind
    stop(study, tmp_path / "run", after)
    (kept,) = steps_kept(tmp_path / "run")
    watcher = Watching()
    resume(study, tmp_path / "run", watcher, memory=None)
    assert [step for _, step in watcher.again] == [kept] * len(watcher.started)
    assert watcher.lines == []
    same_bits(shoal.open_run(tmp_path / "run"), whole)


def test_a_run_may_be_stopped_again_and_again(whole, tmp_path):
    study = make_study(RICH)
    stop(study, tmp_path / "run", 1)
    for after in (5, 11, 18):
        with pytest.raises(KeyboardInterrupt):
            resume(study, tmp_path / "run", Press(after), memory=None)
    resume(study, tmp_path / "run", memory=None)
    same_bits(shoal.open_run(tmp_path / "run"), whole)


def test_two_checkpoints_are_kept_the_newest_and_the_one_before(tmp_path):
    stop(make_study(RICH), tmp_path / "run", 15, checkpoint_every=0)
    steps = steps_kept(tmp_path / "run")
    assert len(steps) == 2
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text())
    assert sorted(name for name in manifest if name.startswith("checkpoints/")) == [
        f"checkpoints/0000-{step:012d}.safetensors" for step in steps
    ]
    log = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in log if line["event"] == "checkpoint"][-2:] == steps


@pytest.mark.parametrize("damage", [flip, truncate, empty, lambda file: file.unlink()])
def test_where_the_newest_checkpoint_is_damaged_the_one_before_is_used_and_said(whole, tmp_path, damage):
    study = make_study(RICH)
    stop(study, tmp_path / "run", 15, checkpoint_every=0)
    before, newest = steps_kept(tmp_path / "run")
    damage(tmp_path / "run" / "checkpoints" / f"0000-{newest:012d}.safetensors")
    watcher = Watching()
    resume(study, tmp_path / "run", watcher, memory=None)
    assert watcher.again == [(0, before)]
    assert [line for line in watcher.lines if f"{newest:012d}.safetensors cannot be used" in line]
    same_bits(shoal.open_run(tmp_path / "run"), whole)


def test_where_both_are_damaged_the_chunk_begins_anew(whole, tmp_path):
    study = make_study(RICH)
    stop(study, tmp_path / "run", 15, checkpoint_every=0)
    for file in (tmp_path / "run" / "checkpoints").iterdir():
        flip(file)
    watcher = Watching()
    resume(study, tmp_path / "run", watcher, memory=None)
    assert watcher.again == []
    same_bits(shoal.open_run(tmp_path / "run"), whole)


def test_a_finished_chunk_needs_no_checkpoints(tmp_path):
    study = make_study(RICH)
    shoal.run(
        study, tmp_path / "run", dataset=blobs(), check=False, memory=NARROW, checkpoint_every=0,
        watcher=Watching(1),
    )  # fmt: skip
    assert names(tmp_path / "run" / "chunks") == ["0000.safetensors"]
    assert names(tmp_path / "run" / "checkpoints") == []


def test_how_often_a_checkpoint_is_written_changes_no_bit(whole, tmp_path):
    study = make_study(RICH)
    shoal.run(study, tmp_path / "run", dataset=blobs(), check=False, checkpoint_every=0)
    same_bits(shoal.open_run(tmp_path / "run"), whole)
    log = (tmp_path / "run" / "log.jsonl").read_text()
    assert log.count('"checkpoint"') > 3


def test_a_clock_that_is_set_back_changes_nothing(whole, tmp_path, monkeypatch):
    """Hours fly backwards, at every look; the run, its checkpoints and its lock ask none of it."""
    study, now = make_study(RICH), [time.time()]

    def earlier():
        now[0] -= 3600
        return now[0]

    monkeypatch.setattr("time.time", earlier)
    stop(study, tmp_path / "run", 15, checkpoint_every=0)
    resume(study, tmp_path / "run", memory=None)
    same_bits(shoal.open_run(tmp_path / "run"), whole)


def test_a_device_that_fails_in_the_middle_loses_no_checkpoint(whole, tmp_path):
    class Full(Press):
        def on_steps(self, chunk, steps, values):
            self.done += steps
            if self.done >= self.after:
                raise DeviceError("The device has no memory.", "Give a smaller --memory.")

    study = make_study(RICH)
    with pytest.raises(DeviceError):
        shoal.run(study, tmp_path / "run", dataset=blobs(), check=False, checkpoint_every=0, watcher=Full(15))
    watcher = Watching()
    resume(study, tmp_path / "run", watcher, memory=None)
    assert watcher.again[0][1] >= 4
    same_bits(shoal.open_run(tmp_path / "run"), whole)


def test_members_that_diverged_are_taken_up_as_they_are(tmp_path):
    raw = raw_study(
        training={"steps": 20, "learning_rate": 0.1},
        vary={"training.learning_rate": [0.1, 1e30], "seed": 2},
    )
    study = make_study(raw)
    whole = shoal.run(study, tmp_path / "whole", dataset=blobs(), check=False)
    assert whole["diverged"].any()
    stop(study, tmp_path / "run", 15)
    result = resume(study, tmp_path / "run", memory=None)
    same_bits(shoal.open_run(tmp_path / "run"), shoal.open_run(tmp_path / "whole"))
    assert np.isnan(result["train_loss"]).any()

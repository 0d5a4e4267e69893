"""An interrupted run is taken up where it stopped and ends as if nothing had happened."""

import json

import numpy as np
import pytest
import xarray as xr

import shoal
from interrupted import (
    COMPLETE,
    NARROW,
    RAW,
    Watching,
    empty,
    files,
    flip,
    names,
    resume,
    same_bits,
    truncate,
)
from shoal.errors import RunError
from shoal.study.load import make_study
from small_studies import blobs, raw_study

FULL_BATCH = raw_study(
    training={
        "steps": None, "batch_size": None, "learning_rate": None, "optimizer": "l-bfgs", "iterations": 6
    },
    vary={"training.l2": [0.0, 0.1], "seed": 2},
)  # fmt: skip


@pytest.fixture
def half(study, tmp_path):
    """A run stopped by Ctrl-C when its first chunk was finished."""
    shoal.run(study, tmp_path / "run", dataset=blobs(), check=False, memory=NARROW, watcher=Watching(1))
    return tmp_path / "run"


def test_a_resumed_run_trains_only_what_is_missing_and_ends_with_the_same_bits(study, whole, half):
    watcher = Watching()
    resume(study, half, watcher)
    assert watcher.started == [1]
    assert watcher.again == [(0, 12)]
    assert watcher.lines == []
    same_bits(shoal.open_run(half), whole)


def test_a_finished_chunk_is_kept_until_everything_is_complete(study, half):
    assert names(half / "chunks") == ["0000.safetensors"]
    manifest = json.loads((half / "manifest.json").read_text())
    assert {"chunks/0000.safetensors", "run.json"} <= manifest.keys()
    resume(study, half)
    assert names(half) == COMPLETE
    assert set(json.loads((half / "manifest.json").read_text())) == {
        "results.nc", "study.toml", "weights.safetensors",
    }  # fmt: skip


def test_full_batch_members_that_ended_are_kept_and_the_others_begin_anew(tmp_path):
    study = make_study(FULL_BATCH)
    shoal.run(study, tmp_path / "whole", dataset=blobs(), check=False)

    class Stop(Watching):
        def chunk_finished(self, chunk, seconds, seconds_compile):
            self.started.append(chunk.index)
            if len(self.started) == 2:
                raise KeyboardInterrupt

        def chunk_started(self, chunk):
            pass

    shoal.run(study, tmp_path / "half", dataset=blobs(), check=False, watcher=Stop())
    kept = len(names(tmp_path / "half" / "chunks"))
    assert kept >= 2
    watcher = Watching()
    resume(study, tmp_path / "half", watcher)
    assert len(watcher.started) == 4 - kept
    same_bits(shoal.open_run(tmp_path / "half"), shoal.open_run(tmp_path / "whole"))


def test_a_finished_run_is_returned_as_it_is_without_its_data(study, half):
    done = resume(study, half)
    before = files(half)
    watcher = Watching()
    again = shoal.run(study, half, data_dir="/nowhere", resume=True, watcher=watcher)
    xr.testing.assert_identical(again, done)
    assert watcher.started == []
    assert files(half) == before


def test_where_there_is_no_run_one_is_begun(study, whole, tmp_path):
    resume(study, tmp_path / "new")
    same_bits(shoal.open_run(tmp_path / "new"), whole)


def test_an_unfinished_run_is_not_begun_again_by_mistake(study, half):
    before = files(half)
    with pytest.raises(RunError, match=r"unfinished run: 1 of 2 chunks is finished\.\n.*--resume"):
        shoal.run(study, half, dataset=blobs(), check=False)
    assert files(half) == before


def test_a_finished_run_is_not_trained_again_by_mistake(study, half):
    resume(study, half)
    with pytest.raises(RunError, match="already holds a run"):
        shoal.run(study, half, dataset=blobs(), check=False)


def test_a_changed_study_is_refused_with_what_has_changed(half):
    before = files(half)
    changed = make_study({**RAW, "training": {**RAW["training"], "learning_rate": 0.06}})
    with pytest.raises(
        RunError, match=r"another study.*\n.*\n(.*\n)*  -learning_rate = 0\.05\n  \+learning_rate = 0\.06"
    ):
        resume(changed, half)
    assert files(half) == before


def test_other_data_are_refused_even_with_force(study, half):
    before = files(half)
    for force in (False, True):
        with pytest.raises(RunError, match="The data are not those with which the run"):
            resume(study, half, dataset=blobs(66), force=force)
    assert files(half) == before


def forge(folder, change):
    """Change what run.json says as if the run had been begun elsewhere, hash and all."""
    from shoal.runs.folder import RunFolder

    told = json.loads((folder / "run.json").read_text())
    change(told)
    with RunFolder(folder, (folder / "study.toml").read_text()) as kept:
        kept.write_text("run.json", json.dumps(told))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda told: told["versions"].update(jax="0.9.9"), r"jax: 0\.9\.9, now "),
        (lambda told: told["versions"].update(shoal="0.0.1"), r"shoal: 0\.0\.1, now "),
        (lambda told: told["device"].update(device="gpu NVIDIA H200"), "device: gpu NVIDIA H200, now cpu"),
        (lambda told: told["device"].update(processor="another"), "processor: another, now "),
        (lambda told: told["plan"]["chunks"].append({}), "plan: 3 chunks, now 2 chunks"),
    ],
    ids=["jax", "shoal", "device", "processor", "plan"],
)
def test_other_versions_another_device_or_plan_want_force_and_the_result_says_so(
    study, whole, half, change, said
):
    forge(half, change)
    with pytest.raises(RunError, match=rf"{said}(.*\n)*.*last digits.*--force"):
        resume(study, half)
    result = resume(study, half, force=True)
    (note,) = json.loads(result.attrs["notes"])
    assert note.startswith("Resumed although something had changed")
    np.testing.assert_array_equal(result["train_loss"], whole.results["train_loss"])


def test_chunks_of_another_plan_are_trained_anew(study, half):
    watcher = Watching()
    result = resume(study, half, watcher, force=True, memory=None)
    assert watcher.started == [0]
    assert [line for line in watcher.lines if "trained anew" in line]
    assert result["finished"].all()


def test_only_a_run_with_a_folder_can_be_resumed(study):
    with pytest.raises(RunError, match="folder"):
        shoal.run(study, dataset=blobs(), resume=True)


# Damage


@pytest.mark.parametrize("damage", [flip, truncate, empty, lambda file: file.unlink()])
def test_a_damaged_chunk_is_found_said_and_trained_anew(study, whole, half, damage):
    damage(half / "chunks" / "0000.safetensors")
    watcher = Watching()
    resume(study, half, watcher)
    assert watcher.started == [0, 1]
    assert [line for line in watcher.lines if "chunks/0000.safetensors is" in line]
    same_bits(shoal.open_run(half), whole)


@pytest.mark.parametrize("damage", [flip, truncate, empty])
def test_a_damaged_study_is_written_again(study, whole, half, damage):
    damage(half / "study.toml")
    watcher = Watching()
    resume(study, half, watcher)
    assert watcher.lines == [f"{half}: study.toml is damaged: it is written again."]
    same_bits(shoal.open_run(half), whole)


@pytest.mark.parametrize("damage", [truncate, empty])
def test_behind_a_damaged_manifest_stands_the_one_before(study, whole, half, damage):
    damage(half / "manifest.json")
    watcher = Watching()
    resume(study, half, watcher)
    assert watcher.lines == [f"{half}: manifest.json is damaged: the one before it is used."]
    same_bits(shoal.open_run(half), whole)


@pytest.mark.parametrize("place", np.linspace(0, 1, 14))
def test_a_flipped_bit_in_the_manifest_never_lets_a_wrong_file_through(study, whole, half, place):
    flip(half / "manifest.json", place)
    try:
        resume(study, half)
    except RunError as error:  # run.json is vouched for no longer: nobody knows what the run was begun with
        if "--force" not in error.remedy:
            raise
        resume(study, half, force=True)
    same_bits(shoal.open_run(half), whole)


@pytest.mark.parametrize("damage", [flip, truncate, lambda file: file.unlink()])
def test_without_knowing_what_a_run_was_begun_with_it_wants_force(study, half, damage):
    damage(half / "run.json")
    with pytest.raises(RunError, match=r"run\.json.* is damaged or gone(.*\n)*.*--force"):
        resume(study, half)
    assert resume(study, half, force=True)["finished"].all()


@pytest.mark.parametrize("name", ["results.nc", "weights.safetensors"])
def test_damaged_results_of_an_interrupted_run_are_made_again_from_its_chunks(study, whole, half, name):
    flip(half / name)
    resume(study, half)
    same_bits(shoal.open_run(half), whole)


def test_damaged_results_of_a_finished_run_are_refused(study, half):
    resume(study, half)
    flip(half / "results.nc")
    with pytest.raises(RunError, match=r"results\.nc is not what was written"):
        resume(study, half)

"""A study from Python: run, followed, kept and read back."""

import json

import jax
import numpy as np
import pytest
import xarray as xr

import shoal
from followed import RAW, Follower
from shoal.errors import DataError, RunError, StudyError
from shoal.study.load import make_study
from shoal.training.runtime import keep_compiled_programs
from small_studies import blobs

MEMBERS = ("l2", "batch_norm", "seed")


@pytest.fixture(scope="module")
def study():
    return make_study(RAW)


@pytest.fixture(scope="module")
def followed(study, tmp_path_factory):
    """A whole run: its folder, its result and what its watcher heard."""
    folder, watcher = tmp_path_factory.mktemp("runs") / "run", Follower()
    result = shoal.run(study, folder, dataset=blobs(), check=False, watcher=watcher)
    return folder, result, watcher


def test_a_run_is_an_array_of_all_members(followed):
    _, result, _ = followed
    assert dict(result.sizes) == {"l2": 2, "batch_norm": 2, "seed": 2, "step": 3, "class": 3, "predicted": 3}
    assert result["finished"].all()
    assert not result["diverged"].any()
    assert result["train_loss"].isel(step=-1).max() < result["train_loss"].isel(step=0).min()
    assert int(result["confusion"].sum()) == 8 * 2  # test examples x seeds
    assert np.isfinite(result["test_accuracy"]).all()


def test_a_result_says_where_it_comes_from(followed):
    _, result, _ = followed
    attributes = result.attrs
    assert all(isinstance(value, (str, int, float)) for value in attributes.values())
    assert attributes["question"] == "Does it run?"
    assert make_study(json.loads(json.dumps(RAW))).text == attributes["study"]
    assert attributes["status"] == "complete"
    assert attributes["shoal_version"] == shoal.__version__
    assert {"python", "jax", "numpy"} <= json.loads(attributes["versions"]).keys()
    assert attributes["device"].startswith(("cpu", "gpu"))
    assert 0 < attributes["seconds_compile"] < attributes["seconds_total"]
    assert json.loads(attributes["plan"])["members"] == 8
    assert json.loads(attributes["data"])["counts"] == {"train": 31, "validation": 12, "test": 8}
    assert json.loads(attributes["data"])["fingerprint"] == blobs().fingerprint
    assert json.loads(attributes["parameters"]) == [39, 47]
    assert json.loads(attributes["notes"]) == []
    assert attributes["train_examples_recorded"] == 31
    assert json.loads(attributes["best_cell"]).keys() == {"training.l2", "network.batch_norm"}
    assert "gradient_check" not in attributes


def test_a_run_folder_reads_back_as_the_result(followed):
    folder, result, _ = followed
    opened = shoal.open_run(folder)
    xr.testing.assert_identical(opened.results, result)
    assert make_study(RAW).text == opened.study_text
    assert not [path.name for path in folder.iterdir() if path.name.startswith(".")]


def test_a_run_keeps_the_final_weights_of_every_member_by_name(followed):
    folder, _, _ = followed
    weights = shoal.open_run(folder).weights()
    names = {name.split("/")[-1] for name in weights if "batch_norm=true" in name}
    assert names == {
        "affine_1.W",
        "affine_1.b",
        "batch_norm_1.gamma",
        "batch_norm_1.beta",
        "affine_2.W",
        "affine_2.b",
    }
    assert weights["l2=0.1, batch_norm=false/seed=1/affine_1.W"].shape == (5, 4)
    assert len(weights) == 4 * 4 + 4 * 6


def test_a_run_logs_its_beginning_its_chunks_and_its_end(followed):
    folder, _, _ = followed
    events = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    assert [event["event"] for event in events] == ["started", "chunk", "chunk", "finished"]
    assert events[-1]["status"] == "complete"


def test_a_watcher_hears_of_the_plan_of_every_chunk_of_every_step_and_of_new_points(followed):
    _, _, watcher = followed
    assert [event for event in watcher.events if event[0] != "advanced"] == [
        ("planned", None), ("started", 0), ("finished", 0), ("started", 1), ("finished", 1),
    ]  # fmt: skip
    for chunk in (0, 1):
        on_steps = [event for event in watcher.events if event[:2] == ("advanced", chunk)]
        assert sum(event[2] for event in on_steps) == 30
        assert sum("validation_accuracy" in event[3] for event in on_steps) == 3  # one for each recorded step


def test_the_same_study_gives_the_same_values_again_without_a_folder(study, followed):
    again = shoal.run(study, dataset=blobs(), check=False)
    xr.testing.assert_equal(again, followed[1])


def test_data_that_were_moved_to_the_device_are_not_taken_for_other_data(study, followed):
    other = shoal.run(
        make_study({**RAW, "data": {**RAW["data"], "split_seed": 1}}), dataset=blobs(), check=False
    )
    assert not np.array_equal(other["train_loss"], followed[1]["train_loss"])


def test_the_weights_of_the_best_cell_alone_or_of_none_may_be_kept(followed, tmp_path):
    best = json.loads(followed[1].attrs["best_cell"])
    for kept in ("best", "none"):
        shoal.run(
            make_study({**RAW, "record": {"points": 2, "weights": kept}}),
            tmp_path / kept,
            dataset=blobs(),
            check=False,
        )
    labels = {name.split("/")[0] for name in shoal.open_run(tmp_path / "best").weights()}
    assert labels == {f"l2={best['training.l2']}, batch_norm={best['network.batch_norm']}"}
    with pytest.raises(RunError, match="has no weights"):
        shoal.open_run(tmp_path / "none").weights()


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"training": {**RAW["training"], "batch_size": 41}}, StudyError),
        ({"data": {"train": 10**6}}, DataError),
    ],
)
def test_a_mistake_leaves_nothing_behind(tmp_path, changes, kind):
    with pytest.raises(kind):
        shoal.run(make_study({**RAW, **changes}), tmp_path / "run", dataset=blobs())
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_another_study_is_refused_before_anything_is_trained(followed):
    watcher = Follower()
    with pytest.raises(RunError, match="holds the run of another study"):
        shoal.run(make_study({**RAW, "question": "Another?"}), followed[0], dataset=blobs(), watcher=watcher)
    assert [event[0] for event in watcher.events] == ["planned"]
    assert shoal.open_run(followed[0]).results.attrs["question"] == "Does it run?"


def test_labels_out_of_range_and_pixels_that_are_not_numbers_are_found_on_the_host(study):
    good = blobs()
    broken = good.train.inputs.copy()
    broken[7, 2] = np.nan
    for part in (
        type(good.train)(good.train.inputs, good.train.labels + 1),
        type(good.train)(broken, good.train.labels),
    ):
        with pytest.raises(DataError, match="blobs, training part"):
            shoal.run(study, dataset=type(good)("blobs", part, None, good.classes), check=False)


def test_a_study_file_is_read_by_its_path(tmp_path):
    (tmp_path / "s.toml").write_text("[training]\nsteps = 2\nlearning_rate = 0.1\n")
    assert shoal.load_study(tmp_path / "s.toml").base.training.steps == 2
    assert isinstance(shoal.load_study(str(tmp_path / "s.toml")), shoal.Study)


def test_a_cache_that_cannot_be_made_is_done_without(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("x")
    monkeypatch.setenv("SHOAL_CACHE_DIR", str(tmp_path / "file"))
    before = jax.config.values["jax_compilation_cache_dir"]
    jax.config.update("jax_compilation_cache_dir", None)
    try:
        keep_compiled_programs()
        assert jax.config.values["jax_compilation_cache_dir"] is None
    finally:
        jax.config.update("jax_compilation_cache_dir", before)

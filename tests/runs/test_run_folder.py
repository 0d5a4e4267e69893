"""A run folder reads back as what was written, and a hash for each file says when it is not."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from shoal.errors import RunError
from shoal.runs.folder import RunFolder
from shoal.runs.read_write import open_run, write_results
from written import RESULTS, TEXT, WEIGHTS, names, write_run


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return write_run(tmp_path / "run")


def test_a_folder_holds_the_study_the_results_the_weights_a_log_and_a_manifest_and_nothing_else(run):
    assert names(run) == ["log.jsonl", "manifest.json", "results.nc", "study.toml", "weights.safetensors"]
    assert (run / "study.toml").read_bytes() == TEXT.encode()


def test_the_manifest_has_the_sha256_of_every_written_file(run):
    manifest = json.loads((run / "manifest.json").read_text())
    assert manifest == {
        name: hashlib.sha256((run / name).read_bytes()).hexdigest()
        for name in ("study.toml", "results.nc", "weights.safetensors")
    }


def test_an_opened_run_is_what_was_written(run):
    opened = open_run(run)
    xr.testing.assert_identical(opened.results, RESULTS)
    assert opened.study_text == TEXT
    assert opened.path == run
    weights = opened.weights()
    assert weights.keys() == WEIGHTS.keys()
    assert all(np.array_equal(weights[name], WEIGHTS[name]) for name in WEIGHTS)
    assert all(weights[name].dtype == WEIGHTS[name].dtype for name in WEIGHTS)
    assert list(opened.weights("l2=1/")) == ["l2=1/seed=0/affine_1.W"]


def test_others_may_read_what_was_written(run):
    assert {oct((run / name).stat().st_mode & 0o777) for name in names(run)} == {"0o644"}


def test_a_run_without_weights_says_how_to_get_them(tmp_path):
    with RunFolder(tmp_path, TEXT) as folder:
        folder.write_text("study.toml", TEXT)
        write_results(folder, RESULTS)
    with pytest.raises(RunError, match=r"has no weights.\n.*\[record\] weights"):
        open_run(tmp_path).weights()


@pytest.mark.parametrize("name", ["study.toml", "results.nc", "weights.safetensors"])
@pytest.mark.parametrize("place", [0, 0.5, 1.0])
def test_one_flipped_bit_in_any_file_is_found(run, name, place):
    content = bytearray((run / name).read_bytes())
    content[int(place * (len(content) - 1))] ^= 1
    (run / name).write_bytes(content)
    with pytest.raises(RunError, match=f"{name} is not what was written"):
        open_run(run)


def test_one_flipped_bit_anywhere_in_the_manifest_is_found(run):
    whole = (run / "manifest.json").read_bytes()
    content = json.loads(whole)
    for place in range(len(whole)):
        damaged = bytearray(whole)
        damaged[place] ^= 1
        (run / "manifest.json").write_bytes(damaged)
        try:
            same = json.loads(damaged) == content  # white space says nothing
        except ValueError:
            same = False
        if not same:
            with pytest.raises(RunError, match=r"damaged|not what was written"):
                open_run(run)


@pytest.mark.parametrize("name", ["study.toml", "weights.safetensors"])
def test_a_file_that_is_gone_is_found(run, name):
    (run / name).unlink()
    with pytest.raises(RunError, match=f"{name} is not what was written"):
        open_run(run)


@pytest.mark.parametrize("content", ["", "[]", "{}", "\x00\xff", '{"results.nc": 3}'])
def test_a_manifest_that_vouches_for_nothing_is_refused(run, content):
    (run / "manifest.json").write_text(content)
    with pytest.raises(RunError, match=r"damaged|not what was written"):
        open_run(run)


@pytest.mark.parametrize("place", ["", "nowhere", "study.toml", "x" * 300])
def test_a_folder_without_a_finished_run_is_refused(tmp_path, place):
    (tmp_path / "study.toml").write_text(TEXT)
    with pytest.raises(RunError, match="is not the folder of a finished run"):
        open_run(tmp_path / place)


@pytest.mark.parametrize("name", ["manifest.json", "results.nc"])
def test_a_file_that_cannot_be_read_is_said_in_one_sentence(run, name):
    (run / name).unlink()
    (run / name).mkdir()
    with pytest.raises(RunError, match="is a folder; a file was expected there"):
        open_run(run)

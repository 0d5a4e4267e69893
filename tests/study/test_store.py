"""A run folder has one writer, whole files, and a hash for each of them."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from shoal.errors import RunError
from shoal.study.store import RunFolder, open_run, write_results, write_weights

TEXT = 'question = "Ü?"\r\n[training]\r\nsteps = 3\r\n'  # as a study file of another system has it
RESULTS = xr.Dataset({"train_loss": ("step", np.arange(3.0))}, attrs={"status": "complete"})
WEIGHTS = {"l2=0/seed=0/affine_1.W": np.eye(2), "l2=1/seed=0/affine_1.W": np.ones((2, 2), np.float32)}


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """The folder of a small finished run."""
    with RunFolder(tmp_path / "run", TEXT) as folder:
        folder.write_text("study.toml", TEXT)
        folder.log("started", pid=1)
        write_results(folder, RESULTS)
        write_weights(folder, WEIGHTS)
    return tmp_path / "run"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


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
    with pytest.raises(RunError, match="cannot be read: Is a directory"):
        open_run(run)


# One writer


def test_a_folder_of_another_study_is_refused_and_left_alone(run):
    before = {path.name: path.read_bytes() for path in run.iterdir()}
    with pytest.raises(RunError, match="holds the run of another study"), RunFolder(run, "[training]"):
        pytest.fail("entered")
    assert {path.name: path.read_bytes() for path in run.iterdir()} == before


def test_the_same_study_may_write_into_its_folder_again(run):
    with RunFolder(run, TEXT) as folder:
        folder.write_text("report.html", "<p>ü</p>\n")
    open_run(run)
    assert (run / "report.html").read_bytes() == "<p>ü</p>\n".encode()


def test_a_folder_with_other_things_in_it_is_refused(tmp_path):
    (tmp_path / "thesis.tex").write_text("x")
    with pytest.raises(RunError, match="is not empty and holds no run"), RunFolder(tmp_path, TEXT):
        pytest.fail("entered")
    assert names(tmp_path) == ["thesis.tex"]


def test_a_file_in_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "run").write_text("x")
    with pytest.raises(RunError, match="is a file; expected a folder"), RunFolder(tmp_path / "run", TEXT):
        pytest.fail("entered")


@pytest.mark.parametrize("name", ["file/run", "x" * 300, "file/a/b"])
def test_a_folder_that_cannot_be_made_is_refused(tmp_path, name):
    (tmp_path / "file").write_text("x")
    with pytest.raises(RunError, match="cannot be written: "), RunFolder(tmp_path / name, TEXT):
        pytest.fail("entered")


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="/proc refuses new folders, also root's")
def test_a_read_only_place_is_refused():
    with (
        pytest.raises(RunError, match=r"/proc/run cannot be written: .*\n.*writable folder"),
        RunFolder("/proc/run", TEXT),
    ):
        pytest.fail("entered")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_refused(tmp_path):
    tmp_path.chmod(0o555)
    try:
        with pytest.raises(RunError, match="cannot be written: Permission denied"), RunFolder(tmp_path, TEXT):
            pytest.fail("entered")
    finally:
        tmp_path.chmod(0o755)


HOLD = """
import sys
from shoal.study.store import RunFolder
with RunFolder(sys.argv[1], sys.argv[2]) as folder:
    print("held", flush=True)
    sys.stdin.readline()
"""


def test_a_folder_that_another_process_writes_is_refused_until_it_is_done(tmp_path):
    command = [sys.executable, "-c", HOLD, str(tmp_path / "run"), TEXT]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        try:
            assert other.stdout is not None
            assert other.stdout.readline() == "held\n"
            with (
                pytest.raises(
                    RunError,
                    match=rf"is being written by another process: process {other.pid} on \S+, since 20",
                ),
                RunFolder(tmp_path / "run", TEXT),
            ):
                pytest.fail("entered")
        finally:
            other.communicate("done\n", timeout=30)
    with RunFolder(tmp_path / "run", TEXT):
        assert (tmp_path / "run" / ".lock").exists()
    assert not (tmp_path / "run" / ".lock").exists()


# Whole files


@pytest.mark.parametrize(
    "broken", [OSError(28, "No space left on device"), ValueError("x"), KeyboardInterrupt()], ids=repr
)
def test_a_file_that_cannot_be_finished_leaves_the_old_one_and_no_part_of_the_new(run, broken):
    def fill(part: Path) -> None:
        part.write_text("half")
        raise broken

    old = (run / "results.nc").read_bytes()
    expected = RunError if isinstance(broken, OSError) else type(broken)
    with RunFolder(run, TEXT) as folder, pytest.raises(expected):
        folder.write("results.nc", fill)
    assert (run / "results.nc").read_bytes() == old
    assert not [name for name in names(run) if "part" in name or "lock" in name]
    open_run(run)


def test_a_full_disk_is_said_in_one_sentence(run):
    def fill(part: Path) -> None:
        raise OSError(28, "No space left on device")

    with (
        RunFolder(run, TEXT) as folder,
        pytest.raises(RunError, match="cannot be written: No space left on device"),
    ):
        folder.write("results.nc", fill)


def test_a_log_that_cannot_be_written_is_said_in_one_sentence(tmp_path):
    (tmp_path / "log.jsonl").mkdir()
    (tmp_path / "study.toml").write_bytes(TEXT.encode())
    with (
        RunFolder(tmp_path, TEXT) as folder,
        pytest.raises(RunError, match="cannot be written: Is a directory"),
    ):
        folder.log("started")

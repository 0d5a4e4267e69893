"""A run folder has one writer and whole files; what cannot be written is said in one sentence."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from shoal.errors import RunError
from shoal.runs.folder import RunFolder
from shoal.runs.read_write import open_run
from written import TEXT, names, write_run


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return write_run(tmp_path / "run")


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
from shoal.runs.folder import RunFolder
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
def test_a_file_that_cannot_be_finished_leaves_the_old_one_and_no_part_of_the_new(run, broken, monkeypatch):
    def sync(handle):
        raise broken

    old = (run / "results.nc").read_bytes()
    expected = RunError if isinstance(broken, OSError) else type(broken)
    with RunFolder(run, TEXT) as folder, monkeypatch.context() as patch:
        patch.setattr("os.fsync", sync)
        with pytest.raises(expected):
            folder.write_bytes("results.nc", b"half")
    assert (run / "results.nc").read_bytes() == old
    assert not [name for name in names(run) if "part" in name or "lock" in name]
    open_run(run)


def test_a_full_disk_is_said_in_one_sentence(run, monkeypatch):
    def sync(handle):
        raise OSError(28, "No space left on device")

    with RunFolder(run, TEXT) as folder, monkeypatch.context() as patch:
        patch.setattr("os.fsync", sync)
        with pytest.raises(RunError, match="cannot be written: No space left on device"):
            folder.write_bytes("results.nc", b"")


def test_a_log_that_cannot_be_written_is_said_in_one_sentence(tmp_path):
    (tmp_path / "log.jsonl").mkdir()
    (tmp_path / "study.toml").write_bytes(TEXT.encode())
    with (
        RunFolder(tmp_path, TEXT) as folder,
        pytest.raises(RunError, match="cannot be written: Is a directory"),
    ):
        folder.log("started")

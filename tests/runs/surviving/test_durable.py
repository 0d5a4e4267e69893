"""The folder of a run is whole at every instant: what is written is on the disk before it has its name."""

import os
import shutil
import stat
import time
from functools import partial
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import pytest
from safetensors import safe_open

import shoal
from interrupted import COMPLETE, NARROW, RAW, Press, Watching, flip, names, resume
from shoal.errors import RunError
from shoal.runs.checkpoints import TeamCheckpoints
from shoal.runs.folder import RunFolder
from shoal.study.load import make_study
from small_studies import blobs


@pytest.fixture
def half(tmp_path):
    """An unfinished run with a finished chunk and two checkpoints of the next."""
    study, folder = make_study(RAW), tmp_path / "run"
    options = {"dataset": blobs(), "check": False, "memory": NARROW, "checkpoint_every": 0}
    shoal.run(study, folder, watcher=Press(20), **options)
    return study, folder


@pytest.fixture
def calls(monkeypatch):
    """What the system was asked for: ("sync", file or folder), ("rename", new name)."""
    asked, fsync, replace = [], os.fsync, os.replace

    def sync(handle):
        kind = "folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file"
        asked.append(("sync", kind))
        fsync(handle)

    def rename(part, target, **folders):
        asked.append(("rename", os.path.basename(target)))
        replace(part, target, **folders)

    monkeypatch.setattr("os.fsync", sync)
    monkeypatch.setattr("os.replace", rename)
    return asked


def test_a_file_is_synced_renamed_and_its_folder_synced_between_two_manifests(tmp_path, calls):
    with RunFolder(tmp_path / "run", "") as folder:
        folder.write_text("study.toml", "")
        manifest = [("sync", "file"), ("rename", "manifest.json"), ("sync", "folder")]
        assert calls == [
            ("sync", "file"),  # under another name,
            *manifest,  # which announces the file,
            *(("rename", "study.toml"), ("sync", "folder")),
            *manifest,  # and which says that it is there
        ]


def test_a_new_folder_for_pieces_is_synced_into_the_runs(tmp_path, calls):
    with RunFolder(tmp_path / "run", "") as folder:
        folder.write_bytes("chunks/0000.safetensors", b"")
    assert calls[0] == ("sync", "folder")


def test_pieces_are_safetensors_that_anybody_can_read(half):
    _, folder = half
    files = [*folder.glob("chunks/*"), *folder.glob("checkpoints/*")]
    assert len(files) == 3
    for file in files:
        with safe_open(file, framework="numpy") as stored:
            assert len(list(stored.keys())) > 5


def test_a_checkpoint_is_due_by_time_and_by_this_processs_own_clock(half, monkeypatch):
    _, path = half
    now = SimpleNamespace(seconds=1000.0)
    monkeypatch.setattr("time.monotonic", lambda: now.seconds)
    monkeypatch.setattr("time.time", lambda: pytest.fail("asked the clock that can be set"))
    chunk = SimpleNamespace(index=0)
    keep = TeamCheckpoints(RunFolder(path, ""), [chunk], 60.0, lambda step: None)
    assert not keep.due()
    now.seconds += 59
    assert not keep.due()
    now.seconds += 1
    assert keep.due()


def test_a_run_writes_a_checkpoint_each_so_many_seconds(tmp_path, monkeypatch):
    """Every segment takes 25 s of this clock: of 12 segments every third is kept."""
    clock, kept = SimpleNamespace(seconds=0.0), []
    monkeypatch.setattr("time.monotonic", lambda: clock.seconds)
    monkeypatch.setattr(TeamCheckpoints, "save", lambda self, progress, wait=False: keep(self, progress))

    def keep(checkpoints, progress):
        checkpoints._last = time.monotonic()
        kept.append(clock.seconds)

    class Slow(Watching):
        def on_steps(self, chunk, steps, values):
            clock.seconds += 25 if steps else 0

    study = make_study({**RAW, "vary": {"seed": 1}, "record": {"points": 12}})
    shoal.run(study, tmp_path / "run", dataset=blobs(), check=False, watcher=Slow(), checkpoint_every=60)
    assert kept == [75, 150, 225, 300]


def test_where_both_manifests_are_damaged_nothing_is_believed_and_nothing_changed(half):
    study, folder = half
    for name in ("manifest.json", ".manifest.previous.json"):
        (folder / name).write_bytes((folder / name).read_bytes()[:-7])
    before = {file: file.read_bytes() for file in folder.glob("*/*")}
    with pytest.raises(RunError, match=r"manifest\.previous\.json is damaged"):
        resume(study, folder)
    assert {file: file.read_bytes() for file in folder.glob("*/*")} == before


def test_a_damaged_log_and_a_damaged_spare_manifest_hinder_nobody(half):
    study, folder = half
    flip(folder / ".manifest.previous.json")
    flip(folder / "log.jsonl")
    watcher = Watching()
    resume(study, folder, watcher)
    assert watcher.lines == []
    assert shoal.open_run(folder).results["finished"].all()


class Killed(BaseException):
    """The process is gone: nothing after this happens."""


def dies(work, after):
    """Whether `work` is killed before its end: only `after` files are written, renamed or removed.

    A file that is being written then is left half written.
    """
    done, write = 0, Path.write_text

    def until_then(change, *given, **options):
        nonlocal done
        if done == after:
            raise Killed
        done += 1
        return change(*given, **options)

    def write_half(path, text, encoding=None):
        if done == after:
            write(path, text[: len(text) // 2])
        until_then(write, path, text)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "write_text", write_half)
        for name in ("replace", "unlink", "rmdir"):
            patch.setattr(f"os.{name}", partial(until_then, getattr(os, name)))
        try:
            work()
        except Killed:
            return True
    return False


def test_a_process_that_is_killed_at_the_end_leaves_nothing_that_resuming_does_not_remove(half, monkeypatch):
    study, path = half
    with monkeypatch.context() as patch:
        patch.setattr(RunFolder, "remove_pieces", lambda folder: None)
        resume(study, path)
    assert {"run.json", "chunks", ".manifest.previous.json"} < {*names(path)}
    for moment in count():
        again = path.with_name(f"killed-{moment}")
        shutil.copytree(path, again)
        with RunFolder(again, study.text) as folder:
            killed = dies(folder.remove_pieces, after=moment)
        watcher = Watching()
        resume(study, again, watcher)
        assert (watcher.started, watcher.lines) == ([], [])
        assert names(again) == COMPLETE
        assert shoal.open_run(again).results["finished"].all()
        if not killed:
            break
    assert moment > 5


def test_a_process_that_is_killed_after_a_damaged_manifest_was_found_leaves_one_that_is_not(half):
    study, path = half
    flip(path / "manifest.json", 0.0)
    for moment in count():
        again = path.with_name(f"killed-{moment}")
        shutil.copytree(path, again)
        with RunFolder(again, study.text) as folder:
            killed = dies(partial(folder.write_text, "study.toml", study.text), after=moment)
        resume(study, again)
        assert names(again) == COMPLETE
        if not killed:
            break
    assert moment > 5


def test_pieces_that_cannot_be_removed_leave_a_finished_run_as_it_is(half, monkeypatch):
    study, path = half
    done = resume(study, path)
    (path / "chunks").mkdir()

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr("os.rmdir", refuse)
        assert resume(study, path).identical(done)
    assert (path / "chunks").is_dir()
    resume(study, path)
    assert names(path) == COMPLETE

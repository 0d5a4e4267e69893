"""A folder that fails underneath a run: one clear message, and nothing lost that was kept."""

import os
import resource
import shutil
import tempfile
from pathlib import Path

import pytest

import shoal
from interrupted import NARROW, Press, Watching, names, resume, same_bits
from shoal.errors import HaltedError
from shoal.runs.checkpoints import TeamCheckpoints
from shoal.runs.folder import RunFolder
from small_studies import blobs


@pytest.fixture(autouse=True)
def written_at_once(monkeypatch):
    save = TeamCheckpoints.save
    monkeypatch.setattr(TeamCheckpoints, "save", lambda self, now, wait=False: save(self, now, True))


class Then(Press):
    """Does something when so many steps are done."""

    def __init__(self, after, act):
        super().__init__(after)
        self.act = act

    def on_steps(self, chunk, steps, values):
        try:
            super().on_steps(chunk, steps, values)
        except KeyboardInterrupt:
            self.act()


def run_into(study, folder, act, after=15):
    """A run, with a finished chunk and a checkpoint of the next, to which something happens."""
    options = {"dataset": blobs(), "check": False, "memory": NARROW, "checkpoint_every": 0}
    with pytest.raises(HaltedError) as told:
        shoal.run(study, folder, watcher=Then(after, act), **options)
    return told.value


@pytest.fixture
def limit():
    """Sets the most bytes that a file may have, as a full disk would."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda most: resource.setrlimit(resource.RLIMIT_FSIZE, (most, before[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_disk_that_is_full_in_the_middle_of_a_checkpoint(study, whole, tmp_path, limit):
    folder = tmp_path / "run"

    def fill():
        (written,) = [file for file in (folder / "checkpoints").iterdir() if "0001" in file.name]
        limit(written.stat().st_size - 100)

    error = run_into(study, folder, fill)
    assert "cannot be written: File too large. Nothing that was kept is lost: 1 of 2 chunks is" in error.what
    assert "the next is kept at step " in error.what
    assert error.remedy == "Make room."
    limit(resource.RLIM_INFINITY)
    assert not [name for name in names(folder) + names(folder / "checkpoints") if name.endswith(".part")]
    watcher = Watching()
    resume(study, folder, watcher)
    assert watcher.started == [1]
    assert watcher.again[-1][1] > 0
    same_bits(shoal.open_run(folder), whole)


def test_a_disk_that_is_full_when_the_results_are_written(study, whole, tmp_path, limit):
    folder = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        shoal.run(study, folder, dataset=blobs(), check=False, memory=NARROW, watcher=Press(3))
    limit(8000)
    with pytest.raises(HaltedError, match="File too large"):
        resume(study, folder)
    limit(resource.RLIM_INFINITY)
    watcher = Watching()
    resume(study, folder, watcher)
    assert watcher.started == []
    same_bits(shoal.open_run(folder), whole)


@pytest.fixture
def open_place():
    """A folder which anybody may enter: pytest's own are closed to others."""
    place = Path(tempfile.mkdtemp())
    place.chmod(0o755)
    yield place
    shutil.rmtree(place)


def test_a_folder_that_is_made_read_only(study, whole, open_place):
    folder, user = open_place / "run", os.geteuid()

    def close():
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o555 if path.is_dir() else 0o444)
        if user == 0:
            os.seteuid(65534)  # root may write everywhere, nobody may not

    try:
        error = run_into(study, folder, close)
    finally:
        os.seteuid(user)
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
    assert "cannot be written: Permission denied. Nothing that was kept is lost: 1 of 2 chunks" in error.what
    resume(study, folder)
    same_bits(shoal.open_run(folder), whole)


def test_a_folder_that_is_deleted_underneath_is_written_again_from_memory(study, whole, tmp_path):
    folder = tmp_path / "run"
    error = run_into(study, folder, lambda: shutil.rmtree(folder))
    assert error.what.startswith(f"{folder} was deleted while the run wrote into it. What the process")
    assert "1 of 2 chunks is finished, the next is kept at step " in error.what
    assert error.remedy == f"It lies in {folder}: go on with it by --resume."
    watcher = Watching()
    resume(study, folder, watcher)
    assert watcher.started == [1]
    same_bits(shoal.open_run(folder), whole)


def test_a_folder_that_another_process_has_taken_since_is_left_to_it(study, tmp_path):
    folder, other = tmp_path / "run", RunFolder(tmp_path / "run", "another study")

    def take():
        shutil.rmtree(folder)
        other.__enter__()

    error = run_into(study, folder, take)
    assert error.what.startswith(f"The lock of {folder} was taken away from the run")
    assert names(folder) == [".lock"]
    other.__exit__()


def test_the_message_ends_with_the_command_to_go_on(study, monkeypatch, tmp_path, capsys):
    from shoal.cli.main import main

    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.toml").write_text(study.text)

    def halt(study, folder, **options):
        Path(folder).mkdir(parents=True)
        (Path(folder) / "run.json").write_text("{}")
        raise HaltedError("runs/s cannot be written: No space left on device.", "Make room.")

    monkeypatch.setattr("shoal.api.run", halt)
    monkeypatch.setattr("sys.argv", ["shoal", "run", "s.toml"])
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == 2
    assert capsys.readouterr().err == (
        "shoal: runs/s cannot be written: No space left on device.\n  -> Make room.\n"
        "Go on with: shoal run s.toml --out runs/s --resume\n"
    )

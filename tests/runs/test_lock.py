"""A run folder has one writer: others are told who, a stale lock is recognised, no clock is believed."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from shoal.errors import RunError
from shoal.runs import lock
from shoal.runs.folder import RunFolder

HOLD = """
import sys, time
from shoal.runs.folder import RunFolder
with RunFolder(sys.argv[1], "") as folder:
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def short(monkeypatch):
    """Hearts beat and are watched faster."""
    monkeypatch.setattr(lock, "SECONDS_A_BEAT", 0.05)
    monkeypatch.setattr(lock, "SECONDS_WATCHED", 0.4)


def claim(folder: Path, **told) -> None:
    """A lock that someone left behind."""
    folder.mkdir(exist_ok=True)
    left = {"host": "elsewhere", "process": 12, "since": "2031-01-01 00:00:00 UTC", "beat": 3, **told}
    (folder / ".lock").write_text(json.dumps(left))


def test_a_lock_says_which_process_on_which_host_and_since_when(tmp_path):
    with RunFolder(tmp_path / "run", ""):
        told = json.loads((tmp_path / "run" / ".lock").read_text())
        assert told["host"] == socket.gethostname()
        assert told["process"] == os.getpid()
        assert told["since"].endswith(" UTC")
        with (
            pytest.raises(RunError, match=rf"process {os.getpid()} on {told['host']}, since {told['since']}"),
            RunFolder(tmp_path / "run", ""),
        ):
            pytest.fail("entered")
    assert not (tmp_path / "run" / ".lock").exists()


def test_the_lock_of_a_process_that_was_killed_is_taken_over_with_a_line(tmp_path):
    command = [sys.executable, "-c", HOLD, str(tmp_path / "run")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        other.send_signal(signal.SIGKILL)
    lines: list[str] = []
    with RunFolder(tmp_path / "run", "", lines.append):
        (line,) = lines
        assert f"Took over the lock of process {other.pid} on " in line
        assert line.endswith("that process has ended.")


def test_the_lock_of_another_host_is_taken_over_when_it_gives_no_sign_of_life(tmp_path, short):
    claim(tmp_path / "run")
    lines: list[str] = []
    with RunFolder(tmp_path / "run", "", lines.append):
        assert "Watching the lock of process 12 on elsewhere" in lines[0]
        assert "gave no sign of life" in lines[1]


def test_the_lock_of_another_host_that_lives_is_respected(tmp_path, short):
    claim(tmp_path / "run")
    later = threading.Timer(0.1, claim, [tmp_path / "run"], {"beat": 4})
    later.start()
    with pytest.raises(RunError, match="process 12 on elsewhere"), RunFolder(tmp_path / "run", ""):
        pytest.fail("entered")
    later.join()


def test_a_writer_gives_signs_of_life(tmp_path, short):
    with RunFolder(tmp_path / "run", ""):
        seen = {json.loads((tmp_path / "run" / ".lock").read_text())["beat"]}
        for _ in range(100):
            threading.Event().wait(0.02)
            seen.add(json.loads((tmp_path / "run" / ".lock").read_text())["beat"])
            if len(seen) > 2:
                break
    assert len(seen) > 2


@pytest.mark.parametrize("content", ["", "{", "[]", '{"host": "h"}', "\x00\xff"])
def test_a_lock_that_says_nothing_and_that_nobody_holds_is_no_hindrance(tmp_path, content):
    (tmp_path / ".lock").write_text(content)
    with RunFolder(tmp_path, ""):
        assert json.loads((tmp_path / ".lock").read_text())["process"] == os.getpid()


def test_where_the_file_system_has_no_locks_a_living_process_is_respected_and_a_dead_one_not(
    tmp_path, short, monkeypatch
):
    def none(*_):
        raise OSError(lock._NO_FLOCK[0], "No locks available")

    monkeypatch.setattr("fcntl.flock", none)
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    claim(tmp_path / "run", host=socket.gethostname(), process=ended.pid)
    lines: list[str] = []
    with RunFolder(tmp_path / "run", "", lines.append):
        assert lines[0].endswith("that process has ended.")
        with (
            pytest.raises(RunError, match=f"process {os.getpid()} on"),
            RunFolder(tmp_path / "run", ""),
        ):
            pytest.fail("entered")

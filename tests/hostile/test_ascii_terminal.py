"""A terminal of ASCII only, and a pipe that closes: every command prints and ends as it should."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-c", "from shoal.cli.main import main; main()"]
STUDY = """question = "Hängt λ von σ ab — 日本?"
[data]
train = 100
validation = 50
test = 50
[network]
hidden = [4]
[training]
steps = 4
batch_size = 20
learning_rate = 0.2
[record]
points = 2
[vary]
seed = 2
[vary.variant."größer"]
training.l2 = 0.01
[vary.variant."日本"]
training.l2 = 0.0
"""
ASCII = {"PYTHONIOENCODING": "ascii"}
POSIX = {"LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a study and its finished run, trained before an ASCII terminal."""
    folder = tmp_path_factory.mktemp("ascii")
    (folder / "small.toml").write_text(STUDY, encoding="utf-8")
    done = shoal(folder, ASCII, "run", "small.toml", "--out", "out", "--no-check")
    assert done.returncode == 0, done.stderr
    (folder / "run.txt").write_bytes(done.stdout)
    return folder


def shoal(folder, terminal, *arguments):
    """A command in a process of its own, before such a terminal."""
    taken = ("PYTHONIOENCODING", "PYTHONUTF8", "LC_ALL", "LC_CTYPE", "LANG")
    kept = {name: value for name, value in os.environ.items() if name not in taken}
    environment = {**kept, "SHOAL_CACHE_DIR": str(folder / "cache"), **terminal}
    words = [*COMMAND, *map(str, arguments)]
    return subprocess.run(words, cwd=folder, env=environment, capture_output=True, timeout=300, check=False)


def test_a_run_ends_with_its_table_and_report(folder):
    printed = (folder / "run.txt").read_bytes()
    assert printed.isascii()
    assert b"H\\xe4ngt \\u03bb von \\u03c3 ab - \\u65e5\\u672c?" in printed
    assert b" +- " in printed
    assert (folder / "out" / "report.html").read_text(encoding="utf-8").count("größer")


@pytest.mark.parametrize(
    "command",
    [
        ("report", "out"),
        ("run", "small.toml", "--explain"),
        ("data", "list"),
        ("doctor", ROOT / "examples/doctor/right.py", "--network", ROOT / "examples/doctor/right.toml"),
        ("run", "--help"),
    ],
    ids=["report", "explain", "data", "doctor", "help"],
)
def test_a_command_prints_in_a_posix_locale(folder, command):
    done = shoal(folder, POSIX, *command)
    assert done.returncode == 0, done.stderr
    assert done.stdout.isascii()
    assert b"Traceback" not in done.stderr


def test_a_message_of_other_letters_is_printed_too(folder):
    (folder / "wrong.toml").write_text(STUDY.replace("hidden", '"größe"'), encoding="utf-8")
    done = shoal(folder, ASCII, "run", "wrong.toml")
    assert done.returncode == 2
    assert b"network.gr\\xf6\\xdfe: unknown key" in done.stderr


def test_a_reader_that_leaves_early_ends_a_command_quietly_and_the_report_is_drawn(folder):
    before = (folder / "out" / "report.html").stat().st_mtime_ns
    environment = {**os.environ, "SHOAL_CACHE_DIR": str(folder / "cache")}
    process = subprocess.Popen(
        [*COMMAND, "report", "out"],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.close()  # before a word was printed
    _, said = process.communicate(timeout=300)
    assert said == b""
    assert process.returncode == 1
    assert (folder / "out" / "report.html").stat().st_mtime_ns > before

"""Ctrl-C keeps what is finished, and `--resume` goes on with it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import shoal
from shoal.cli.resume_options import command_to_go_on
from typed_in import COMMAND, STUDY, names


def test_ctrl_c_before_anything_is_finished_ends_with_130(here, type_in, monkeypatch):
    def press(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("shoal.api.run", press)
    code, out, err = type_in("run", "small.toml")
    assert code == 130
    assert out == ""
    assert "There is nothing to keep" in err


def test_ctrl_c_in_the_middle_keeps_what_is_finished_draws_the_report_and_ends_with_130(tmp_path):
    """The first cells are done at once; the others would take for ever."""
    study = STUDY.replace("steps = 20\n", "").replace(
        "seed = 3", '"training.steps" = [5, 2000000000]\nseed = 2'
    )
    (tmp_path / "long.toml").write_text(study)
    command = [*COMMAND, "run", "long.toml", "--no-check"]
    with subprocess.Popen(
        command,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            assert process.stderr is not None
            heard = ""
            while "chunk 2/2" not in heard:
                line = process.stderr.readline()
                assert line, heard
                heard += line
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=300)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert "Interrupted: 4 of 8 members are finished and kept." in out
    assert "Go on with: shoal run long.toml --no-check --out runs/long --resume" in out
    opened = shoal.open_run(tmp_path / "runs" / "long")
    assert opened.results.attrs["status"] == "interrupted"
    assert opened.results["finished"].values[0, :, 0].tolist() == [True, False]
    assert np.isnan(opened.results["train_loss"].isel(steps=1)).all()
    assert (tmp_path / "runs" / "long" / "report.html").exists()


def unfinished(folder: Path, study: str) -> None:
    """A run that was killed after its study was written."""
    folder.mkdir(parents=True)
    (folder / "study.toml").write_text(study)


def test_resume_finds_the_unfinished_run_of_this_study_with_the_highest_number(here, type_in):
    (here / "runs" / "small-10").mkdir(parents=True)
    (here / "runs" / "smaller").mkdir()
    unfinished(here / "runs" / "small-2", STUDY)
    unfinished(here / "runs" / "small-3", STUDY)
    unfinished(here / "runs" / "small-9", STUDY.replace("20", "30"))
    code, out, err = type_in("run", "small.toml", "--resume", "--no-check")
    assert code == 0
    assert err.startswith("Going on with runs/small-3.\n")
    assert "Report: runs/small-3/report.html" in out
    assert names(here / "runs" / "small-2") == ["study.toml"]
    done = (here / "runs" / "small-3" / "results.nc").read_bytes()
    (here / "runs" / "small-2" / "study.toml").unlink()
    code, out, err = type_in("run", "small.toml", "--resume", "--no-check")
    assert (code, err) == (0, "runs/small-3 is finished: nothing is left to train.\n")
    assert (here / "runs" / "small-3" / "results.nc").read_bytes() == done


def test_resume_of_a_changed_study_shows_what_has_changed(here, type_in):
    unfinished(here / "runs" / "small", STUDY.replace("learning_rate = 0.2", "learning_rate = 0.1"))
    code, out, err = type_in("run", "small.toml", "--resume")
    assert (code, out) == (2, "")
    assert "runs/small holds the run of another study" in err
    assert "  -learning_rate = 0.1\n  +learning_rate = 0.2\n" in err
    assert names(here / "runs") == ["small"]


def test_resume_begins_a_run_where_there_is_none(here, type_in):
    code, _, err = type_in("run", "small.toml", "--resume", "--no-check")
    assert code == 0
    assert err.startswith("There is no run of this study in runs yet: beginning runs/small.\n")


@pytest.mark.parametrize(
    ("typed", "then"),
    [
        (["s.toml"], "shoal run s.toml --out 'runs/my s' --resume"),
        (
            ["s.toml", "--out", "runs/my s", "--no-check"],
            "shoal run s.toml --out 'runs/my s' --no-check --resume",
        ),
        (["s.toml", "--out=runs/my s", "--resume"], "shoal run s.toml '--out=runs/my s' --resume"),
    ],
)
def test_the_command_to_go_on_is_what_was_typed_with_its_folder(monkeypatch, typed, then):
    monkeypatch.setattr(sys, "argv", ["/usr/bin/shoal", "run", *typed])
    assert command_to_go_on(Path("runs/my s")) == then


def test_checkpoint_every_says_how_often_a_checkpoint_is_written(here, type_in, monkeypatch):
    heard = []

    def press(*_, checkpoint_every, **__):
        heard.append(checkpoint_every)
        raise KeyboardInterrupt

    monkeypatch.setattr("shoal.api.run", press)
    type_in("run", "small.toml")
    type_in("run", "small.toml", "--checkpoint-every", "2.5")
    assert heard == [60, 2.5]
    code, _, err = type_in("run", "small.toml", "--checkpoint-every", "-1")
    assert code == 2
    assert "--checkpoint-every" in err

# ruff: noqa: E501  (whole sentences read better)
"""`shoal run` and `shoal report`, as a user types them."""

import hashlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import shoal
from shoal.cli.going_on import command_to_go_on, free_folder
from shoal.cli.main import main
from shoal.errors import DeviceError, StudyError

COMMAND = [sys.executable, "-c", "from shoal.cli.main import main; main()"]
STUDY = """question = "Does L2 help?"
[data]
train = 100
validation = 50
test = 50
[network]
hidden = [4]
[training]
steps = 20
batch_size = 20
learning_rate = 0.2
[record]
points = 2
[vary]
"training.l2" = [0.0, 0.01]
seed = 3
"""
CROSSED = STUDY.replace("[vary]", '[vary]\n"network.batch_norm" = [false, true]')


@pytest.fixture(scope="module", autouse=True)
def own_cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SHOAL_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        patch.delenv("SHOAL_DATA_DIR", raising=False)
        yield


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    """An empty folder to work in, with a study in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.toml").write_text(STUDY)
    return tmp_path


@pytest.fixture
def type_in(monkeypatch, capsys):
    """Runs the command line in this process: (exit code, standard output, standard error)."""

    def typed(*arguments: str | Path) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["shoal", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            main()
        code = left.value.code
        return (0 if code is None else int(code), *capsys.readouterr())

    return typed


@pytest.fixture(scope="module")
def ran(tmp_path_factory) -> tuple[Path, subprocess.CompletedProcess]:
    """A whole run in a process of its own, with three seeds in the file and two asked for."""
    folder = tmp_path_factory.mktemp("work")
    (folder / "small.toml").write_text(STUDY)
    command = [*COMMAND, "run", "small.toml", "--seeds", "2"]
    return folder, subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_run_ends_with_0_and_says_where_the_report_is(ran):
    _, done = ran
    assert done.returncode == 0, done.stderr
    assert "Report: runs/small/report.html" in done.stdout
    assert "Traceback" not in done.stderr
    assert "Warning" not in done.stderr


def test_the_table_of_cells_stands_on_standard_output_and_progress_on_standard_error(ran):
    _, done = ran
    assert "Does L2 help?" in done.stdout
    assert done.stdout.count("±") >= 2
    assert done.stderr.splitlines()[0] == "4 members in 1 program and 1 chunk; 80 network-steps"
    assert "chunk 1/1: 4 members, 20 steps" in done.stderr


def test_the_run_folder_is_named_after_the_study_and_holds_everything(ran):
    folder, _ = ran
    assert names(folder / "runs") == ["small"]
    assert names(folder / "runs" / "small") == [
        "log.jsonl", "manifest.json", "report.html", "results.nc", "study.toml", "weights.safetensors",
    ]  # fmt: skip
    assert "<script" not in (folder / "runs" / "small" / "report.html").read_text()


def test_another_number_of_seeds_is_run_and_written_down(ran):
    opened = shoal.open_run(ran[0] / "runs" / "small")
    assert opened.results["seed"].values.tolist() == [0, 1]
    assert "seed = 2" in opened.study_text
    assert opened.results.attrs["status"] == "complete"


def test_the_gradients_of_each_distinct_network_are_checked_and_the_record_kept(ran):
    record = json.loads(shoal.open_run(ran[0] / "runs" / "small").results.attrs["gradient_check"])
    assert len(record) >= 1
    assert all(network["ok"] for network in record)


def test_the_report_can_be_drawn_again(ran, type_in):
    folder = ran[0] / "runs" / "small"
    drawn = (folder / "report.html").read_bytes()
    (folder / "report.html").write_text("scribble")
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["report.html"] = hashlib.sha256(b"scribble").hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest))
    code, out, _ = type_in("report", folder)
    assert code == 0
    assert "Does L2 help?" in out
    assert (folder / "report.html").read_bytes() == drawn
    shoal.open_run(folder)


def test_a_finished_run_is_never_overwritten(ran, type_in):
    folder = ran[0] / "runs" / "small"
    before = (folder / "results.nc").read_bytes()
    code, _, err = type_in("run", ran[0] / "small.toml", "--seeds", "2", "--out", folder)
    assert code == 2
    assert err.startswith(f"shoal: {folder} already holds a run.")
    assert (folder / "results.nc").read_bytes() == before


def test_the_next_run_of_a_name_takes_the_next_free_number(tmp_path):
    assert free_folder(tmp_path, "s") == tmp_path / "s"
    (tmp_path / "s").mkdir()
    assert free_folder(tmp_path, "s") == tmp_path / "s-2"
    (tmp_path / "s-2").touch()
    (tmp_path / "s-4").mkdir()
    assert free_folder(tmp_path, "s") == tmp_path / "s-3"


# --explain


def test_explain_prints_the_plan_and_runs_nothing(here, type_in):
    (here / "small.toml").write_text(CROSSED)
    code, out, err = type_in("run", "small.toml", "--explain")
    assert code == 0
    assert err == ""
    assert "12 members in 2 programs and 2 chunks; 240 network-steps" in " ".join(out.split())
    assert "1 of 2x3" in out  # a chunk of 2 cells x 3 seeds
    assert "training.l2" in out
    assert "batch_norm_1 (BatchNorm)" in out
    assert "GFLOP/s" in out
    assert names(here) == ["small.toml"]


def test_explain_takes_the_same_options_as_a_run(here, type_in):
    _, out, _ = type_in("run", "small.toml", "--explain", "--seeds", "1", "--memory", "0.05")
    assert "2 members in 1 program and 1 chunk; 40 network-steps" in " ".join(out.split())


# A user's mistakes: one message, exit code 2, no traceback, nothing written

MISTAKES = [
    ("missing.toml", None, "shoal: The study file missing.toml cannot be read: No such file or directory."),
    ("bad.toml", "steps = ", "shoal: bad.toml is not valid TOML: "),
    ("bad.toml", "[trainig]", "shoal: bad.toml has 2 mistakes:\n  trainig: unknown table or key; did you mean `training`?"),
    ("bad.toml", STUDY.replace("[4]", "[0]"), "shoal: bad.toml has a mistake:\n  network.hidden, entry 1: got 0; "),
    ("bad.toml", STUDY.replace("0.0, 0.01", "nan"), 'shoal: bad.toml has a mistake:\n  vary."training.l2", level 1 (nan): '),
    ("bad.toml", STUDY.replace("batch_size = 20", "batch_size = 101"),
     "shoal: cell (l2=0): training.batch_size is 101, but the training split has 100 examples."),
    ("bad.toml", STUDY.replace("train = 100", "train = 9999"), "shoal: cell (l2=0): digits: "),
    ("bad.toml", STUDY.replace("[data]", '[data]\nname = "digitz"'), "shoal: "),
]  # fmt: skip


@pytest.mark.parametrize(("file", "content", "message"), MISTAKES, ids=lambda v: str(v)[-30:])
@pytest.mark.parametrize("option", [[], ["--explain"]], ids=["run", "explain"])
def test_a_mistake_ends_with_2_one_message_and_nothing_written(here, type_in, file, content, message, option):
    if content is not None:
        (here / file).write_text(content)
    before = names(here)
    code, out, err = type_in("run", file, *option)
    assert code == 2
    assert err.startswith(message)
    assert "Traceback" not in err
    assert out == ""
    assert names(here) == before


@pytest.mark.parametrize(
    "arguments",
    [
        ["run"],
        ["run", "small.toml", "--seeds", "0"],
        ["run", "small.toml", "--sedes", "3"],
        ["rnu"],
        ["run", "a", "b"],
    ],
    ids=str,
)
def test_an_option_that_does_not_exist_or_fit_ends_with_2(here, type_in, arguments):
    code, _, err = type_in(*arguments)
    assert code == 2
    assert "Traceback" not in err
    assert names(here) == ["small.toml"]


@pytest.mark.parametrize(
    "out", ["small.toml", "x" * 300, "small.toml/run"], ids=["file", "long", "below a file"]
)
def test_a_folder_that_cannot_be_written_ends_with_2(here, type_in, out):
    code, _, err = type_in("run", "small.toml", "--out", out)
    assert code == 2
    assert err.splitlines()[-1] in ("  -> Choose a writable folder with --out.", "  -> Choose another --out.")
    assert "Traceback" not in err
    assert names(here) == ["small.toml"]


def test_a_folder_of_another_study_ends_with_2(here, type_in):
    (here / "out").mkdir()
    (here / "out" / "study.toml").write_text("another")
    code, _, err = type_in("run", "small.toml", "--out", "out")
    assert code == 2
    assert "shoal: out holds the run of another study." in err
    assert names(here / "out") == ["study.toml"]


@pytest.mark.parametrize("folder", ["nowhere", "small.toml", "."])
def test_a_report_of_what_is_no_run_ends_with_2(here, type_in, folder):
    code, _, err = type_in("report", folder)
    assert code == 2
    assert "is not the folder of a finished run" in err


# Errors that are not the user's, and Ctrl-C


@pytest.mark.parametrize(
    ("error", "code"), [(DeviceError("No memory.", "Take less."), 1), (StudyError("x", "y"), 2)]
)
def test_the_kind_of_error_gives_the_exit_code(here, type_in, monkeypatch, error, code):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr("shoal.study.run.run", fail)
    assert type_in("run", "small.toml") == (code, "", f"shoal: {error}\n")


def test_ctrl_c_before_anything_is_finished_ends_with_130(here, type_in, monkeypatch):
    def press(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("shoal.study.run.run", press)
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


def test_the_version_is_shown(type_in):
    assert type_in("--version") == (0, f"shoal {shoal.__version__}\n", "")


# --resume


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

    monkeypatch.setattr("shoal.study.run.run", press)
    type_in("run", "small.toml")
    type_in("run", "small.toml", "--checkpoint-every", "2.5")
    assert heard == [60, 2.5]
    code, _, err = type_in("run", "small.toml", "--checkpoint-every", "-1")
    assert code == 2
    assert "--checkpoint-every" in err

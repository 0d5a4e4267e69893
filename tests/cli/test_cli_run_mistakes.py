# ruff: noqa: E501  (whole sentences read better)
"""What a user gets wrong: one message, exit code 2, no traceback, nothing written; other errors end with 1."""

import pytest

from shoal.errors import DeviceError, StudyError
from typed_in import STUDY, names

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


@pytest.mark.parametrize(
    ("error", "code"), [(DeviceError("No memory.", "Take less."), 1), (StudyError("x", "y"), 2)]
)
def test_the_kind_of_error_gives_the_exit_code(here, type_in, monkeypatch, error, code):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr("shoal.api.run", fail)
    assert type_in("run", "small.toml") == (code, "", f"shoal: {error}\n")

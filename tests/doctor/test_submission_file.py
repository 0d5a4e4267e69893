"""Someone's file: loaded as a module, its functions found, and refused where they are not there."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from shoal.doctor.submissions.guard import Guard
from shoal.doctor.submissions.layout import Layout
from shoal.doctor.submissions.submission import Submission
from shoal.errors import SubmissionError
from submitted import LABELS, NETWORK, PARAMETERS, X, load, refused


def test_a_file_that_is_no_python_file(tmp_path: Path) -> None:
    for name, remedy in [
        ("net.ipynb", "Save the notebook's code as a .py file."),
        ("net.m", "Give a .py file."),
    ]:
        with pytest.raises(SubmissionError, match=remedy):
            Submission.load(Guard(tmp_path / name), Layout(NETWORK))
    with pytest.raises(SubmissionError, match=r"net\.py cannot be read: No such file"):
        Submission.load(Guard(tmp_path / "net.py"), Layout(NETWORK))


def test_a_file_that_does_not_import_shows_its_own_lines_only(tmp_path: Path) -> None:
    message = refused(tmp_path, "def deeper():\n    return 1 / 0\ndeeper()\n")
    assert "importing net.py raised an error. Its own traceback:" in message
    assert "line 3, in <module>\n    deeper()" in message
    assert "return 1 / 0" in message
    assert "ZeroDivisionError: division by zero" in message
    assert "guard.py" not in message
    assert "loading.py" not in message


def test_a_syntax_error_is_shown_where_it_is(tmp_path: Path) -> None:
    message = refused(tmp_path, "def loss(p, x, y)\n    return 0\n")
    assert "net.py" in message
    assert "line 1" in message
    assert "SyntaxError: expected ':'" in message
    assert "guard.py" not in message
    assert "SyntaxError" in refused(tmp_path, "x = '\0'\n")


def test_a_missing_import_and_a_failing_helper(tmp_path: Path) -> None:
    assert "No module named 'nmpy'" in refused(tmp_path, "import nmpy\n")
    (tmp_path / "shoal_test_helper.py").write_text("value = {}['a']\n")
    message = refused(tmp_path, "from shoal_test_helper import value\n")
    assert "shoal_test_helper.py" in message
    assert "KeyError: 'a'" in message
    assert "importlib" not in message


def test_its_own_folder_is_searched_and_then_forgotten(tmp_path: Path) -> None:
    (tmp_path / "shoal_test_constants.py").write_text("HALF = 0.5\n")
    before = list(sys.path)
    submission = load(
        tmp_path,
        """
        from dataclasses import dataclass
        @dataclass
        class Config:
            rate: "float" = 0.1
        assert __name__ != "__main__" and __file__.endswith("net.py")
        def loss(parameters, x, y):
            from shoal_test_constants import HALF
            return HALF
        def gradients(parameters, x, y):
            return parameters
        """,
    )
    assert submission.loss(PARAMETERS, X, LABELS) == 0.5
    assert sys.path == before
    assert not (tmp_path / "__pycache__" / f"net.{sys.implementation.cache_tag}.pyc").exists()


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("", ["no function `loss`", "no function `gradients`"]),
        (
            "def compute_cost(p, x, y): ...\ndef ComputeGradients(p, x, y): ...\n",
            ["add the line `loss = compute_cost` if", "add the line `gradients = ComputeGradients` if"],
        ),
        ("def Loss(p, x, y): ...\ndef gradient(p, x, y): ...\n", ["loss = Loss", "gradients = gradient"]),
        (
            "class Net:\n    def loss(self): ...\n    def gradients(self): ...\n",
            ["the class `Net` has one: write a function that makes a Net and calls it"],
        ),
        ("loss = 3\ndef gradients(p, x, y): ...\n", ["no function `loss`"]),
        (
            "def loss(p, x): ...\ndef gradients(p, x, y, lam): ...\n",
            [
                "`loss(p, x)` is called as loss(parameters, x, y)",
                "`gradients(p, x, y, lam)` is called as gradients(parameters, x, y)",
            ],
        ),
    ],
)
def test_missing_functions_are_listed_with_what_comes_near(
    tmp_path: Path, code: str, expected: list[str]
) -> None:
    message = refused(tmp_path, code)
    assert all(part in message for part in expected), message
    assert "Write loss(parameters, x, y), which returns one number" in message


def test_a_file_that_ends_the_program(tmp_path: Path) -> None:
    assert 'below `if __name__ == "__main__":`' in refused(tmp_path, "import sys\nsys.exit(0)\n")

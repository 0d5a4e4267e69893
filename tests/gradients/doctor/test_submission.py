"""Someone's file: loaded as a module, its functions found and called with care."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shoal.errors import SubmissionError
from shoal.gradients.doctor.submissions import guard as guarding
from shoal.gradients.doctor.submissions.guard import Guard
from shoal.gradients.doctor.submissions.layout import Layout
from shoal.gradients.doctor.submissions.submission import Submission
from shoal.layers import HeNormal, ReLU, SoftmaxCrossEntropy
from shoal.network import compose

LABELS = np.array([0, 1, 2, 0])
X = np.random.default_rng(3).standard_normal((4, 5))
NETWORK = compose((5,), 3, hidden=[], activation=ReLU(), initial=HeNormal(), loss=SoftmaxCrossEntropy())
DROPS = compose(
    (5,),
    3,
    hidden=[],
    activation=ReLU(),
    input_dropout=0.25,
    initial=HeNormal(),
    loss=SoftmaxCrossEntropy(),
)
PARAMETERS = {"affine_1": {"W": np.ones((5, 3)), "b": np.zeros(3)}}
RIGHT = """
    def loss(parameters, x, y):
        return 0.5
    def gradients(parameters, x, y):
        return {name: value.copy() for name, value in parameters.items()}
"""


def load(folder: Path, code: str, network: Any = NETWORK, **guard: Any) -> Submission:
    path = folder / "net.py"
    path.write_text(textwrap.dedent(code))
    return Submission.load(Guard(path, **guard), Layout(network))


def refused(folder: Path, code: str, **settings: Any) -> str:
    with pytest.raises(SubmissionError) as caught:
        load(folder, code, **settings)
    assert caught.value.exit_code == 2
    return str(caught.value)


def with_loss(folder: Path, body: str) -> Submission:
    head = "import numpy as np\ndef gradients(parameters, x, y):\n    return parameters\n"
    return load(folder, f"{head}def loss(parameters, x, y):\n    {body}\n")


def test_both_functions_answer_in_the_networks_structure(tmp_path: Path) -> None:
    submission = load(tmp_path, RIGHT)
    assert submission.loss(PARAMETERS, X, LABELS) == 0.5
    np.testing.assert_array_equal(
        submission.gradients(PARAMETERS, X, LABELS)["affine_1"]["W"], np.ones((5, 3))
    )
    assert not submission.notes
    assert submission.guard.calls == 3  # the import is one


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


def test_with_dropout_the_functions_get_masks_of_what_is_kept(tmp_path: Path) -> None:
    message = refused(tmp_path, RIGHT, network=DROPS)
    assert "is called as loss(parameters, x, y, masks)" in message
    assert "for each dropout layer, an array that is True where a unit is kept" in message
    submission = load(
        tmp_path,
        """
        def loss(parameters, x, y, masks):
            (mask,) = masks
            assert mask.dtype == bool and mask.shape == x.shape
            return mask.mean()
        def gradients(parameters, x, y, masks):
            return parameters
        """,
        network=DROPS,
    )
    noise = {"dropout_1": np.linspace(0, 0.999, 20).reshape(4, 5)}
    assert submission.loss(PARAMETERS, X, LABELS, noise) == np.mean(noise["dropout_1"] >= 0.25)


def test_an_error_inside_shows_its_own_lines_only(tmp_path: Path) -> None:
    submission = with_loss(tmp_path, "return np.linalg.inv(np.zeros((2, 2)))[0, 0]")
    with pytest.raises(SubmissionError) as caught:
        submission.loss(PARAMETERS, X, LABELS)
    message = str(caught.value)
    assert message.startswith("loss() raised an error. Its own traceback:\n\nTraceback")
    assert "net.py" in message.splitlines()[3]
    assert "LinAlgError" in message
    assert "guard.py" not in message
    assert "submission.py" not in message


def test_what_it_prints_is_kept_from_standard_output(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = "print('imported')" + textwrap.dedent(RIGHT).replace("return 0.5", "print('called'); return 0.5")
    submission = load(tmp_path, code)
    submission.loss(PARAMETERS, X, LABELS)
    assert capsys.readouterr().out == ""
    assert submission.guard.printed.getvalue() == "imported\ncalled\n"


def test_a_file_that_ends_the_program(tmp_path: Path) -> None:
    assert 'below `if __name__ == "__main__":`' in refused(tmp_path, "import sys\nsys.exit(0)\n")


def test_a_call_that_takes_longer_than_its_time(tmp_path: Path) -> None:
    code = """
        import time
        def loss(parameters, x, y):
            try:
                time.sleep(30)
            except Exception:
                return 0.0
        def gradients(parameters, x, y):
            while True:
                pass
    """
    submission = load(tmp_path, code, timeout=0.05)
    for call in (submission.loss, submission.gradients):
        with pytest.raises(SubmissionError, match=r"\(\) ran longer than 0\.05 s"):
            call(PARAMETERS, X, LABELS)


def test_a_long_call_is_told_while_it_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guarding, "FIRST_WORD", 0.01)
    told: list[str] = []
    submission = with_loss(tmp_path, "import time; time.sleep(0.2); return 1.0")
    submission.guard.tell = told.append
    submission.loss(PARAMETERS, X, LABELS)
    assert told[0].startswith("loss() has been running for 0 s (call 2; Ctrl-C ends it)")
    assert len(told) >= 2


def test_ctrl_c_goes_through(tmp_path: Path) -> None:
    submission = with_loss(tmp_path, "raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        submission.loss(PARAMETERS, X, LABELS)


def test_changed_arguments_are_noted_and_do_no_harm(tmp_path: Path) -> None:
    submission = load(
        tmp_path,
        """
        def loss(parameters, x, y):
            x -= 1
            return float(x.sum())
        def gradients(parameters, x, y):
            parameters["W1"] *= 2
            return parameters
        """,
    )
    kept = X.copy()
    assert submission.loss(PARAMETERS, X, LABELS) == submission.loss(PARAMETERS, X, LABELS)
    submission.gradients(PARAMETERS, X, LABELS)
    np.testing.assert_array_equal(X, kept)
    assert [note.split(".")[0] for note in submission.notes] == [
        "loss changes its arguments in place",
        "gradients changes its arguments in place",
    ]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("pass", "loss returned None."),
        ("return 1.0, parameters", "loss returned a tuple of 2; expected one number."),
        ("return np.ones(4)", "loss returned an array of shape (4,); expected one number."),
        ("return 'high'", "loss returned 'high'; expected one number."),
        ("return 1j", "loss returned 1j; expected one number."),
        ("return np.float64('nan')", "loss returned nan."),
        ("return float('inf')", "loss returned inf."),
        ("return True", "loss returned True; expected one number."),
    ],
)
def test_a_loss_that_is_not_one_finite_number(tmp_path: Path, body: str, expected: str) -> None:
    with pytest.raises(SubmissionError) as caught:
        with_loss(tmp_path, body).loss(PARAMETERS, X, LABELS)
    assert expected in str(caught.value)
    assert "->" in str(caught.value)


@pytest.mark.parametrize(
    "body", ["return np.ones(1)", "return np.ones((1, 1))", "return np.float32(1)", "return 1"]
)
def test_a_loss_that_can_be_taken_for_one_number(tmp_path: Path, body: str) -> None:
    submission = with_loss(tmp_path, body)
    assert submission.loss(PARAMETERS, X, LABELS) == 1.0
    assert bool(submission.notes) == ("ones" in body)

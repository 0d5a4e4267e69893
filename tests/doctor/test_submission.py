"""Someone's functions, called with care."""

from __future__ import annotations

import textwrap
from pathlib import Path

import numpy as np
import pytest

from shoal.doctor.submissions import guard as guarding
from shoal.errors import SubmissionError
from submitted import DROPS, LABELS, PARAMETERS, RIGHT, X, load, refused, with_loss


def test_both_functions_answer_in_the_networks_structure(tmp_path: Path) -> None:
    submission = load(tmp_path, RIGHT)
    assert submission.loss(PARAMETERS, X, LABELS) == 0.5
    np.testing.assert_array_equal(
        submission.gradients(PARAMETERS, X, LABELS)["affine_1"]["W"], np.ones((5, 3))
    )
    assert not submission.notes
    assert submission.guard.calls == 3  # the import is one


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

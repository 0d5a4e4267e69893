"""shoal doctor: what cannot be judged is refused with a sentence and exit code 2."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from doctored import NETWORK, SUBMISSION, judged, shoal_doctor
from shoal.errors import StudyError, SubmissionError


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("    return {", "    return 1 / 0, {"), "gradients() raised an error. Its own traceback"),
        (("def gradients(p, x, y)", "def gradient(p, x, y)"), "add the line `gradients = gradient`"),
        (("import numpy as np", "import numpie as np"), "No module named 'numpie'"),
        (('"b2": d.sum(axis=0)', '"b2": d'), "b2: shape (12, 4) came; expected (4,): one for each example"),
        (("    return {", "    return None, {"), "a tuple of NoneType, dict (return the gradients alone)"),
        ((".mean() + 0.1 * squares(p)", ""), "loss returned an array of shape (12,); expected one number"),
        (("    return -np.log(", "    return np.log(-"), "loss returned nan"),
        (
            ("0.1 * squares(p)", "0.1 * squares(p) * np.random.default_rng().uniform()"),
            "loss gives other numbers each time",
        ),
        (
            ("    d /= len(y)", "    d = d * np.random.default_rng().uniform(size=d.shape)"),
            "gradients gives other numbers each time",
        ),
    ],
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_submission_that_cannot_be_judged(tmp_path: Path, change: tuple[str, str], expected: str) -> None:
    with pytest.raises(SubmissionError) as caught:
        judged(tmp_path, change)
    assert expected in str(caught.value)
    assert caught.value.exit_code == 2


def test_bad_network_files_and_time_limits(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="hiden: unknown key; did you mean `hidden`"):
        judged(tmp_path, network=NETWORK.replace("hidden", "hiden"))
    (tmp_path / "net.py").write_text(
        SUBMISSION.replace("    z, h, d =", "    while True: pass\n    z, h, d =")
    )
    (tmp_path / "net.toml").write_text(NETWORK)
    result = shoal_doctor(tmp_path / "net.py", tmp_path / "net.toml", "--timeout", "0.1")
    assert isinstance(result.exception, SubmissionError)
    assert "gradients() ran longer than 0.1 s" in str(result.exception)


def test_from_the_shell_without_jax_and_without_a_traceback(tmp_path: Path) -> None:
    """The whole command, as people call it: exit code 2, the code's own lines, none of ours, no jax."""
    (tmp_path / "net.py").write_text(SUBMISSION.replace("    d /= len(y)\n", "    d /= count\n"))
    (tmp_path / "net.toml").write_text(NETWORK)
    code = """
import sys
from shoal.cli.main import main
sys.argv = ["shoal", "doctor", "net.py", "--network", "net.toml"]
try:
    main()
finally:
    print([name for name in ("jax", "scipy", "xarray") if name in sys.modules])
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.returncode == 2
    assert done.stdout == "[]\n"
    assert "NameError: name 'count' is not defined" in done.stderr
    assert done.stderr.count("Traceback") == 1
    assert "site-packages" not in done.stderr
    assert "shoal/cli" not in done.stderr

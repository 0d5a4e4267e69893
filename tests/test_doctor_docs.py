"""docs/doctor.md shows what shoal doctor prints, and its code runs.

`python tests/test_doctor_docs.py` writes the outputs into the page again.
"""

from __future__ import annotations

import re
from itertools import zip_longest
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from shoal.cli.doctor import doctor
from shoal.doctor.submissions.network_file import NetworkFile, SubmissionSettings

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "doctor.md"
EXAMPLES = ROOT / "examples" / "doctor"
NAMES = sorted(path.stem for path in EXAMPLES.glob("*.py"))
SHOWN = re.compile(r"<!-- shoal doctor (\w+) -->\n(?:\n```text\n(.*?)```\n)?", flags=re.DOTALL)


def printed(name: str) -> str:
    """What the command prints about an example, without spaces at the ends of lines."""
    app = typer.Typer()
    app.command()(doctor)
    paths = [str(EXAMPLES / f"{name}.py"), "--network", str(EXAMPLES / f"{name}.toml")]
    output = CliRunner().invoke(app, paths).output
    return "".join(f"{line.rstrip()}\n" for line in output.splitlines())


def comparable(text: str) -> list[str]:
    """The words, without what rounding and the clock leave to each machine."""
    text = re.sub(r"\d+\.\d s", "TIME", text)
    text = re.sub(r"-?\b\d[\d.]*e-(0[6-9]|[1-9]\d)\b", "ROUNDING", text)
    text = re.sub(r"\b\d[\d.]*e\+1\d\b", "HUGE", text)
    text = re.sub(r"\((agreement|to)? ?(ROUNDING|the last bit)", "(ROUNDING", text)
    return [word.replace("ROUNDING", "-") for word in text.split()]


def agree(shown: str, printed: str) -> bool:
    """Whether two words are the same, or two numbers to the digits that every processor computes alike."""
    try:
        return float(printed) == pytest.approx(float(shown), rel=1e-3)
    except ValueError:
        return shown == printed


def shown() -> dict[str, str]:
    return dict(SHOWN.findall(PAGE.read_text()))


def test_every_example_is_shown() -> None:
    assert sorted(shown()) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_the_page_shows_what_is_printed(name: str) -> None:
    pairs = list(zip_longest(comparable(shown()[name]), comparable(printed(name)), fillvalue=""))
    assert [pair for pair in pairs if not agree(*pair)] == []


def test_the_reference_names_every_key() -> None:
    text = PAGE.read_text()
    keys = [*SubmissionSettings.model_fields, "inputs", "classes", "l2"]
    assert not [key for key in keys if f"`{key}`" not in text]
    assert not [table for table in NetworkFile.model_fields if table not in text and table != "question"]


def test_the_code_on_the_page_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    names: dict = {}
    for code in re.findall(r"```python\n(.*?)```", PAGE.read_text(), flags=re.DOTALL):
        exec(compile(code, str(PAGE), "exec"), names)
    with pytest.raises(AssertionError, match="tanh"):
        names["test_my_gradients"]()


def write() -> None:
    """The page with fresh outputs."""

    def fresh(match: re.Match[str]) -> str:
        return f"<!-- shoal doctor {match[1]} -->\n\n```text\n{printed(match[1])}```\n"

    PAGE.write_text(SHOWN.sub(fresh, PAGE.read_text()))


if __name__ == "__main__":
    write()

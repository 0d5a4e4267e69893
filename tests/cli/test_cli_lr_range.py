"""shoal lr-range from the command line."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from shoal.cli.main import app
from shoal.errors import StudyError

STUDY = """question = "Which rate?"  # mine
[data]
train = 200
validation = 50
[network]
hidden = [8]
[training]
steps = 20
schedule = { kind = "triangular", min = 1e-6, max = 9.0, half_cycle = 10 }
[record]
points = 2
[vary]
seed = 2
"""


@pytest.fixture
def study(tmp_path: Path) -> Path:
    file = tmp_path / "small.toml"
    file.write_text(STUDY)
    return file


def call(*arguments: object):
    return CliRunner().invoke(app, ["lr-range", *map(str, arguments)], catch_exceptions=False)


def test_a_ramp_leaves_a_page_and_pictures_and_says_its_bounds(study: Path, tmp_path: Path) -> None:
    found = call(study, "--min", 1e-4, "--steps", 100, "--out", tmp_path / "out")
    assert found.exit_code == 0, found.output
    assert "Suggested: minimum" in found.stdout
    files = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"lr-range.html", "lr-range.nc", "lr-range.svg", "lr-range.png", "study.toml"} <= files
    page = (tmp_path / "out" / "lr-range.html").read_text()
    assert page.count("<svg") >= 1
    assert "<script" not in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert study.read_text() == STUDY


def test_json_and_write(study: Path, tmp_path: Path) -> None:
    found = call(study, "--min", 1e-4, "--steps", 100, "--out", tmp_path / "out", "--json", "--write")
    record = json.loads(found.stdout)
    low, high = (record["suggested"][name]["mean"] for name in ("minimum", "maximum"))
    assert 1e-4 < low < high < 10
    assert record["suggested"]["maximum"]["seeds"] == 2
    text = study.read_text()
    assert f"min = {float(f'{low:.1e}')}, max = {float(f'{high:.1e}')}, half_cycle = 10" in text
    assert "# mine" in text
    assert (tmp_path / "small.toml.bak").read_text() == STUDY


def test_a_grid_is_a_run_with_its_report(study: Path, tmp_path: Path) -> None:
    options = ("--mode", "grid", "--min", 1e-3, "--max", 1.0, "--steps", 4, "--seeds", 3, "--out")
    found = call(study, *options, tmp_path / "out")
    assert found.exit_code == 0, found.output
    files = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"results.nc", "report.html", "lr-range.html", "lr-range.png"} <= files


def test_a_study_without_a_schedule_is_refused_before_anything_runs(study: Path, tmp_path: Path) -> None:
    study.write_text(STUDY.replace("schedule = {", "learning_rate = 0.1 # {"))
    with pytest.raises(StudyError, match="no schedule"):
        call(study, "--out", tmp_path / "out", "--write")
    assert not (tmp_path / "out").exists()

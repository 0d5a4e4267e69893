"""What the documentation shows is true: its study files load, and its tables name every setting."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from shoal.cluster.batch_system import load_batch_system
from shoal.doctor.submissions.network_file import load_network_file
from shoal.study.load import load_study, make_study
from shoal.study.settings.data import DataSettings
from shoal.study.settings.full_batch import FULL_BATCH
from shoal.study.settings.network import NetworkSettings
from shoal.study.settings.record import RecordSettings
from shoal.study.settings.training import NamedOptimizer, TrainingSettings

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("**/*.md")])
STUDIES = sorted((ROOT / "studies").glob("**/*.toml"))


def _blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page.read_text(), flags=re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_study_in_the_docs_loads(page: Path, tmp_path: Path) -> None:
    for i, text in enumerate(_blocks(page, "toml")):
        file = tmp_path / f"{i}.toml"
        whole = ("[training]", "[submission]", "[options]")
        if not any(table in text for table in whole):  # a part of a study
            text += "\n[training]\nsteps = 1\nlearning_rate = 0.1\n"
        file.write_text(text)
        if "[submission]" in text:
            load_network_file(file)
        elif "[options]" in text:
            load_batch_system(file)
        else:
            load_study(file).cells()


@pytest.mark.parametrize("file", STUDIES, ids=lambda file: file.stem)
def test_every_shipped_study_loads_and_asks_a_question(file: Path) -> None:
    study = load_study(file)
    assert study.question.endswith("?")
    assert study.cells()


@pytest.mark.parametrize("table", [DataSettings, NetworkSettings, TrainingSettings, RecordSettings])
def test_the_reference_names_every_setting(table: type) -> None:
    text = (ROOT / "docs" / "study-file.md").read_text()
    missing = [name for name in table.model_fields if f"`{name}`" not in text]  # type: ignore[attr-defined]
    assert not missing


def test_the_reference_names_every_schedule_and_optimizer() -> None:
    text = (ROOT / "docs" / "study-file.md").read_text()
    for kind in (
        "step_decay",
        "exponential",
        "triangular",
        "triangular2",
        "exp_range",
        "cyclical",
        "cosine",
        "one_cycle",
    ):
        assert f"`{kind}`" in text
    for optimizer in sorted({*get_args(NamedOptimizer)} - {*FULL_BATCH}):
        assert f"`{optimizer}`" in text
        make_study({"training": {"steps": 1, "learning_rate": 0.1, "optimizer": optimizer}})


def test_the_example_of_exact_numbers_prints_what_it_says(capsys: pytest.CaptureFixture[str]) -> None:
    (code,) = _blocks(ROOT / "docs" / "study-file.md", "python")
    exec(code, {})
    assert re.search(r"# (0\.\d+),", code).group(1)[:14] == capsys.readouterr().out[:14]  # type: ignore[union-attr]


def test_links_between_pages_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name} -> {target}"

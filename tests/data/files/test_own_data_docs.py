"""Every example of docs/own-data.md, run: its Python makes the file that its study then loads."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from shoal.population.plan import plan_study
from shoal.study.load import load_study

PAGE = Path(__file__).resolve().parents[3] / "docs" / "own-data.md"
EXAMPLES = dict(re.findall(r"```python\n(.*?)```\s*```toml\n(.*?)```", PAGE.read_text(), flags=re.DOTALL))
TRAINING = "\n[training]\nsteps = 1\nbatch_size = 10\nlearning_rate = 0.1\n"
FOUND = {
    "digits.mat": ((20, 20, 1), tuple(map(str, range(1, 11)))),
    "shapes.npz": ((12, 10, 1), ("circle", "square", "star")),
    "textures": ((12, 12, 1), ("plain", "striped")),
    "flowers.csv": ((2,), ("setosa", "virginica")),
    "animals.parquet": ((2,), ("beetle", "mouse")),
}


def path_of(study: str) -> str:
    return re.findall(r'path = "(.*)"', study)[0]


def test_every_format_has_an_example():
    assert {path_of(study) for study in EXAMPLES.values()} == set(FOUND)


@pytest.mark.parametrize(("python", "toml"), EXAMPLES.items(), ids=map(path_of, EXAMPLES.values()))
def test_the_example_loads(python: str, toml: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for library, extra in (("pyarrow", "parquet"), ("PIL", "images")):
        if library in python:
            pytest.importorskip(library, reason=f"pip install 'shoal[{extra}]'")
    monkeypatch.chdir(tmp_path)
    exec(python, {})
    (tmp_path / "study.toml").write_text(toml + TRAINING)
    (program,) = plan_study(load_study(tmp_path / "study.toml")).programs
    assert (program.inputs.shape, program.inputs.dataset.classes) == FOUND[path_of(toml)]

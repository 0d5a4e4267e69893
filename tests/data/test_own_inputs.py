"""A study on data of the user's own: where they are looked for, and that their names reach the results."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from shoal.api import run
from shoal.data.inputs import Loader
from shoal.doctor.submissions.case import submission_examples
from shoal.doctor.submissions.network_file import make_network_file
from shoal.errors import DataError, StudyError
from shoal.lr_range.ramp import Ramp, grid_study, ramp_study
from shoal.population.plan import plan_study
from shoal.report import render
from shoal.study.load import load_study
from small_studies import small_study

STUDY = """
[data]
path = "own.mat"
test = 10
[network]
hidden = [4]
[training]
steps = 2
batch_size = 20
learning_rate = 0.1
[vary]
seed = 1
"""


def write(folder: Path, words: tuple[str, ...] = ("ant", "bee")) -> Path:
    folder.mkdir(exist_ok=True)
    rng = np.random.default_rng(1)
    y = np.array([words[i % len(words)] for i in range(60)], object)
    savemat(folder / "own.mat", {"X": rng.normal(size=(60, 5)), "y": y})
    (folder / "study.toml").write_text(STUDY)
    return folder / "study.toml"


def test_a_path_is_taken_from_the_study_file_then_from_the_data_folder(tmp_path: Path):
    study = load_study(write(tmp_path / "here"))
    write(tmp_path / "data", ("cat", "dog"))
    (beside,) = plan_study(study, data_dir=tmp_path / "data").programs
    assert beside.inputs.dataset.classes == ("ant", "bee")
    (tmp_path / "here" / "own.mat").unlink()
    (kept,) = plan_study(study, data_dir=tmp_path / "data").programs
    assert kept.inputs.dataset.classes == ("cat", "dog")


def test_a_path_that_does_not_exist_says_where_was_looked_and_what_is_there(tmp_path: Path):
    file = write(tmp_path)
    file.write_text(STUDY.replace("own.mat", "owm.mat"))
    with pytest.raises(DataError, match=r"there is no .*owm\.mat") as error:
        plan_study(load_study(file))
    assert "own.mat" in error.value.remedy


def test_the_folder_is_no_part_of_the_studys_text(tmp_path: Path):
    study = load_study(write(tmp_path))
    assert study.text == STUDY
    assert str(tmp_path) not in json.dumps(study.raw)


def test_class_names_and_the_file_reach_the_results(tmp_path: Path):
    result = run(load_study(write(tmp_path)), check=False)
    assert result["class"].values.tolist() == result["predicted"].values.tolist() == ["ant", "bee"]
    assert result["confusion"].sum() == 10
    data = json.loads(result.attrs["data"])
    assert data["name"] == "own.mat"
    assert data["class_names"] == ["ant", "bee"]
    assert data["source"].startswith(f"{tmp_path / 'own.mat'} (SHA-256 ")
    assert len(data["fingerprint"]) == 64


def test_paths_can_vary(tmp_path: Path):
    write(tmp_path / "a")
    write(tmp_path / "b", ("x", "y", "z"))
    study = small_study(data={"path": "unused"}, vary={"data.path": ["a/own.mat", "b/own.mat"]})
    loader = Loader(folder=tmp_path)
    assert [loader.inputs(cell.settings.data).classes for cell in study.cells()] == [2, 3]


def test_a_name_and_a_path_or_a_target_alone_are_mistakes():
    with pytest.raises(StudyError, match="name and path are both given"):
        small_study(data={"name": "mnist", "path": "own.mat"})
    with pytest.raises(StudyError, match="target = 'species' is a column of a table of your own"):
        small_study(data={"target": "species"})


def test_ramps_grids_and_network_files_find_the_same_data(tmp_path: Path):
    study = load_study(write(tmp_path))
    for made in (ramp_study(study, Ramp(1e-4, 1.0, 10)), grid_study(study, 1e-3, 1.0, 2)):
        assert plan_study(made).programs[0].inputs.dataset.classes == ("ant", "bee")
    network = make_network_file({"data": {"path": "own.mat"}, "network": {"hidden": [4]}})
    batches = submission_examples(network, folder=tmp_path)
    assert (batches.inputs, batches.classes) == ((5,), 2)


def test_class_names_reach_the_report_as_text(tmp_path: Path):
    result = run(load_study(write(tmp_path, ("<ant>", "bee"))), check=False)
    page = render(result)
    assert "&lt;ant&gt;" in page
    assert "<ant>" not in page


def test_a_known_data_set_says_its_class_names_too():
    assert Loader().inputs(small_study().base.data).describe()["class_names"] == list("0123456789")

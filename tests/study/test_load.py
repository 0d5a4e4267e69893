"""A study file in, a study out; the same from a dictionary."""

import tomllib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.study.load import load_study, make_study
from shoal.study.settings.study import with_levels
from shoal.study.toml import inline, plain, to_toml
from small_studies import raw_study, small_study

STUDIES = sorted((Path(__file__).resolve().parents[2] / "studies").rglob("*.toml"))
TEXT = """question = "Does it help?"  # a comment
[training]
steps = 3
learning_rate = 0.1
[vary]
"training.l2" = { log = [1e-2, 1.0], count = 3 }
network.batch_norm = [false, true]
seed = 4
"""


@pytest.fixture
def study_file(tmp_path: Path) -> Path:
    file = tmp_path / "study.toml"
    file.write_text(TEXT)
    return file


def test_a_file_gives_the_base_the_factors_and_the_seeds(study_file):
    study = load_study(study_file)
    assert study.question == "Does it help?"
    assert study.base.training.l2 == 0.01  # the first level of every factor
    assert [(f.path, f.name, f.levels) for f in study.factors] == [
        ("training.l2", "l2", (0.01, 0.1, 1.0)),
        ("network.batch_norm", "batch_norm", (False, True)),
    ]
    assert study.seeds == (0, 1, 2, 3)
    assert study.shape == (3, 2)
    assert study.member_count == 24
    assert study.text == TEXT


def test_what_is_not_written_has_its_default():
    study = make_study({"training": {"epochs": 1, "learning_rate": 1}})
    assert study.base.data.name == "digits"
    assert study.base.network.hidden_widths == (50,)
    assert study.factors == ()
    assert len(study.seeds) == 5
    assert study.cells()[0].label == "the only cell"


def test_another_number_of_seeds_replaces_the_study_s_own_also_in_its_text(study_file):
    study = load_study(study_file, seeds=2)
    assert study.seeds == (0, 1)
    assert tomllib.loads(study.text)["vary"]["seed"] == 2
    assert make_study(tomllib.loads(study.text)).factors == load_study(study_file).factors


def test_seeds_may_be_listed_and_keep_their_order():
    assert small_study(vary={"seed": [7, 0, 2**31 - 1]}).seeds == (7, 0, 2**31 - 1)


@pytest.mark.parametrize("ends", ["\r\n", "\n"], ids=["Windows", "Unix"])
@pytest.mark.parametrize("mark", [b"\xef\xbb\xbf", b""], ids=["with a mark", "without a mark"])
def test_line_ends_and_byte_order_mark_of_other_systems_are_taken(tmp_path, ends, mark):
    file = tmp_path / "study.toml"
    file.write_bytes(mark + TEXT.replace("\n", ends).encode())
    assert load_study(file).factors[1].levels == (False, True)


def test_cells_are_all_combinations_the_last_factor_running_fastest(study_file):
    cells = load_study(study_file).cells()
    assert [cell.index for cell in cells] == [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 1)]
    assert cells[3].levels == {"training.l2": 0.1, "network.batch_norm": True}
    assert cells[3].label == "l2=0.1, batch_norm=true"
    assert (cells[3].settings.training.l2, cells[3].settings.network.batch_norm) == (0.1, True)


def test_levels_may_be_tables_lists_and_names():
    study = small_study(
        vary={
            "network.initial": ["he_normal", {"normal": 0.01}],
            "network.hidden": [[], [8], [8, 4]],
            "training.optimizer": ["sgd", {"kind": "adam", "beta1": 0.8}],
        }
    )
    assert [factor.labels for factor in study.factors] == [
        ("he_normal", "normal 0.01"),
        ("none", "8", "8-4"),
        ("sgd", "adam beta1 0.8"),
    ]
    last = study.cells()[-1].settings
    assert last.network.initial.normal == 0.01
    assert last.network.hidden_widths == (8, 4)
    assert last.training.optimizer_table.beta1 == 0.8


def test_a_path_may_lead_into_a_table_that_is_not_written():
    cells = small_study(vary={"network.batch_norm.decay": [0.8, 0.99]}).cells()
    assert [cell.settings.network.batch_norm.decay for cell in cells] == [0.8, 0.99]


def test_a_dictionary_may_hold_numpy_s_numbers_and_arrays_and_none():
    raw = raw_study(training={"l2": np.float32(0.5), "batch_size": np.int64(5)}, data={"train": None})
    raw["vary"] = {
        "training.l2": np.array([0.25, 0.5]),
        "network.hidden": [np.array([3, 3])],
        "seed": np.int64(2),
    }
    study = make_study(raw)
    assert study.base.training.batch_size == 5
    assert study.factors[0].levels == (0.25, 0.5)
    assert study.factors[1].levels == ([3, 3],)
    assert make_study(tomllib.loads(study.text)).factors == study.factors


def test_making_a_study_leaves_the_dictionary_alone():
    raw = raw_study(vary={"network.batch_norm.decay": [0.8, 0.99]})
    before = plain(raw)
    make_study(raw).cells()
    assert raw == before


def test_levels_reach_their_places_in_a_copy():
    raw = {"network": {"batch_norm": {"decay": 0.9, "epsilon": 1e-5}}}
    changed = with_levels(raw, {"network.batch_norm.decay": 0.5, "training.schedule.max": 1})
    assert changed == {
        "network": {"batch_norm": {"decay": 0.5, "epsilon": 1e-5}},
        "training": {"schedule": {"max": 1}},
    }
    assert raw["network"]["batch_norm"]["decay"] == 0.9


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_every_study_that_ships_is_valid_with_all_its_cells(path):
    study = load_study(path)
    assert study.question.endswith("?")
    assert len(study.cells()) * len(study.seeds) == study.member_count


def test_the_quickstart_and_the_studies_of_the_reports_ship():
    names = {path.stem for path in STUDIES}
    assert {"quickstart", "000-nine-layer", "001-sensitivity", "002-search"} <= names


VALUE = st.recursive(
    st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(raw=st.dictionaries(st.text(st.characters(codec="utf-8")), VALUE, max_size=4))
def test_the_toml_of_any_study_built_in_code_reads_back_as_it_was(raw):
    assert tomllib.loads(to_toml(raw)) == raw


@given(value=VALUE)
def test_a_value_in_line_reads_back_as_it_was(value):
    assert tomllib.loads(f"x = {inline(value)}")["x"] == value

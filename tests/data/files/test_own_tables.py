"""CSV and Parquet: the same table read from either, and the column and row of whatever is wrong in it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shoal.data.files import load_own
from shoal.errors import DataError

FLOWERS: dict[str, list[Any]] = {
    "length": [5.1, 4.9, 6.3, 5.8],
    "species": ["setosa", "setosa", "virginica", "virginica"],
    "width": [3.5, 3.0, 3.3, 2.7],
}
Table = Callable[[dict[str, list[Any]]], str]


@pytest.fixture(params=["csv", "parquet"])
def write(request: pytest.FixtureRequest, tmp_path: Path) -> Table:
    """Writes a table in either format."""

    def csv(columns: dict[str, list[Any]]) -> str:
        rows = zip(*columns.values(), strict=True)
        lines = [",".join("" if cell is None else str(cell) for cell in row) for row in [columns, *rows]]
        (tmp_path / "own.csv").write_text("\n".join(lines) + "\n")
        return str(tmp_path / "own.csv")

    def parquet(columns: dict[str, list[Any]]) -> str:
        arrow = pytest.importorskip("pyarrow", reason="pip install 'shoal[parquet]'")
        pytest.importorskip("pyarrow.parquet").write_table(arrow.table(columns), tmp_path / "own.parquet")
        return str(tmp_path / "own.parquet")

    return {"csv": csv, "parquet": parquet}[request.param]


def test_features_keep_the_order_of_their_columns_and_classes_are_sorted(write: Table):
    data = load_own(write(FLOWERS), target="species")
    np.testing.assert_array_equal(
        data.train.inputs, np.array([FLOWERS["length"], FLOWERS["width"]], np.float32).T
    )
    assert data.train.labels.tolist() == [0, 0, 1, 1]
    assert data.classes == ("setosa", "virginica")


def test_whole_numbers_as_labels_are_sorted_by_size(write: Table):
    data = load_own(write({"a": [1, 2, 3, 4], "y": [10, 2, 10, 2]}), target="y")
    assert data.classes == ("2", "10")


def test_many_rows_come_in_their_order(write: Table):
    n = 5000  # several blocks
    data = load_own(write({"a": list(range(n)), "y": [i % 3 for i in range(n)]}), target="y")
    np.testing.assert_array_equal(data.train.inputs[:, 0], np.arange(n))
    np.testing.assert_array_equal(data.train.labels, np.arange(n) % 3)


@pytest.mark.parametrize(
    ("changes", "target", "message", "remedy"),
    [
        ({}, "specis", "has no column 'specis'", "did you mean 'species'"),
        ({}, "Species", "has no column 'Species'", "did you mean 'species'"),
        ({}, None, "is a table with columns 'length', 'species', 'width'", "target = "),
        ({"length": None, "width": None}, "species", "no column but the target", "columns of numbers"),
        (
            {"width": [3.5, None, 3.3, None]},
            "species",
            "2 values are missing in one column",
            "fill the values",
        ),
        ({"species": ["a", None, "b", None]}, "species", "2 of 4 labels are missing", "give them a label"),
        ({"colour": ["red", "red", "blue", "red"]}, "species", "column 'colour' holds", "as numbers"),
        ({"width": [1e39, 1.0, 1.0, 1.0]}, "species", r"1e\+?39.* is no finite 32-bit number", ""),
        ({"species": [5.1, 4.9, 4.8, 4.6]}, "species", "the label of example 0 is 5.1", "regression"),
    ],
)
def test_what_cannot_be_trained_on_is_one_clear_message(
    write: Table, changes: dict, target: str | None, message: str, remedy: str
):
    columns = {name: cells for name, cells in {**FLOWERS, **changes}.items() if cells is not None}
    with pytest.raises(DataError, match=message) as error:
        load_own(write(columns), target=target)
    assert remedy in error.value.remedy


def test_the_first_missing_value_is_named(write: Table):
    path = write({**FLOWERS, "width": [3.5, 3.0, None, 2.7]})
    row = "line 4" if path.endswith("csv") else "row 3"
    with pytest.raises(DataError, match=f"1 value is missing in one column; .* 'width', {row}"):
        load_own(path, target="species")


def csv(folder: Path, text: str, encoding: str = "utf-8") -> str:
    (folder / "own.csv").write_text(text, encoding=encoding, newline="")
    return str(folder / "own.csv")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b,y\n1,2,u\n3,wet,v\n", r"column 'b', line 3: 'wet' .* 1 numbers and 1 such cells"),
        ("a,b,y\n1,2,u\n3,v\n", "line 3: 2 cells, where the first line names 3 columns"),
        ('a,b,y\n"1\n",2,u\n3,4,v,5\n', "line 4: 4 cells"),
        ("a,a,y\n1,2,u\n", "two columns named 'a'"),
        (",a,y\n0,2,u\n", "column 1 of 3 has no name"),
        ("5,2,7\n1,2,0\n", "the first line .* holds numbers"),
        ("a,b,y\n", "names in its first line and no rows"),
        ("", "is empty"),
        ('a,y\n"1"2,u\n', "is no CSV file"),
        ("a,y\ninf,u\n1,v\n", "column 'a', line 2: 'inf'"),
        ("a,b,y\n,NA,u\n1,2,v\n", "2 values are missing in 2 columns; the first is in column 'a', line 2"),
    ],
)
def test_mistakes_of_csv_name_their_line(tmp_path: Path, text: str, message: str):
    with pytest.raises(DataError, match=message):
        load_own(csv(tmp_path, text), target="y")


def test_text_that_is_not_utf_8_says_so(tmp_path: Path):
    with pytest.raises(DataError, match="is not UTF-8"):
        load_own(csv(tmp_path, "größe,y\n1,u\n", "latin-1"), target="y")


def test_semicolons_tabs_quotes_a_byte_order_mark_and_empty_lines_are_read(tmp_path: Path):
    for delimiter in ";\t":
        text = '\ufeffa;"b; c";y\r\n1;2;"u"\r\n\r\n3;4;v\r\n'.replace(";", delimiter)
        data = load_own(csv(tmp_path, text), target="y")
        np.testing.assert_array_equal(data.train.inputs, [[1, 2], [3, 4]])
        assert data.classes == ("u", "v")
        assert "separated by" in data.notes[0]


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (["007", "7"], ("007", "7")),
        (["1.0", "0.0"], ("0", "1")),
        (["-1", "1"], ("-1", "1")),
        (["yes", "3"], ("3", "yes")),
    ],
)
def test_labels_keep_their_texts(tmp_path: Path, labels: list[str], classes: tuple[str, ...]):
    rows = "".join(f"{i},{label}\n" for i, label in enumerate(labels))
    assert load_own(csv(tmp_path, f"a,y\n{rows}"), target="y").classes == classes


@pytest.fixture
def arrow() -> Any:
    pytest.importorskip("pyarrow.parquet", reason="pip install 'shoal[parquet]'")
    return pytest.importorskip("pyarrow")


def test_parquet_keeps_categories_truth_values_and_leaves_an_index_out(tmp_path: Path, arrow: Any):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"wet": [True, False, True], "y": pandas.Categorical(["b", "a", "b"])})
    frame.set_index(pandas.Index([7, 9, 8], name="id")).to_parquet(tmp_path / "own.parquet")
    data = load_own(str(tmp_path / "own.parquet"), target="y")
    np.testing.assert_array_equal(data.train.inputs, [[1], [0], [1]])
    assert data.classes == ("a", "b")
    assert "the pandas index 'id'" in data.notes[0]


def test_parquet_features_of_other_kinds_are_named(tmp_path: Path, arrow: Any):
    for cells in ([[1], [2]], [b"a", b"b"], arrow.array([1, 2], arrow.date32())):
        arrow.parquet.write_table(arrow.table({"a": cells, "y": [0, 1]}), tmp_path / "own.parquet")
        with pytest.raises(DataError, match=r"column 'a' holds .* in row 1; features are numbers"):
            load_own(str(tmp_path / "own.parquet"), target="y")


def test_a_damaged_parquet_file_is_said_to_be_one(tmp_path: Path, arrow: Any):
    (tmp_path / "own.parquet").write_bytes(b"PAR1 nothing of the kind PAR1")
    with pytest.raises(DataError, match="is damaged or no Parquet file"):
        load_own(str(tmp_path / "own.parquet"), target="y")


def test_parquet_without_its_library_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    (tmp_path / "own.parquet").touch()
    with pytest.raises(DataError, match="pyarrow, which is not installed") as error:
        load_own(str(tmp_path / "own.parquet"), target="y")
    assert error.value.remedy == "pip install 'shoal[parquet]'"

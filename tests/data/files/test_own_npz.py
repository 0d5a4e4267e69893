"""NumPy archives: their spellings, their test part, and the pickles that are never opened."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shoal.data.files import load_own
from shoal.errors import DataError

X = np.arange(6 * 4, dtype=np.uint8).reshape(6, 2, 2)
Y = np.array([0, 1, 2, 0, 1, 2])


def npz(folder: Path, **arrays: Any) -> str:
    np.savez_compressed(folder / "own.npz", **arrays)
    return str(folder / "own.npz")


@pytest.mark.parametrize(("x", "y"), [("x", "y"), ("X", "y"), ("x_train", "y_train")])
def test_images_stay_bytes_and_get_a_channel(tmp_path: Path, x: str, y: str):
    data = load_own(npz(tmp_path, **{x: X, y: Y}))
    np.testing.assert_array_equal(data.train.inputs, X[..., None])
    assert data.train.inputs.dtype == np.uint8
    assert data.classes == ("0", "1", "2")
    assert data.test is None
    assert data.notes == ()


def test_a_test_part_shares_the_numbering_of_the_classes(tmp_path: Path):
    words = np.array(["wasp", "ant", "bee", "wasp", "ant", "bee"])
    data = load_own(npz(tmp_path, x=X, y=words, x_test=X[:2], y_test=np.array(["bee", "wasp"])))
    assert data.classes == ("ant", "bee", "wasp")
    assert data.test is not None
    assert data.test.labels.tolist() == [1, 2]


def test_labels_as_bytes_and_truth_values_are_names_too(tmp_path: Path):
    assert load_own(npz(tmp_path, x=X, y=np.array([b"a", b"b"] * 3))).classes == ("a", "b")
    assert load_own(npz(tmp_path, x=X, y=np.array([True, False] * 3))).classes == ("false", "true")


def test_other_arrays_are_left_alone_and_said(tmp_path: Path):
    (note,) = load_own(npz(tmp_path, x=X, y=Y, weights=np.ones(3))).notes
    assert "also holds weights" in note


class Explosive:
    """Unpickling it would leave a file behind."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return (Path.touch, (self.path,))


def test_an_array_of_objects_is_refused_and_nothing_of_it_is_run(tmp_path: Path):
    trap = tmp_path / "ran"
    path = npz(tmp_path, x=np.array([Explosive(trap)] * 6, object), y=Y)
    with pytest.raises(DataError, match="x holds Python objects, which are pickles"):
        load_own(path)
    assert not trap.exists()
    with np.load(path, allow_pickle=True) as archive:  # what would have happened
        archive["x"]
    assert trap.exists()


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"data": X, "y": Y}, "has no array x or X or x_train or X_train; it has data, y"),
        ({"x": X}, "has no array y or Y"),
        ({"x": X, "X": X, "y": Y}, "holds both x and X"),
        ({"x": X, "y": Y, "x_test": X}, "has no array y_test"),
        ({"x": X, "y": np.eye(6)[Y]}, r"y has shape \(6, 6\); expected one label for each example"),
        ({"x": X, "y": Y[:5]}, r"labels have shape \(5,\), but there are 6 inputs"),
        ({"x": X[:, 0, 0], "y": Y}, r"x has shape \(6,\)"),
        ({"x": X[..., None, None], "y": Y}, r"x has shape \(6, 2, 2, 1, 1\)"),
        ({"x": np.ones((6, 3, 8, 8)), "y": Y}, "its channels seem to come first"),
        ({"x": np.array([["a", "b"]] * 6), "y": Y}, "x holds <U1, no numbers"),
        ({"x": X, "y": Y, "x_test": X[:, :1], "y_test": Y}, "test ones"),
        ({"x": X, "y": Y, "x_test": X, "y_test": Y + 1}, "example 2 is of class '3', of which there is no"),
        ({"x": np.ones((40, 2)), "y": np.linspace(0, 1, 40)}, "label of example 1 is 0.025641, one of 40"),
        ({"x": np.ones((40, 2)), "y": np.arange(40)}, "40 different values in 40 examples"),
        ({"x": np.ones((6, 2)), "y": np.array(["a", " ", "b"] * 2)}, "2 of 6 labels are missing"),
    ],
)
def test_what_cannot_be_trained_on_is_one_clear_message(tmp_path: Path, arrays: dict, message: str):
    with pytest.raises(DataError, match=message):
        load_own(npz(tmp_path, **arrays))


def test_a_target_has_no_column_to_name(tmp_path: Path):
    with pytest.raises(DataError, match=r"target = 'y' was given, but own\.npz has no columns"):
        load_own(npz(tmp_path, x=X, y=Y), target="y")


def test_what_is_no_archive_or_was_cut_short_is_damaged(tmp_path: Path):
    path = Path(npz(tmp_path, x=X, y=Y))
    for content in (b"", b"\x93NUMPY", path.read_bytes()[:-40]):
        path.write_bytes(content)
        with pytest.raises(DataError, match=r"is damaged or no \.npz file"):
            load_own(str(path))


def test_a_header_that_announces_too_much_is_refused_before_memory_is_taken(tmp_path: Path):
    header = io.BytesIO()
    fields = {"descr": "<f8", "fortran_order": False, "shape": (1 << 30, 1 << 10)}
    np.lib.format.write_array_header_1_0(header, fields)
    with zipfile.ZipFile(tmp_path / "own.npz", "w") as archive:
        archive.writestr("x.npy", header.getvalue())
        archive.writestr("y.npy", header.getvalue())
    with pytest.raises(DataError, match="announces an array of shape"):
        load_own(str(tmp_path / "own.npz"))


def test_an_unknown_suffix_lists_the_known_ones(tmp_path: Path):
    (tmp_path / "own.xlsx").touch()
    with pytest.raises(DataError, match="of no known kind") as error:
        load_own(str(tmp_path / "own.xlsx"))
    assert ".csv" in error.value.remedy

"""MATLAB files: images column by column, labels of every kind, both file versions, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from scipy.io import savemat

from shoal.data import check_dataset
from shoal.data.files import load_own
from shoal.errors import DataError


def mat(folder: Path, **variables: Any) -> str:
    savemat(folder / "own.mat", variables)
    return str(folder / "own.mat")


def mat73(folder: Path, **arrays: np.ndarray) -> str:
    """As MATLAB writes version 7.3: a header of its own, then HDF5 with every array's axes reversed."""
    path = folder / "own.mat"
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, array in arrays.items():
            file.create_dataset(name, data=array.transpose()).attrs["MATLAB_class"] = np.bytes_("double")
    with path.open("r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + b"\x00\x02IM")
    return str(path)


def images(n: int = 6, rows: int = 8, columns: int = 8) -> np.ndarray:
    return np.arange(n * rows * columns, dtype=np.float64).reshape(n, rows, columns)


LABELS = np.array([[1], [2], [10], [1], [2], [10]])


@pytest.mark.parametrize("write", [mat, mat73])
def test_rows_of_pixels_are_square_images_stored_column_by_column(tmp_path: Path, write: Any):
    rows = np.stack([image.ravel(order="F") for image in images()])
    data = load_own(write(tmp_path, X=rows, y=LABELS))
    np.testing.assert_array_equal(data.train.inputs[..., 0], images())
    assert data.train.inputs.dtype == np.float32
    assert "images of 8 x 8, column by column" in data.notes[0]


def test_labels_keep_their_texts_in_the_order_of_their_size(tmp_path: Path):
    data = load_own(mat(tmp_path, X=np.ones((6, 3)), y=LABELS.astype(float)))
    assert data.classes == ("1", "2", "10")
    np.testing.assert_array_equal(data.train.labels, [0, 1, 2, 0, 1, 2])
    assert data.notes == ("labels 1 to 10 were numbered 0 to 2 and kept as class names",)


def test_of_labels_from_1_to_10_it_is_said_that_10_may_be_the_digit_0(tmp_path: Path):
    data = load_own(mat(tmp_path, X=np.ones((20, 3)), y=1 + np.arange(20) % 10))
    assert data.classes[9] == "10"
    assert "10 stands for the digit 0" in data.notes[0]


def test_a_cell_array_of_text_and_a_char_array_name_the_classes(tmp_path: Path):
    words = ["cat", "dog", "cat", "ant", "dog", "ant"]
    for y in (np.array(words, object)[:, None], np.array(words)):
        data = load_own(mat(tmp_path, X=np.ones((6, 3)), y=y))
        assert data.classes == ("ant", "cat", "dog")
        assert data.train.labels.tolist() == [1, 2, 1, 0, 2, 0]


def test_images_with_examples_last_are_put_first(tmp_path: Path):
    colour = np.stack([images()] * 3, axis=-1).astype(np.uint8)  # (N, I, J, C)
    data = load_own(mat(tmp_path, X=np.moveaxis(colour, 0, -1), y=LABELS))
    np.testing.assert_array_equal(data.train.inputs, colour)
    gray = load_own(mat(tmp_path, X=np.moveaxis(images(), 0, -1), y=LABELS))
    np.testing.assert_array_equal(gray.train.inputs[..., 0], images())


def test_rows_of_other_lengths_are_features(tmp_path: Path):
    for length in (4, 20, 65):
        assert load_own(mat(tmp_path, X=np.ones((6, length)), y=LABELS)).shape == (length,)


def test_the_source_names_the_file_and_its_hash(tmp_path: Path):
    path = mat(tmp_path, X=np.ones((6, 3)), y=LABELS)
    data = load_own("own.mat", folders=[tmp_path / "elsewhere", tmp_path])
    assert data.name == "own.mat"
    assert data.source.startswith(f"{path} (SHA-256 ")


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"X": np.ones((6, 3))}, "has no variable y; it has X"),
        ({"data": np.ones((6, 3)), "y": LABELS}, "has no variable X; it has data, y"),
        ({"X": {"a": 1}, "y": LABELS}, "X is a struct array"),
        ({"X": np.ones((6, 3)) * 1j, "y": LABELS}, "X holds complex numbers"),
        ({"X": np.ones((5, 3)), "y": LABELS}, "labels have shape .6,., but there are 5 inputs"),
        ({"X": np.ones((6, 3)), "y": np.eye(6)}, r"shape \(6, 6\); expected one label for each example"),
        ({"X": np.ones((6, 3)), "y": LABELS + 0.5}, "label of example 0 is 1.5, one of 3 values"),
        ({"X": np.ones((6, 3)), "y": np.array([1, 2, 1, np.nan, 2, 2])}, "1 of 6 labels are missing"),
        ({"X": np.ones((6, 3)), "y": np.array([1, [2], "a"], object)}, "a cell array of more than text"),
        ({"X": np.array([[1, np.nan]] * 6), "y": LABELS}, "6 values are missing .NaN., in 6 of 6 examples"),
        ({"X": np.full((6, 3), 1e60), "y": LABELS}, "1e.60 at example 0, input .0. is not a finite 32-bit"),
    ],
)
def test_what_cannot_be_trained_on_is_one_clear_message(tmp_path: Path, variables: dict, message: str):
    with pytest.raises(DataError, match=message):
        load_own(mat(tmp_path, **variables))


def test_one_class_alone_is_refused(tmp_path: Path):
    with pytest.raises(DataError, match="all of class '7'"):
        check_dataset(load_own(mat(tmp_path, X=np.ones((6, 3)), y=np.full(6, 7))))


@pytest.mark.parametrize("content", [b"", b"not a MATLAB file at all" * 20])
def test_another_kind_of_file_is_said_to_be_no_matlab_file(tmp_path: Path, content: bytes):
    (tmp_path / "own.mat").write_bytes(content)
    with pytest.raises(DataError, match="is damaged or no MATLAB file"):
        load_own(str(tmp_path / "own.mat"))


def test_a_file_cut_short_is_damaged(tmp_path: Path):
    for write in (mat, mat73):
        path = Path(write(tmp_path, y=np.arange(60) % 2, X=np.ones((60, 30))))
        path.write_bytes(path.read_bytes()[:1500])
        with pytest.raises(DataError, match="damaged"):
            load_own(str(path))


def test_version_7_3_refuses_what_lies_in_another_file(tmp_path: Path):
    path = mat73(tmp_path, y=LABELS)
    with h5py.File(path, "r+") as file:
        file["X"] = h5py.ExternalLink("other.h5", "X")
    with pytest.raises(DataError, match="X is a link to elsewhere"):
        load_own(path)


def test_version_7_3_without_x_and_with_text_says_what_to_do(tmp_path: Path):
    with pytest.raises(DataError, match="has no variable X; it has y"):
        load_own(mat73(tmp_path, y=LABELS))
    path = mat73(tmp_path, X=np.ones((6, 3)), y=LABELS)
    with h5py.File(path, "r+") as file:
        file["y"].attrs["MATLAB_class"] = np.bytes_("char")
    with pytest.raises(DataError, match="y is text") as error:
        load_own(path)
    assert "save('data.mat', 'X', 'y', '-v7')" in error.value.remedy


def test_a_header_that_announces_too_much_is_refused_before_memory_is_taken(tmp_path: Path):
    path = mat73(tmp_path, y=LABELS)
    with h5py.File(path, "r+") as file:
        file.create_dataset("X", (1 << 20, 1 << 20), "f8", chunks=(1024, 1024))
    with pytest.raises(DataError, match="GiB"):
        load_own(path)


@pytest.mark.real_data
def test_the_course_digits(real_data_dir: Path):
    data = load_own("digits20/digits20.mat", folders=[real_data_dir])
    assert data.train.inputs.shape == (5000, 20, 20, 1)
    assert data.classes == tuple(map(str, range(1, 11)))
    assert np.bincount(data.train.labels).tolist() == [500] * 10
    ones = data.train.inputs[data.train.labels == 0].mean(axis=0)[..., 0]
    assert ones.max(axis=1).min() < 0.5 < ones.sum(axis=1).max()

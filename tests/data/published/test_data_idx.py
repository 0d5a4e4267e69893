import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

from data_files import MNIST, idx_bytes, mnist_arrays, write_mnist
from shoal.data import load
from shoal.data.published.idx import read_file
from shoal.errors import DataError

IMAGES, LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"


@pytest.mark.parametrize("gz", [True, False])
def test_four_files_make_a_data_set(tmp_path: Path, gz: bool):
    arrays = mnist_arrays()
    write_mnist(tmp_path / "mnist", arrays, gz)
    made = load("mnist", tmp_path, download=False)
    assert made.shape == (28, 28, 1)
    np.testing.assert_array_equal(made.train.inputs[..., 0], arrays[IMAGES])
    np.testing.assert_array_equal(made.train.labels, arrays[LABELS])
    assert made.test is not None
    np.testing.assert_array_equal(made.test.inputs[..., 0], arrays["t10k-images-idx3-ubyte"])
    assert made.classes == tuple("0123456789")


def test_gzip_is_told_by_content_and_not_by_name(tmp_path: Path):
    write_mnist(tmp_path, mnist_arrays())
    for path in tmp_path.glob("*.gz"):
        path.rename(path.with_suffix(""))
    assert len(load("mnist", tmp_path, download=False).train) == 12


def test_local_files_of_another_hash_and_count_are_accepted_with_notes(tmp_path: Path):
    write_mnist(tmp_path, mnist_arrays())
    hashes, counts = load("mnist", tmp_path, download=False).notes
    assert hashes.startswith(
        "accepted although the SHA-256 is not the published one: train-images-idx3-ubyte.gz"
    )
    assert counts == "12 + 5 examples where MNIST has 60000 + 10000"


def refusal(tmp_path: Path, name: str, content: bytes) -> str:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        read_file(MNIST, name, path)
    assert str(path) in caught.value.what
    assert "shoal data fetch mnist" in caught.value.remedy
    return caught.value.what


def test_a_truncated_file_says_how_much_is_there(tmp_path: Path):
    whole = idx_bytes(mnist_arrays()[IMAGES])
    assert "holds 9308 of the 9408 bytes its header announces (12 x 28 x 28)" in refusal(
        tmp_path, IMAGES, whole[:-100]
    )


@pytest.mark.parametrize("kept", [5, 11])
def test_a_file_may_end_inside_its_header(tmp_path: Path, kept: int):
    assert "ends inside its header" in refusal(tmp_path, IMAGES, idx_bytes(mnist_arrays()[IMAGES])[:kept])


def test_a_truncated_gzip_file_is_damaged(tmp_path: Path):
    packed = gzip.compress(idx_bytes(mnist_arrays()[IMAGES]))
    assert "damaged gzip file" in refusal(tmp_path, IMAGES, packed[:-200])


@pytest.mark.parametrize("at", [1000, -6])
def test_a_flipped_byte_in_a_gzip_file_is_damage(tmp_path: Path, at: int):
    packed = bytearray(gzip.compress(idx_bytes(mnist_arrays()[IMAGES]), mtime=0))
    packed[at] ^= 0xFF
    assert "damaged gzip file" in refusal(tmp_path, IMAGES, bytes(packed))


@pytest.mark.parametrize("content", [b"", b"<!DOCTYPE html>", b"\x00\x00\x0d\x01\x00\x00\x00\x01\x00"])
def test_a_wrong_magic_number_is_shown(tmp_path: Path, content: bytes):
    assert f"starts with bytes [{content[:4].hex(' ')}]" in refusal(tmp_path, IMAGES, content)


def test_labels_under_the_images_name_are_refused(tmp_path: Path):
    content = idx_bytes(mnist_arrays()[LABELS])
    assert "shape (12,), expected (N, 28, 28)" in refusal(tmp_path, IMAGES, content)


@pytest.mark.parametrize("shape", [(0, 28, 28), (3, 27, 28)])
def test_another_image_size_or_none_is_refused(tmp_path: Path, shape: tuple[int, ...]):
    assert f"shape {shape}, expected (N, 28, 28)" in refusal(
        tmp_path, IMAGES, idx_bytes(np.zeros(shape, "u1"))
    )


def test_a_header_cannot_ask_for_all_memory(tmp_path: Path):
    header = bytes([0, 0, 8, 3]) + struct.pack(">3I", 2**32 - 1, 28, 28)
    assert "announces 4294967295 examples, the published file holds 60000" in refusal(
        tmp_path, IMAGES, header
    )


def test_bytes_after_the_end_are_refused(tmp_path: Path):
    content = idx_bytes(mnist_arrays()[LABELS]) + b"\x00"
    assert "goes on after the 12 bytes" in refusal(tmp_path, LABELS, content)


def test_a_label_out_of_range_is_named(tmp_path: Path):
    path = tmp_path / LABELS
    path.write_bytes(idx_bytes(np.array([3, 9, 10], np.uint8)))
    with pytest.raises(DataError, match="label 10 of example 2 is out of range, 10 classes"):
        read_file(MNIST, LABELS, path)


def test_images_and_labels_must_be_as_many(tmp_path: Path):
    arrays = mnist_arrays()
    arrays[LABELS] = arrays[LABELS][:-1]
    write_mnist(tmp_path, arrays)
    with pytest.raises(DataError, match=r"holds 12 images, but .* holds 11 labels"):
        load("mnist", tmp_path, download=False)

from pathlib import Path

import numpy as np
import pytest

from data_files import CIFAR_FOLDER, cifar10_files, cifar_bytes, cifar_images, tar_bytes, write_files
from shoal.data import load
from shoal.data.published.facts import CIFAR10_CLASSES
from shoal.errors import DataError


def test_planes_become_channels_in_file_order(tmp_path: Path):
    write_files(tmp_path / CIFAR_FOLDER, cifar10_files())
    made = load("cifar10", tmp_path, download=False)
    batches = [cifar_images(4, seed) for seed in range(6)]
    np.testing.assert_array_equal(made.train.inputs, np.concatenate([images for images, _ in batches[:5]]))
    np.testing.assert_array_equal(made.train.labels, np.concatenate([labels for _, labels in batches[:5]]))
    assert made.test is not None
    np.testing.assert_array_equal(made.test.inputs, batches[5][0])
    assert made.train.inputs.flags.c_contiguous
    assert made.classes == CIFAR10_CLASSES


def test_files_of_different_lengths_are_joined_without_gaps(tmp_path: Path):
    files = cifar10_files()
    files["data_batch_2.bin"] = cifar_bytes(*cifar_images(1203, 50))  # more than one block of records
    write_files(tmp_path, files)
    made = load("cifar10", tmp_path, download=False)
    assert len(made.train) == 4 * 4 + 1203
    np.testing.assert_array_equal(made.train.inputs[4:1207], cifar_images(1203, 50)[0])
    assert "1219 + 4 examples where CIFAR-10 has 50000 + 10000" in made.notes


def test_the_archive_gives_the_same_arrays_as_the_folder(tmp_path: Path):
    files = cifar10_files()
    write_files(tmp_path / "loose", files)
    backwards = dict(reversed(files.items()))  # the order of members does not matter
    write_files(tmp_path / "packed", {"cifar-10-binary.tar.gz": tar_bytes(backwards)})
    loose = load("cifar10", tmp_path / "loose", download=False)
    packed = load("cifar10", tmp_path / "packed", download=False)
    assert loose.fingerprint == packed.fingerprint
    assert "accepted although the SHA-256 is not the published one: cifar-10-binary.tar.gz" in packed.notes


def test_cifar100_uses_the_fine_labels(tmp_path: Path):
    images, labels = cifar_images(6, 1, classes=100)
    test_images, test_labels = cifar_images(3, 2, classes=100)
    files = {
        "train.bin": cifar_bytes(images, labels, coarse=True),
        "test.bin": cifar_bytes(test_images, test_labels, coarse=True),
    }
    write_files(tmp_path / "cifar-100-binary", files)
    made = load("cifar100", tmp_path, download=False)
    np.testing.assert_array_equal(made.train.labels, labels)
    np.testing.assert_array_equal(made.train.inputs, images)
    assert len(made.classes) == 100
    assert (made.classes[0], made.classes[99]) == ("apple", "worm")


def test_class_names_are_taken_from_the_names_file(tmp_path: Path):
    files = cifar10_files()
    files["batches.meta.txt"] = "\n".join(f"class {i}" for i in range(10)).encode() + b"\n\n"
    write_files(tmp_path / "loose", files)
    write_files(tmp_path / "packed", {"cifar-10-binary.tar.gz": tar_bytes(files)})
    for folder in ("loose", "packed"):
        assert load("cifar10", tmp_path / folder, download=False).classes[3] == "class 3"


@pytest.mark.parametrize("text", [b"", b"cat\ndog\n", b"\xff\xfe" + b"cat\n" * 10])
def test_an_unfit_names_file_is_noted_and_not_used(tmp_path: Path, text: bytes):
    write_files(tmp_path, {**cifar10_files(), "batches.meta.txt": text})
    made = load("cifar10", tmp_path, download=False)
    assert made.classes == CIFAR10_CLASSES
    assert "batches.meta.txt does not name 10 classes; the published names are used" in made.notes


def refusal(tmp_path: Path, files: dict[str, bytes]) -> str:
    write_files(tmp_path, files)
    with pytest.raises(DataError) as caught:
        load("cifar10", tmp_path, download=False)
    assert "shoal data fetch cifar10" in caught.value.remedy
    return caught.value.what


@pytest.mark.parametrize("size", [0, 3072, 3 * 3073 - 1])
def test_a_truncated_file_is_refused(tmp_path: Path, size: int):
    files = cifar10_files()
    files["data_batch_3.bin"] = files["data_batch_3.bin"][:size]
    what = refusal(tmp_path, files)
    assert f"data_batch_3.bin: {size} bytes are not a whole number of 3073-byte records" in what


def test_a_file_of_the_other_data_set_is_recognised_by_its_size(tmp_path: Path):
    renamed = cifar_bytes(*cifar_images(4, 9, classes=100), coarse=True)
    what = refusal(tmp_path, {**cifar10_files(), "data_batch_1.bin": renamed})
    assert "but of CIFAR-100 records: was it renamed?" in what


def test_a_copied_file_under_another_name_is_refused(tmp_path: Path):
    files = cifar10_files()
    files["test_batch.bin"] = files["data_batch_5.bin"]
    what = refusal(tmp_path, files)
    assert "data_batch_5.bin and test_batch.bin have the same contents" in what


def test_more_images_than_published_are_refused(tmp_path: Path):
    files = {**cifar10_files(), "test_batch.bin": bytes(3073 * 10_001)}
    assert "holds 10001 images, the published file 10000" in refusal(tmp_path, files)


def test_a_label_out_of_range_is_named(tmp_path: Path):
    files = cifar10_files()
    files["data_batch_4.bin"] = bytes([10]) + files["data_batch_4.bin"][1:]
    write_files(tmp_path, files)
    with pytest.raises(DataError, match=r"data_batch_4\.bin: label 10 of example 0 is out of range"):
        load("cifar10", tmp_path, download=False)

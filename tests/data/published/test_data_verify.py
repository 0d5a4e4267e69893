from pathlib import Path

import pytest

from data_files import CIFAR_FOLDER, cifar10_files, mnist_arrays, tar_bytes, write_files, write_mnist
from shoal.data.published.load import verify
from shoal.errors import DataError


def test_every_file_and_the_whole_get_a_verdict(tmp_path: Path):
    write_mnist(tmp_path / "mnist", mnist_arrays())
    checks = verify("mnist", tmp_path)
    assert [c.ok for c in checks] == [True] * 5
    assert checks[0].verdict == "structure right; the SHA-256 is not the published one"
    assert "12 + 5 examples, fingerprint" in checks[-1].verdict


def test_a_damaged_file_does_not_hide_the_state_of_the_others(tmp_path: Path):
    files = cifar10_files()
    files["data_batch_1.bin"] = b"short"
    write_files(tmp_path / CIFAR_FOLDER, files)
    checks = verify("cifar10", tmp_path)
    assert [c.ok for c in checks] == [False, True, True, True, True, True]
    assert "5 bytes are not a whole number of 3073-byte records" in checks[0].verdict


def test_whole_files_that_do_not_fit_together_are_wrong(tmp_path: Path):
    arrays = mnist_arrays()
    arrays["t10k-labels-idx1-ubyte"] = arrays["t10k-labels-idx1-ubyte"][1:]
    write_mnist(tmp_path, arrays)
    *files, whole = verify("mnist", tmp_path)
    assert all(c.ok for c in files)
    assert not whole.ok
    assert "5 images" in whole.verdict


def test_an_archive_is_checked_as_one_file(tmp_path: Path):
    write_files(tmp_path, {"cifar-10-binary.tar.gz": tar_bytes(cifar10_files())})
    (check,) = verify("cifar10", tmp_path)
    assert check.ok
    assert "20 + 4 examples" in check.verdict


def test_embedded_data_are_always_there():
    (check,) = verify("digits")
    assert check.ok


def test_what_is_not_there_cannot_be_verified(tmp_path: Path):
    with pytest.raises(DataError, match="was not found"):
        verify("cifar100", tmp_path)

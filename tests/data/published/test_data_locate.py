import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from data_files import (
    CIFAR10,
    CIFAR_FOLDER,
    MNIST,
    cifar10_files,
    idx_bytes,
    mnist_arrays,
    write_files,
    write_mnist,
)
from shoal.data import load
from shoal.data.published.facts import PublishedFile
from shoal.data.published.locate import download_folder, find, search_folders, user_cache
from shoal.data.published.registry import SOURCES, find_source
from shoal.errors import DataError


def test_the_given_folder_comes_first_then_the_environment_then_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own_cache: Path
):
    monkeypatch.setenv("SHOAL_DATA_DIR", str(tmp_path / "env"))
    places = [tmp_path / "given", tmp_path / "env", own_cache / "data"]
    places[0].mkdir()
    assert search_folders(places[0]) == places
    for place in reversed(places):
        write_mnist(place / "mnist", mnist_arrays())
        found = find(MNIST, search_folders(places[0]))
        assert found is not None
        assert found.where == place / "mnist"


def test_downloads_go_where_the_user_points(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own_cache: Path):
    assert download_folder() == own_cache / "data"
    monkeypatch.setenv("SHOAL_DATA_DIR", str(tmp_path / "env"))
    assert download_folder() == tmp_path / "env"
    assert download_folder(tmp_path / "given") == tmp_path / "given"


def test_the_cache_honours_xdg_and_falls_back_to_the_platforms(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("SHOAL_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert user_cache() == tmp_path / "shoal"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert user_cache().is_absolute()
    assert "shoal" in str(user_cache()).lower()


@pytest.mark.parametrize(
    "name", ["train-images-idx3-ubyte", "train-images.idx3-ubyte", "train-images.idx3-ubyte.gz"]
)
def test_idx_files_are_found_under_their_usual_spellings(tmp_path: Path, name: str):
    write_mnist(tmp_path, mnist_arrays())
    (tmp_path / "train-images-idx3-ubyte.gz").rename(tmp_path / name)
    assert len(load("mnist", tmp_path, download=False).train) == 12


@pytest.mark.parametrize("layout", ["", CIFAR_FOLDER])
def test_files_lie_in_their_folder_or_directly(tmp_path: Path, layout: str):
    write_files(tmp_path / layout, cifar10_files())
    found = find(CIFAR10, [tmp_path])
    assert found is not None
    assert found.where == tmp_path / layout


def test_a_folder_named_after_the_other_data_set_is_not_mistaken(tmp_path: Path):
    write_mnist(tmp_path / "fashion-mnist", mnist_arrays())
    assert find(MNIST, [tmp_path / "fashion-mnist"]) is None
    assert find(SOURCES["fashion-mnist"], [tmp_path / "fashion-mnist"]) is not None


def test_the_other_data_sets_published_files_are_recognised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    arrays = mnist_arrays()
    content = hashlib.sha256(idx_bytes(arrays["t10k-labels-idx1-ubyte"])).hexdigest()
    fashion = SOURCES["fashion-mnist"]
    other = PublishedFile("t10k-labels-idx1-ubyte.gz", "", 0, content)
    monkeypatch.setitem(SOURCES, "fashion-mnist", replace(fashion, files=(*fashion.files[:3], other)))
    write_mnist(tmp_path, arrays)
    with pytest.raises(
        DataError, match=r"holds t10k-labels-idx1-ubyte\.gz of Fashion-MNIST, not .* of MNIST"
    ):
        load("mnist", tmp_path, download=False)


def test_without_download_a_missing_data_set_says_what_to_do(tmp_path: Path):
    with pytest.raises(DataError, match="CIFAR-10 was not found in") as caught:
        load("cifar10", tmp_path, download=False)
    for help_ in ("shoal data fetch cifar10", "cifar-10-binary.tar.gz", "cs.toronto.edu", "SHOAL_DATA_DIR"):
        assert help_ in caught.value.remedy


def test_an_incomplete_folder_says_what_it_lacks(tmp_path: Path):
    files = cifar10_files()
    del files["data_batch_2.bin"]
    write_files(tmp_path / CIFAR_FOLDER, files)
    with pytest.raises(DataError, match=rf"{CIFAR_FOLDER} lacks data_batch_2\.bin"):
        load("cifar10", tmp_path, download=False)


def test_a_mistyped_folder_does_not_end_in_a_download(tmp_path: Path):
    with pytest.raises(DataError, match="there is no folder"):
        load("mnist", tmp_path / "typo")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("mnst", "mnist"), ("cifar-10", "cifar10"), ("Fashion_MNIST", "fashion-mnist"), ("digit", "digits")],
)
def test_an_unknown_name_suggests_the_nearest(typed: str, meant: str):
    with pytest.raises(DataError, match=f"did you mean '{meant}'") as caught:
        find_source(typed)
    assert caught.value.exit_code == 2


def test_a_name_like_no_other_lists_all():
    with pytest.raises(DataError, match="known: digits, mnist, fashion-mnist, cifar10, cifar100"):
        load("imagenet22k")


def test_an_unreadable_file_is_one_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    write_mnist(tmp_path, mnist_arrays())

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("shoal.data.published.idx.open_within", refuse)
    with pytest.raises(DataError, match=r"cannot read .*train-images.*: Permission denied"):
        load("mnist", tmp_path, download=False)

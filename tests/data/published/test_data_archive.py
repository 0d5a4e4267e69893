import gzip
import tarfile
from pathlib import Path

import pytest

from data_files import cifar10_files, tar_bytes, write_files
from shoal.data import load
from shoal.data.published import archive
from shoal.errors import DataError

NAME = "cifar-10-binary.tar.gz"


def member(name: str, kind: bytes = tarfile.REGTYPE, size: int = 0, link: str = "") -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.size, made.linkname = kind, size, link
    return made


def refusal(folder: Path, content: bytes) -> str:
    before = set(folder.iterdir())
    write_files(folder, {NAME: content})
    with pytest.raises(DataError) as caught:
        load("cifar10", folder, download=False)
    assert set(folder.iterdir()) - before == {folder / NAME}, "nothing is ever extracted"
    return caught.value.what


@pytest.mark.parametrize(
    "name", ["../evil.bin", "a/../../evil", "/etc/evil", "\\evil", "C:\\evil", "a\\..\\..\\evil"]
)
def test_a_member_that_points_outside_is_refused(tmp_path: Path, name: str):
    what = refusal(tmp_path, tar_bytes(cifar10_files(), member(name, size=10)))
    assert "points outside of the archive" in what


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE])
def test_a_link_is_refused(tmp_path: Path, kind: bytes):
    what = refusal(tmp_path, tar_bytes(cifar10_files(), member("test_batch.bin", kind, link="/etc/passwd")))
    assert "member 'test_batch.bin' is a link to '/etc/passwd'" in what


@pytest.mark.parametrize("kind", [tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_a_device_is_refused(tmp_path: Path, kind: bytes):
    assert "neither a plain file nor a folder" in refusal(tmp_path, tar_bytes({}, member("device", kind)))


def test_an_oversized_member_is_refused_unread(tmp_path: Path):
    files = cifar10_files()
    del files["test_batch.bin"]
    what = refusal(tmp_path, tar_bytes(files, member("x/test_batch.bin", size=3073 * 10_001)))
    assert "test_batch.bin announces 30733073 bytes, at most 30730000 are expected" in what


def test_an_archive_that_unpacks_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(archive, "_MOST_BYTES", 1 << 20)
    what = refusal(tmp_path, tar_bytes({}, member("readme.html", size=3 << 20)))
    assert "unpacks to more than 1048576 bytes" in what


def test_an_archive_of_countless_members_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(archive, "_MOST_MEMBERS", 3)
    assert "more than 3 members" in refusal(tmp_path, tar_bytes(cifar10_files(1)))


def test_a_name_that_comes_twice_is_refused(tmp_path: Path):
    what = refusal(tmp_path, tar_bytes(cifar10_files(), member("other/test_batch.bin", size=3073)))
    assert "two members named test_batch.bin" in what


def test_a_missing_member_is_named(tmp_path: Path):
    files = cifar10_files()
    del files["data_batch_2.bin"]
    assert "has no member named data_batch_2.bin" in refusal(tmp_path, tar_bytes(files))


@pytest.mark.parametrize("share", [0.05, 0.5, 0.95])
def test_a_truncated_archive_is_damaged(tmp_path: Path, share: float):
    whole = tar_bytes(cifar10_files())
    assert "damaged or not a tar archive" in refusal(tmp_path, whole[: int(share * len(whole))])


@pytest.mark.parametrize(
    "content", [b"", b"<html>not found</html>", gzip.compress(b"x" * 5000)], ids=["empty", "html", "gzip"]
)
def test_something_else_under_the_archives_name_is_refused(tmp_path: Path, content: bytes):
    assert NAME in refusal(tmp_path, content)


def test_an_archive_that_a_browser_unpacked_is_read(tmp_path: Path):
    write_files(tmp_path, {"cifar-10-binary.tar": gzip.decompress(tar_bytes(cifar10_files()))})
    assert len(load("cifar10", tmp_path, download=False).train) == 20

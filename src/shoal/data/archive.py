"""Reading members of a tar archive one by one in memory; nothing is ever extracted to the disk."""

from __future__ import annotations

import gzip
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO, cast

from shoal.data.opening import open_within
from shoal.data.streams import Capped, Readable, is_gzip
from shoal.errors import DataError

_MOST_MEMBERS = 1000
_MOST_BYTES = 256 << 20  # unpacked; the published archives hold 185 MB
_BLOCK = 1 << 20
_REMEDY = "do not trust this archive: delete it and use the published one"
_DAMAGED = (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile, ValueError, UnicodeError)


def members(path: Path, limits: Mapping[str, int]) -> Iterator[tuple[str, int, Readable]]:
    """The wanted members of a .tar or .tar.gz: (base name, size, stream), in the archive's order.

    `limits` maps each wanted base name to the most bytes it may have. Every member is checked, wanted
    or not. Raises `DataError` for an absolute or `..` name, a link, a device or a sparse file, a name
    that comes twice, an oversized member, and a damaged archive.
    """
    with _reading(path), open_within(path) as raw:
        stream = gzip.GzipFile(fileobj=raw) if is_gzip(raw) else raw
        capped = Capped(stream, _MOST_BYTES, str(path), _REMEDY)
        with tarfile.open(fileobj=cast(IO[bytes], capped), mode="r|", bufsize=_BLOCK) as archive:
            yield from _wanted(archive, path, limits)


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except _DAMAGED as error:
        raise DataError(
            f"{path} is damaged or not a tar archive: {error}", "delete it and fetch or copy it again"
        ) from error
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}", "check the file") from error


class _Member:
    """A member's bytes; damage met while a reader takes them is reported like any other."""

    def __init__(self, stream: Readable, path: Path) -> None:
        self._stream, self._path = stream, path

    def read(self, size: int, /) -> bytes:
        with _reading(self._path):
            return self._stream.read(size)


def _wanted(
    archive: tarfile.TarFile, path: Path, limits: Mapping[str, int]
) -> Iterator[tuple[str, int, Readable]]:
    seen: set[str] = set()
    for count, member in enumerate(archive, start=1):
        if count > _MOST_MEMBERS:
            raise DataError(f"{path} has more than {_MOST_MEMBERS} members", _REMEDY)
        _refuse_unsafe(path, member)
        name = PurePosixPath(member.name).name
        if member.isdir() or name not in limits:
            continue
        if name in seen:
            raise DataError(f"{path} has two members named {name}", _REMEDY)
        if member.size > limits[name]:
            raise DataError(
                f"{path}: member {name} announces {member.size} bytes, at most {limits[name]} are expected",
                _REMEDY,
            )
        seen.add(name)
        stream = archive.extractfile(member)
        assert stream is not None  # only links and devices have none, and those were refused
        yield name, member.size, _Member(stream, path)


def _refuse_unsafe(path: Path, member: tarfile.TarInfo) -> None:
    name = member.name
    if member.issym() or member.islnk():
        raise DataError(f"{path}: member {name!r} is a link to {member.linkname!r}", _REMEDY)
    if not (member.isreg() or member.isdir()) or member.issparse():
        raise DataError(f"{path}: member {name!r} is neither a plain file nor a folder", _REMEDY)
    windows = PureWindowsPath(name)
    if name.startswith(("/", "\\")) or windows.drive or ".." in windows.parts:
        raise DataError(f"{path}: member {name!r} points outside of the archive", _REMEDY)

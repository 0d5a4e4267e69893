"""Reads members of a tar archive one by one in memory; nothing is extracted to the disk.

Streams may be short, compressed or without end, so every read is limited.
"""

from __future__ import annotations

import gzip
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO, BinaryIO, Protocol, cast

import numpy as np

from shoal.data.limits import open_within
from shoal.errors import DataError


class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


_BLOCK = 1 << 20


def is_gzip(stream: BinaryIO) -> bool:
    """Whether a seekable stream, at its beginning, holds gzip data; told by content, not by name."""
    magic = stream.read(2)
    stream.seek(0)
    return magic == b"\x1f\x8b"


def byte_view(array: np.ndarray) -> memoryview:
    """The bytes of a contiguous array, without a copy."""
    return array.reshape(-1).view(np.uint8).data


def read_fully(stream: Readable, into: memoryview) -> int:
    """Fill `into` (bytes) from a stream in blocks; the number of bytes got, fewer only at its end."""
    got = 0
    while got < len(into):
        block = stream.read(min(_BLOCK, len(into) - got))
        if not block:
            break
        into[got : got + len(block)] = block
        got += len(block)
    return got


class LimitedStream:
    """A stream that refuses to give more than `limit` bytes: a guard against archives that never end."""

    def __init__(self, stream: Readable, limit: int, what: str, remedy: str) -> None:
        self._stream, self._left, self._limit = stream, limit, limit
        self._what, self._remedy = what, remedy

    def read(self, size: int, /) -> bytes:
        block = self._stream.read(size)
        self._left -= len(block)
        if self._left < 0:
            raise DataError(f"{self._what} unpacks to more than {self._limit} bytes", self._remedy)
        return block


_MOST_MEMBERS = 1000
_MOST_BYTES = 256 << 20  # unpacked; the published archives hold 185 MB
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
        capped = LimitedStream(stream, _MOST_BYTES, str(path), _REMEDY)
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

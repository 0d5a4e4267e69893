"""Small helpers for reading bytes from streams that may be short, compressed or without end."""

from __future__ import annotations

from typing import BinaryIO, Protocol

import numpy as np

from shoal.errors import DataError


class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


_BLOCK = 1 << 20


def is_gzip(stream: BinaryIO) -> bool:
    """Whether a seekable stream, at its beginning, holds gzip data; told by content, not by name."""
    magic = stream.read(2)
    stream.seek(0)
    return magic == b"\x1f\x8b"


def octets(array: np.ndarray) -> memoryview:
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


class Capped:
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

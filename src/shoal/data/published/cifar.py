"""The binary version of CIFAR-10 and CIFAR-100, from a folder or from the published archive.

A file is a row of records: one label byte (CIFAR-100: a coarse label, then the fine one), then 3072
pixel bytes, the red plane of 32 x 32, then green, then blue. Source: A. Krizhevsky, Learning Multiple
Layers of Features from Tiny Images, 2009.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import numpy as np

from shoal.data.dataset import Contents, Part, check_labels
from shoal.data.limits import open_within
from shoal.data.published import archive
from shoal.data.published.archive import Readable, byte_view, read_fully
from shoal.data.published.locate import Found
from shoal.data.published.registry import SOURCES, Source
from shoal.errors import DataError

_BLOCK = 500  # records moved at once: small enough to stay in the cache while planes become channels
_NAMES_LIMIT = 64 << 10


def read(source: Source, found: Found) -> Contents:
    """Both parts, images (N, 32, 32, 3). Raises `DataError` for damaged, misnamed or unsafe files."""
    halves = (
        _CifarPart(source, source.train_files, source.train),
        _CifarPart(source, source.test_files, source.test),
    )
    names = _read_archive(source, found, halves) if found.archive else _read_folder(source, found, halves)
    classes, notes = _class_names(source, names)
    train, test = (half.part() for half in halves)
    return Contents(train, test, halves[0].sha256 | halves[1].sha256, classes, notes)


def _read_folder(source: Source, found: Found, halves: tuple[_CifarPart, _CifarPart]) -> bytes | None:
    for half in halves:
        for name in half.names:
            _read_file(half, name, found.files[name])
    meta = found.where / source.names_file
    try:
        with open_within(meta) as stream:
            return stream.read(_NAMES_LIMIT)
    except OSError:
        return None  # the known names serve as well


def _read_archive(source: Source, found: Found, halves: tuple[_CifarPart, _CifarPart]) -> bytes | None:
    limits = {name: half.most * source.record_bytes for half in halves for name in half.names}
    names = None
    for name, size, stream in archive.members(found.where, {**limits, source.names_file: _NAMES_LIMIT}):
        if name == source.names_file:
            names = stream.read(size)
            continue
        half = halves[0] if name in halves[0].names else halves[1]
        half.read(name, size, stream, f"{found.where}, member {name}")
    missing = [name for half in halves for name in half.names if name not in half.sha256]
    if missing:
        raise DataError(f"{found.where} has no member named {', '.join(missing)}", _again(source))
    return names


def check_file(source: Source, name: str, path: Path) -> None:
    """Raise `DataError` unless one loose file has the right structure and labels."""
    names, total = (
        (source.train_files, source.train) if name in source.train_files else (source.test_files, source.test)
    )
    half = _CifarPart(source, names, total)
    _read_file(half, name, path)


def _read_file(half: _CifarPart, name: str, path: Path) -> None:
    try:
        with open_within(path) as stream:
            half.read(name, os.fstat(stream.fileno()).st_size, stream, str(path))
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}", "check the file") from error


class _CifarPart:
    """One part under construction: files may come in any order, and no second copy is made of full ones."""

    def __init__(self, source: Source, names: tuple[str, ...], total: int) -> None:
        self.source, self.names = source, names
        self.most = total // len(names)  # examples in one published file
        self.sha256: dict[str, str] = {}
        self._counts: dict[str, int] = {}
        self._inputs = np.empty((total, *source.shape), np.uint8)
        self._labels = np.empty(total, np.int32)

    def read(self, name: str, size: int, stream: Readable, where: str) -> None:
        count = self._count(size, where)
        begin = self.names.index(name) * self.most
        inputs, labels = self._inputs[begin : begin + count], self._labels[begin : begin + count]
        digest = hashlib.sha256()
        records = np.empty((min(_BLOCK, count), self.source.record_bytes), np.uint8)
        for start in range(0, count, _BLOCK):
            block = records[: min(_BLOCK, count - start)]
            if read_fully(stream, byte_view(block)) < block.size:
                raise DataError(f"{where} ends before its {size} bytes", _again(self.source))
            digest.update(byte_view(block))
            stop = start + len(block)
            labels[start:stop] = block[:, self.source.label_bytes - 1]
            _planes_to_channels(block[:, self.source.label_bytes :], inputs[start:stop])
        check_labels(where, labels, len(self.source.classes))
        self.sha256[name], self._counts[name] = digest.hexdigest(), count

    def part(self) -> Part:
        if all(count == self.most for count in self._counts.values()):
            return Part(self._inputs, self._labels)
        slots = [np.arange(self._counts[name]) + i * self.most for i, name in enumerate(self.names)]
        return Part(self._inputs, self._labels).take(np.concatenate(slots))

    def _count(self, size: int, where: str) -> int:
        record = self.source.record_bytes
        if size == 0 or size % record:
            others = [s.title for s in SOURCES.values() if s.format == "cifar" and size % s.record_bytes == 0]
            hint = f" (but of {others[0]} records: was it renamed?)" if size and others else ""
            raise DataError(
                f"{where}: {size} bytes are not a whole number of {record}-byte records{hint}",
                _again(self.source),
            )
        if size // record > self.most:
            raise DataError(
                f"{where} holds {size // record} images, the published file {self.most}", _again(self.source)
            )
        return size // record


def _planes_to_channels(planes: np.ndarray, images: np.ndarray) -> None:
    """(N, C * I * J) into (N, I, J, C); one plane at a time is four times as fast as one transposition."""
    n, channels = len(images), images.shape[-1]
    pixels = images.reshape(n, -1, channels)
    for c, plane in enumerate(np.split(planes, channels, axis=1)):
        pixels[:, :, c] = plane


def _class_names(source: Source, text: bytes | None) -> tuple[tuple[str, ...] | None, tuple[str, ...]]:
    if text is None:
        return None, ()
    names = tuple(line.strip() for line in text.decode("utf-8", "replace").splitlines() if line.strip())
    if len(names) == len(set(names)) == len(source.classes):
        return names, ()
    note = f"{source.names_file} does not name {len(source.classes)} classes; the published names are used"
    return None, (note,)


def _again(source: Source) -> str:
    return f"delete it and run `shoal data fetch {source.name}`, or put the published file in its place"

"""The IDX format of MNIST and Fashion-MNIST, gzipped or not.

Two zero bytes, a type code (8: unsigned byte), the number of axes, each axis' length as a big-endian
32-bit integer, then the values. Source: Y. LeCun, C. Cortes, C. Burges, The MNIST database.
"""

from __future__ import annotations

import gzip
import hashlib
import math
import struct
import zlib
from pathlib import Path
from typing import BinaryIO

import numpy as np

from shoal.data.dataset import Contents, Part, check_labels
from shoal.data.limits import open_within
from shoal.data.published.archive import byte_view, is_gzip, read_fully
from shoal.data.published.locate import Found
from shoal.data.published.registry import Source
from shoal.errors import DataError

_UNSIGNED_BYTE = b"\x00\x00\x08"


def read(source: Source, found: Found) -> Contents:
    """Both parts, images (N, I, J, 1). Raises `DataError` for files that are damaged, do not fit the
    data set or do not belong together."""
    arrays, sha256 = {}, {}
    for name, path in found.files.items():
        arrays[name], sha256[name] = read_file(source, name, path)
    parts = []
    for images, labels in (source.train_files, source.test_files):
        if len(arrays[images]) != len(arrays[labels]):
            raise DataError(
                f"{found.files[images]} holds {len(arrays[images])} images, "
                f"but {found.files[labels]} holds {len(arrays[labels])} labels",
                _again(source),
            )
        parts.append(Part(arrays[images], arrays[labels]))
    train, test = parts
    return Contents(train, test, sha256)


def read_file(source: Source, name: str, path: Path) -> tuple[np.ndarray, str]:
    """The array of one file, images (N, I, J, 1) or labels (N,), and the SHA-256 of its contents,
    unpacked. `name` is the file's published name. Raises `DataError`."""
    images = "images" in name
    most = source.train if name in source.train_files else source.test
    array, sha256 = read_idx(path, source.shape[:2] if images else (), most, _again(source))
    if images:
        return array.reshape(-1, *source.shape), sha256
    check_labels(str(path), array, len(source.classes))
    return array, sha256


def read_idx(path: Path, axes: tuple[int, ...], most: int, remedy: str) -> tuple[np.ndarray, str]:
    """An IDX file of unsigned bytes of shape (N, *axes) with 1 <= N <= most; SHA-256 of its contents."""
    try:
        with open_within(path) as raw:
            stream = gzip.GzipFile(fileobj=raw) if is_gzip(raw) else raw
            return _parse(stream, path, axes, most, remedy)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{path} is a damaged gzip file: {error}", remedy) from error
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}", "check the file") from error


def _parse(
    stream: BinaryIO | gzip.GzipFile, path: Path, axes: tuple[int, ...], most: int, remedy: str
) -> tuple[np.ndarray, str]:
    magic = stream.read(4)
    if magic[:3] != _UNSIGNED_BYTE or len(magic) < 4:
        raise DataError(
            f"{path} starts with bytes [{magic.hex(' ')}], an IDX file of unsigned bytes with [00 00 08]",
            remedy,
        )
    header = stream.read(4 * magic[3])
    if len(header) < 4 * magic[3]:
        raise DataError(f"{path} ends inside its header", remedy)
    shape = struct.unpack(f">{magic[3]}I", header)
    _check_shape(shape, path, axes, most, remedy)
    array = np.empty(shape, np.uint8)
    got = read_fully(stream, byte_view(array))
    if got < array.size:
        announced = " x ".join(map(str, shape))
        raise DataError(
            f"{path} holds {got} of the {array.size} bytes its header announces ({announced})", remedy
        )
    if stream.read(1):
        raise DataError(f"{path} goes on after the {array.size} bytes its header announces", remedy)
    digest = hashlib.sha256(magic + header)
    digest.update(byte_view(array))
    return array, digest.hexdigest()


def _check_shape(shape: tuple[int, ...], path: Path, axes: tuple[int, ...], most: int, remedy: str) -> None:
    # Before any memory is asked for: a header can announce anything.
    expected = f"(N{''.join(f', {n}' for n in axes)}) with N at least 1"
    if len(shape) != 1 + len(axes) or shape[1:] != axes or math.prod(shape) == 0:
        raise DataError(f"{path} announces an array of shape {shape}, expected {expected}", remedy)
    if shape[0] > most:
        raise DataError(f"{path} announces {shape[0]} examples, the published file holds {most}", remedy)


def _again(source: Source) -> str:
    return f"delete it and run `shoal data fetch {source.name}`, or put the published file in its place"

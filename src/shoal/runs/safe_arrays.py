"""Arrays and a header as the bytes of one safetensors file, written by the library and read with care.

Whatever a file says of itself is compared with what it is before an array is made: its header's length, the
kind, shape and place of every array, which must lie one behind the other from the header's end to the file's.
"""

from __future__ import annotations

import io
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

import numpy as np

from shoal.errors import RunError
from shoal.text import printable

MOST_HEADER_BYTES = 100_000_000  # the format's own limit
MOST_ARRAYS = 2**20
MOST_DIMENSIONS = 32
MOST_MARKS = 2**24  # of lists, tables and commas in a header: a gigabyte once it is read
KINDS = {
    "F64": np.dtype("<f8"),
    "F32": np.dtype("<f4"),
    "F16": np.dtype("<f2"),
    "BOOL": np.dtype(bool),
    **{f"I{8 * size}": np.dtype(f"<i{size}") for size in (1, 2, 4, 8)},
    **{f"U{8 * size}": np.dtype(f"<u{size}") for size in (1, 2, 4, 8)},
}
_KEYS = {"dtype", "shape", "data_offsets"}
_LARGEST = 2**62  # bytes that NumPy would count without an overflow


class ArrayFileError(RunError):
    """A safetensors file is damaged, or is none."""


@dataclass(frozen=True)
class Stored:
    """Where an array of a file lies, in bytes from the file's beginning, and what it is."""

    dtype: np.dtype
    shape: tuple[int, ...]
    begin: int
    end: int


@dataclass(frozen=True)
class ArrayFile:
    """The header of a file: its arrays by name, in the file's order, and its metadata."""

    arrays: dict[str, Stored]
    metadata: dict[str, str]


def to_bytes(arrays: Mapping[str, np.ndarray], header: Mapping[str, Any]) -> bytes:
    """The file: `arrays` by name, and `header`, plain values, as JSON in its metadata."""
    from safetensors.numpy import save

    # not ascontiguousarray, which gives an array of no dimension one
    whole = {name: np.asarray(value, order="C") for name, value in arrays.items()}
    return save(whole, metadata={"shoal": json.dumps(header)})


def from_bytes(content: bytes, path: str | Path = "") -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The arrays and the header of `to_bytes`, to the last bit; `path` is what messages call the file.

    Raises ArrayFileError. What the header must hold is for the caller to check.
    """
    file = io.BytesIO(content)
    found = header_of(file, path)
    header = _json(found.metadata.get("shoal", ""), path, "what Shoal wrote in its header")
    if not isinstance(header, dict):
        _refuse(path, "what Shoal wrote in its header is missing")
    return {name: _array(file, name, one, path) for name, one in found.arrays.items()}, header


def read_arrays(file: BinaryIO, path: str | Path, prefix: str = "") -> dict[str, np.ndarray]:
    """The arrays of an open safetensors file whose name begins with `prefix`; no other is read.

    Raises ArrayFileError.
    """
    found = header_of(file, path)
    return {n: _array(file, n, one, path) for n, one in found.arrays.items() if n.startswith(prefix)}


def header_of(file: BinaryIO, path: str | Path = "") -> ArrayFile:
    """What an open safetensors file holds, without reading it. Raises ArrayFileError."""
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    length = int.from_bytes(file.read(8), "little")
    if size < 8 or length > size - 8:
        _refuse(path, f"it has {size:,} bytes, too few for its header")
    if length > MOST_HEADER_BYTES:
        _refuse(path, f"its header has {length:,} bytes; at most {MOST_HEADER_BYTES:,} were expected")
    text = file.read(length)
    if text[:1] != b"{":
        _refuse(path, "it has no header")
    header = _json(text, path, "its header")
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        _refuse(path, "its metadata are no table of text")
    if len(header) > MOST_ARRAYS:
        _refuse(path, f"it holds more than {MOST_ARRAYS:,} arrays")
    arrays = {name: _stored(name, entry, 8 + length, path) for name, entry in header.items()}
    _require_in_a_row(arrays, 8 + length, size, path)
    return ArrayFile(arrays, metadata)


def _stored(name: str, entry: Any, data: int, path: str | Path) -> Stored:
    if not isinstance(entry, dict) or entry.keys() != _KEYS:
        _refuse(path, f"{_shown(name)} is described by other words than dtype, shape and data_offsets")
    kind, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(kind, str) or kind not in KINDS:
        _refuse(path, f"{_shown(name)} is of the kind {_shown(kind)}; expected one of {', '.join(KINDS)}")
    if not _are_sizes(shape) or len(shape) > MOST_DIMENSIONS:
        _refuse(path, f"the shape of {_shown(name)} is no list of up to {MOST_DIMENSIONS} sizes")
    if not _are_sizes(offsets) or len(offsets) != 2:
        _refuse(path, f"the place of {_shown(name)} is no pair of a begin and an end")
    dtype = KINDS[kind]
    if math.prod(n or 1 for n in shape) * dtype.itemsize > _LARGEST:
        _refuse(path, f"{_shown(name)} has the shape {_shown(shape)}, which no array can have")
    expected, announced = math.prod(shape) * dtype.itemsize, offsets[1] - offsets[0]
    if expected != announced:
        what = f"{_shown(name)} of shape {_shown(shape)}"
        _refuse(path, f"{what} has {announced:,} bytes; expected {expected:,}")
    return Stored(dtype, tuple(shape), data + offsets[0], data + offsets[1])


def _are_sizes(value: Any) -> bool:
    return isinstance(value, list) and all(type(n) is int and 0 <= n <= _LARGEST for n in value)


def _shown(value: Any) -> str:
    return printable(repr(value), 80)


def _require_in_a_row(arrays: Mapping[str, Stored], begin: int, size: int, path: str | Path) -> None:
    """Every byte behind the header belongs to one array."""
    at = begin
    for name, one in sorted(arrays.items(), key=lambda item: (item[1].begin, item[1].end)):
        if one.begin != at:
            _refuse(path, f"{_shown(name)} does not begin where the array before it ends")
        at = one.end
    if at != size:
        _refuse(path, f"it has {size:,} bytes; its header describes {at:,}")


def _array(file: BinaryIO, name: str, stored: Stored, path: str | Path) -> np.ndarray:
    content = bytearray(stored.end - stored.begin)  # of no more bytes than the file has
    file.seek(stored.begin)
    if file.readinto(content) != len(content):  # type: ignore[attr-defined]
        _refuse(path, "it became shorter while it was read")
    if stored.dtype == bool and np.frombuffer(content, np.uint8).max(initial=0) > 1:
        _refuse(path, f"{_shown(name)} holds other bytes than those of true and false")
    return np.frombuffer(content, stored.dtype).reshape(stored.shape)


def _json(text: bytes | str, path: str | Path, what: str) -> Any:
    def refuse(constant: str) -> NoReturn:
        raise ValueError(f"{constant} is no JSON")

    def table(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            raise ValueError("a name stands there twice")
        return found

    try:
        decoded = text.decode() if isinstance(text, bytes) else text
        if sum(map(decoded.count, "[{,")) > MOST_MARKS:
            raise ValueError("too many values")
        return json.loads(decoded, parse_constant=refuse, object_pairs_hook=table)
    except (ValueError, RecursionError):  # UnicodeDecodeError and JSONDecodeError are ValueErrors
        _refuse(path, f"{what} cannot be read")


def _refuse(path: str | Path, wrong: str) -> NoReturn:
    raise ArrayFileError(
        f"{path or 'A file of arrays'} is damaged: {wrong}.",
        "Restore it from a copy, or run the study again in a new folder.",
    )

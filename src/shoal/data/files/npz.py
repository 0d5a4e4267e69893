"""NumPy's `.npz`: `x` and `y`, and a test part where the file has one. Object arrays are refused unread."""

from __future__ import annotations

import lzma
import math
import struct
import zipfile
import zlib
from pathlib import Path
from tokenize import TokenError

import numpy as np

from shoal.data.files.arrays import RawArrays
from shoal.data.limits import open_named, refuse_oversized
from shoal.errors import DataError

_NAMES = {"x": ("x", "X", "x_train", "X_train"), "y": ("y", "Y", "y_train", "Y_train")}
_TEST = {"x_test": ("x_test", "X_test"), "y_test": ("y_test", "Y_test")}
_SAVE = "save them with numpy.savez_compressed('data.npz', x=x, y=y)"
_LONGEST_HEADER = 10_000  # bytes, as NumPy has it
# What zipfile, the decompressors and NumPy's header meet damage with.
DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    OverflowError,
    RuntimeError,  # an encrypted member; too deep a header; a compression that is not known
    SyntaxError,
    TokenError,
    MemoryError,
)


def read(path: Path) -> RawArrays:
    """The arrays of a file. Raises `DataError` where one is missing, ambiguous, damaged or of objects."""
    try:
        with open_named(path) as file, zipfile.ZipFile(file) as archive:
            held = {name.removesuffix(".npy"): name for name in archive.namelist() if name.endswith(".npy")}
            chosen = {key: _choose(path, key, spellings, held) for key, spellings in _NAMES.items()}
            if any(spelling in held for spellings in _TEST.values() for spelling in spellings):
                chosen |= {key: _choose(path, key, spellings, held) for key, spellings in _TEST.items()}
            arrays = {key: read_member(path, archive, held[name]) for key, name in chosen.items()}
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}", "check the file") from error
    except DAMAGED as error:
        raise DataError(f"{path} is damaged or no .npz file: {error}", _SAVE) from error
    rest = sorted(set(held) - set(chosen.values()))
    notes = (f"{path.name} also holds {', '.join(rest)}, which was left alone",) if rest else ()
    return RawArrays(arrays["x"], arrays["y"], arrays.get("x_test"), arrays.get("y_test"), notes)


def _choose(path: Path, key: str, spellings: tuple[str, ...], held: dict[str, str]) -> str:
    found = [name for name in spellings if name in held]
    if len(found) == 1:
        return found[0]
    if found:
        raise DataError(f"{path} holds both {' and '.join(found)}", "keep one of them")
    names = ", ".join(held) or "none"
    raise DataError(f"{path} has no array {' or '.join(spellings)}; it has {names}", _SAVE)


def read_member(path: Path, archive: zipfile.ZipFile, member: str) -> np.ndarray:
    """One array; its header is looked at first. Raises `DataError`, and DAMAGED as the libraries do."""
    name = member.removesuffix(".npy")
    with archive.open(member) as stream:
        start = stream.read(12)  # magic, version, and in version 2 the length of the header
        if start[6:8] == b"\2\0" and int.from_bytes(start[8:], "little") > _LONGEST_HEADER:
            raise DataError(f"{path}: {name} has a header of more than {_LONGEST_HEADER:,} bytes", _SAVE)
    with archive.open(member) as stream:
        version = np.lib.format.read_magic(stream)
        if version == (1, 0):
            shape, _, dtype = np.lib.format.read_array_header_1_0(stream)
        elif version == (2, 0):
            shape, _, dtype = np.lib.format.read_array_header_2_0(stream)
        else:
            raise DataError(f"{path}: {name} is a structured array", "save plain arrays of numbers or text")
    if dtype.hasobject:
        raise DataError(
            f"{path}: {name} holds Python objects, which are pickles and can run code when they are loaded",
            "save plain arrays: x.astype(numpy.float32), or numpy.array(labels, dtype=str) for text",
        )
    refuse_oversized(f"{path}, {name}", shape, dtype.itemsize)
    size, held = math.prod(shape) * dtype.itemsize, archive.getinfo(member).file_size
    if size > held:
        raise DataError(f"{path}: {name} announces {size:,} bytes and has {held:,}", _SAVE)
    with archive.open(member) as stream:
        return np.lib.format.read_array(stream, allow_pickle=False)

"""NumPy's `.npz`: `x` and `y`, and a test part where the file has one. Object arrays are refused unread."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path

import numpy as np

from shoal.data.own.limits import refuse_oversized
from shoal.data.own.raw import Raw
from shoal.errors import DataError

_NAMES = {"x": ("x", "X", "x_train", "X_train"), "y": ("y", "Y", "y_train", "Y_train")}
_TEST = {"x_test": ("x_test", "X_test"), "y_test": ("y_test", "Y_test")}
_SAVE = "save them with numpy.savez_compressed('data.npz', x=x, y=y)"
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, MemoryError)


def read(path: Path) -> Raw:
    """The arrays of a file. Raises `DataError` where one is missing, ambiguous, damaged or of objects."""
    try:
        with zipfile.ZipFile(path) as archive:
            held = {name.removesuffix(".npy"): name for name in archive.namelist() if name.endswith(".npy")}
            chosen = {key: _choose(path, key, spellings, held) for key, spellings in _NAMES.items()}
            if any(spelling in held for spellings in _TEST.values() for spelling in spellings):
                chosen |= {key: _choose(path, key, spellings, held) for key, spellings in _TEST.items()}
            arrays = {key: _array(path, archive, held[name]) for key, name in chosen.items()}
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}", "check the file") from error
    except _DAMAGED as error:
        raise DataError(f"{path} is damaged or no .npz file: {error}", _SAVE) from error
    rest = sorted(set(held) - set(chosen.values()))
    notes = (f"{path.name} also holds {', '.join(rest)}, which was left alone",) if rest else ()
    return Raw(arrays["x"], arrays["y"], arrays.get("x_test"), arrays.get("y_test"), notes)


def _choose(path: Path, key: str, spellings: tuple[str, ...], held: dict[str, str]) -> str:
    found = [name for name in spellings if name in held]
    if len(found) == 1:
        return found[0]
    if found:
        raise DataError(f"{path} holds both {' and '.join(found)}", "keep one of them")
    names = ", ".join(held) or "none"
    raise DataError(f"{path} has no array {' or '.join(spellings)}; it has {names}", _SAVE)


def _array(path: Path, archive: zipfile.ZipFile, member: str) -> np.ndarray:
    """One array; its header is looked at first."""
    name = member.removesuffix(".npy")
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
    with archive.open(member) as stream:
        return np.lib.format.read_array(stream, allow_pickle=False)

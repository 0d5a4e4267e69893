"""MATLAB files of versions 5 to 7, through SciPy. Nothing in a file is run."""

from __future__ import annotations

import os
import struct
import zlib
from io import BufferedReader
from typing import Any

import numpy as np

from shoal.data.limits import CELL_BYTES, most_bytes, refuse_oversized, too_large
from shoal.errors import DataError

_BLOCK = 1 << 20
_COMPRESSED = 15  # the type of an element that zlib packed
_DEFLATE_MOST = 1032  # bytes that one byte can unpack to
_BYTE_ORDER = {b"IM": "<", b"MI": ">"}
_LABELS = ("char", "cell")
_NUMBERS = ("double", "single", "logical", *(f"{s}int{n}" for s in ("", "u") for n in (8, 16, 32, 64)))


def read(path: str, file: BufferedReader) -> tuple[np.ndarray, np.ndarray]:
    """`X`, numbers, and `y`, numbers or cells, in MATLAB's own order of axes. Raises `DataError`."""
    from scipy.io import loadmat, whosmat

    try:
        _refuse_bomb(path, file)
        kinds = {name: (shape, kind) for name, shape, kind in whosmat(file)}
        for name, allowed in (("X", _NUMBERS), ("y", (*_NUMBERS, *_LABELS))):
            _refuse_kind(path, name, kinds, allowed)
        file.seek(0)
        found: dict[str, Any] = loadmat(file, variable_names=["X", "y"])
    except DataError:
        raise
    except Exception as error:  # SciPy has no error of its own: damage shows as almost any
        raise DataError(
            f"{path} is damaged or no MATLAB file: {error}",
            "save it again: save('data.mat', 'X', 'y', '-v7')",
        ) from error
    return found["X"], found["y"]


def _refuse_kind(path: str, name: str, kinds: dict[str, Any], allowed: tuple[str, ...]) -> None:
    if name not in kinds:
        raise DataError(
            f"{path} has no variable {name}; it has {', '.join(kinds) or 'none'}",
            "save the examples as X, one a row, and their labels as y",
        )
    shape, kind = kinds[name]
    if kind not in allowed:
        raise DataError(
            f"{path}: {name} is a {kind} array",
            "save X as a full array of numbers, y as numbers or a cell array of text: X = full(double(X)); "
            "y = cellstr(y)",
        )
    refuse_oversized(f"{path}, {name}", shape, CELL_BYTES if kind == "cell" else 8)


def _refuse_bomb(path: str, file: BufferedReader) -> None:
    """Raise `DataError` where compressed variables unpack to more than the limit, whatever they announce."""
    size, most, unpacked = os.fstat(file.fileno()).st_size, most_bytes(), 0
    if size * _DEFLATE_MOST <= most:
        return
    order = _BYTE_ORDER.get(file.read(128)[126:128])
    while order and len(tag := file.read(8)) == 8:
        kind, length = struct.unpack(f"{order}II", tag)
        after = file.tell() + length
        if kind == _COMPRESSED:
            unpack = zlib.decompressobj()
            while (left := after - file.tell()) > 0 and (block := file.read(min(left, _BLOCK))):
                while block and not unpack.eof:
                    unpacked += len(unpack.decompress(block, _BLOCK))
                    block = unpack.unconsumed_tail
                    if unpacked > most:
                        raise too_large(f"{path} unpacks to more than the limit", unpacked)
        file.seek(after)
    file.seek(0)

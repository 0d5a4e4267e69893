"""`X` and `y` of a MATLAB file, read in a process of its own: `python -m shoal.data.files.mat_reader PATH`.

SciPy's reader of versions 5 to 7 ends the process on some damaged files, and libhdf5 (version 7.3, whose
arrays have MATLAB's axes in reverse order) loops on some. The file comes as standard input; PATH is what
messages call it. Standard output takes a line of JSON, {"ok": true} or the error's words, and then the two
arrays as NumPy writes them. Nothing in a file is run.
"""

from __future__ import annotations

import json
import os
import struct
import sys
import zlib
from io import BufferedReader
from typing import Any

import numpy as np

from shoal.data.limits import CELL_BYTES, most_bytes, refuse_long_labels, refuse_oversized, too_large
from shoal.errors import DataError
from shoal.processes import limit_process

MAGIC = b"MATLAB 7.3"
_REMEDY = "in MATLAB: save('data.mat', 'X', 'y', '-v7')"


def read_version_7_3(path: str, file: BufferedReader) -> tuple[np.ndarray, np.ndarray]:
    """`X` and `y`, numbers, in MATLAB's own order of axes. Raises `DataError`."""
    import h5py

    try:
        with h5py.File(file, "r") as stored:
            return _array_7_3(path, stored, "X"), _array_7_3(path, stored, "y")
    except (OSError, RuntimeError) as error:
        raise DataError(f"{path} is a damaged file of version 7.3: {error}", "save it again") from error


def _array_7_3(path: str, file: Any, name: str) -> np.ndarray:
    import h5py

    link = file.get(name, getlink=True)  # looked at first: following it could open another file
    if link is None:
        names = ", ".join(key for key in file if not key.startswith("#"))
        raise DataError(
            f"{path} has no variable {name}; it has {names or 'none'}",
            "save the examples as X, one a row, and their labels as y",
        )
    if not isinstance(link, h5py.HardLink):
        raise DataError(f"{path}: {name} is a link to elsewhere", f"save the array itself; {_REMEDY}")
    data = file[name]
    if not isinstance(data, h5py.Dataset) or data.dtype.kind not in "buif" or "MATLAB_empty" in data.attrs:
        raise DataError(f"{path}: {name} is no full array of numbers", f"text needs version 7; {_REMEDY}")
    if _class(data) == b"char":
        raise DataError(f"{path}: {name} is text, which Shoal reads from version 7 only", _REMEDY)
    if data.external or data.is_virtual:
        raise DataError(f"{path}: {name} lies in another file", f"save the array itself; {_REMEDY}")
    refuse_oversized(f"{path}, {name}", data.shape, data.dtype.itemsize)
    return np.asarray(data[()]).transpose()


def _class(data: Any) -> bytes:
    found = data.attrs.get("MATLAB_class", b"")
    return found.encode() if isinstance(found, str) else bytes(found)


_BLOCK = 1 << 20
_COMPRESSED = 15  # the type of an element that zlib packed
_DEFLATE_MOST = 1032  # bytes that one byte can unpack to
_BYTE_ORDER = {b"IM": "<", b"MI": ">"}
_LABELS = ("char", "cell")
_NUMBERS = ("double", "single", "logical", *(f"{s}int{n}" for s in ("", "u") for n in (8, 16, 32, 64)))


def read_version_5(path: str, file: BufferedReader) -> tuple[np.ndarray, np.ndarray]:
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


SECONDS, BYTES_A_SECOND = 30, 2e7  # of the processor, in any case and by the file's size
MEMORY, TIMES = 2 << 30, 3  # address space: the libraries', and this many times the limit of an array


def main() -> None:
    """Answer for the file that is standard input."""
    file, where = sys.stdin.buffer, sys.argv[1]
    assert isinstance(file, BufferedReader)
    out = sys.stdout.buffer
    try:
        limit_process(MEMORY + TIMES * most_bytes(), seconds_for(os.fstat(file.fileno()).st_size))
        x, y = read(where, file)
    except DataError as error:
        out.write(json.dumps({"ok": False, "what": error.what, "remedy": error.remedy}).encode() + b"\n")
        return
    out.write(json.dumps({"ok": True}).encode() + b"\n")
    for array in (x, y):
        np.save(out, array, allow_pickle=False)


def seconds_for(size: int) -> int:
    """How long the processor may take over a file of so many bytes."""
    return int(SECONDS + size / BYTES_A_SECOND)


def read(where: str, file: BufferedReader) -> tuple[np.ndarray, np.ndarray]:
    """`X`, numbers, and `y`, numbers or text, in MATLAB's own order of axes. Raises DataError."""
    is_73 = file.read(len(MAGIC)) == MAGIC
    file.seek(0)
    x, y = read_version_7_3(where, file) if is_73 else read_version_5(where, file)
    return x, _text_of(f"{where}, y", y)


def _text_of(where: str, y: np.ndarray) -> np.ndarray:
    """A cell array of text as an array of text; everything else as it is."""
    if y.dtype.kind != "O":
        return y
    words: list[Any] = [
        cell.item() if cell.size == 1 else cell if cell.size else "" for cell in y.reshape(-1)
    ]
    if not all(isinstance(word, str) for word in words):
        raise DataError(f"{where} is a cell array of more than text", "use cellstr, or a vector of numbers")
    refuse_long_labels(where, len(words), max(map(len, words), default=0))
    return np.array(words)


if __name__ == "__main__":
    main()

"""`X` and `y` of a MATLAB file, read in a process of its own: `python -m shoal.data.own.mat_reader PATH`.

SciPy's reader of versions 5 to 7 ends the process on some damaged files, and libhdf5 (version 7.3) loops on
some. The file comes as standard input; PATH is what messages call it. Standard output takes a line of JSON,
{"ok": true} or the error's words, and then the two arrays as NumPy writes them.
"""

from __future__ import annotations

import json
import os
import sys
from io import BufferedReader
from typing import Any

import numpy as np

from shoal.data.limits import most_bytes, refuse_long_labels
from shoal.data.own import mat5, mat73
from shoal.errors import DataError
from shoal.processes import limit_process

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
    is_73 = file.read(len(mat73.MAGIC)) == mat73.MAGIC
    file.seek(0)
    x, y = mat73.read(where, file) if is_73 else mat5.read(where, file)
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

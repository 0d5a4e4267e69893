"""MATLAB files: `X` and `y`. Version 5 to 7 through SciPy, version 7.3 (which is HDF5) through h5py.

MATLAB stores arrays column by column, so an image kept as a row of pixels lists its first column first.
A process of its own reads the file (`mat_reader`): what a damaged file does to it, it does to nobody else.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from io import BufferedReader
from pathlib import Path
from typing import IO

import numpy as np

from shoal.data.files.arrays import RawArrays
from shoal.data.limits import open_named
from shoal.errors import DataError
from shoal.text import printable

READER = "shoal.data.files.mat_reader"
SMALLEST_SIDE = 8  # pixels; a row of 4 or 9 features is no image
PATIENCE = 600  # seconds for the reader, which limits its own time on the processor


def read(path: Path) -> RawArrays:
    """`X` and `y`, images as (N, rows, columns, channels). Raises `DataError`."""
    try:
        with open_named(path) as file, tempfile.TemporaryFile() as answer:
            x, y = _read_apart(path, file, answer)
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}", "check the file") from error
    x, notes = _examples_first(f"{path}, X", x, max(y.shape, default=0))
    return RawArrays(x, y, notes=notes, x_name="X")


def _read_apart(path: Path, file: BufferedReader, answer: IO[bytes]) -> tuple[np.ndarray, np.ndarray]:
    """What the reader makes of a file, by way of a temporary one."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-P", "-m", READER, printable(str(path), 500)]
    try:
        done = subprocess.run(
            command, stdin=file, stdout=answer, stderr=subprocess.PIPE, env=environment, timeout=PATIENCE
        )
    except subprocess.TimeoutExpired:
        raise _damaged(path, "reading it takes too long") from None
    answer.seek(0)
    head = answer.readline(10_000)
    if done.returncode or not head:
        said = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise _damaged(path, printable(said, 200) or "it made its reader crash")
    told = json.loads(head)
    if not told["ok"]:
        raise DataError(told["what"], told["remedy"])
    return np.load(answer, allow_pickle=False), np.load(answer, allow_pickle=False)


def _damaged(path: Path, why: str) -> DataError:
    return DataError(
        f"{path} is damaged or no MATLAB file: {why}", "save it again: save('data.mat', 'X', 'y', '-v7')"
    )


def _examples_first(where: str, x: np.ndarray, n: int) -> tuple[np.ndarray, tuple[str, ...]]:
    """Rows of pixels as images where they are square; (rows, columns, [channels,] N) with examples first."""
    if x.ndim == 2:
        side = round(x.shape[1] ** 0.5)
        if side < SMALLEST_SIDE or side * side != x.shape[1]:
            return x, ()
        note = f"rows of {x.shape[1]} pixels were read as images of {side} x {side}, column by column"
        return x.reshape(len(x), side, side).transpose(0, 2, 1), (note,)
    if x.ndim in (3, 4) and x.shape[-1] == n:
        return np.moveaxis(x, -1, 0), (f"X {x.shape} has its examples last; they were put first",)
    return x, ()

"""A labelled array from the bytes of a NetCDF file, which another process reads (`shoal.runs.hdf5_file`)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import xarray as xr

from shoal.errors import RunError
from shoal.runs.hdf5_limits import PATIENCE, READ, REFUSED, seconds_for
from shoal.runs.safe_arrays import from_bytes
from shoal.text import printable

READER = "shoal.runs.hdf5_file"
_TOO_LONG = "reading it takes longer than any sound file of its size"


def read_dataset(content: bytes, path: Path) -> xr.Dataset:
    """The labelled array of a file's bytes; `path` is what messages call it.

    Raises RunError where the file is damaged, holds what no run writes, or takes more time or memory than a
    sound file of its size. Nothing outside the bytes is read, whatever they name.
    """
    return labelled(*from_bytes(_read_apart(content, path), path))


def labelled(arrays: Mapping[str, np.ndarray], header: Mapping[str, Any]) -> xr.Dataset:
    """The labelled array that `shoal.runs.hdf5_file.read` took apart."""
    variables = {one["name"]: _variable(one, arrays) for one in header["variables"]}
    named = {name for own in variables.values() for name in str(own.attrs.pop("coordinates", "")).split()}
    attributes = _attributes(header["attributes"], arrays)
    named |= set(str(attributes.pop("coordinates", "")).split())
    coordinates = {name for name, own in variables.items() if own.dims == (name,) or name in named}
    return xr.Dataset(
        {name: own for name, own in variables.items() if name not in coordinates},
        {name: own for name, own in variables.items() if name in coordinates},
        attributes,
    )


def _read_apart(content: bytes, path: Path) -> bytes:
    """The answer of a process that reads the file."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OPENBLAS_NUM_THREADS": "1"}
    wait = PATIENCE * seconds_for(len(content))
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", READER],
            input=content,
            capture_output=True,
            check=False,
            env=environment,
            timeout=wait,
        )
    except subprocess.TimeoutExpired:
        _refuse(path, _TOO_LONG)
    if done.stdout.startswith(REFUSED):
        _refuse(path, printable(done.stdout[1:].decode(errors="replace"), 300))
    if done.returncode == -signal.SIGXCPU:
        _refuse(path, _TOO_LONG)
    if done.returncode or not done.stdout.startswith(READ):
        said = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        _refuse(path, f"it cannot be read ({printable(said, 200) or 'it made its reader crash'})")
    return done.stdout[1:]


def _variable(one: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> xr.Variable:
    attributes = _attributes(one["attributes"], arrays)
    if "text" in one:
        values = np.array(one["text"], str).reshape(one["shape"])
    else:
        values = arrays[str(one["array"])]
        if values.dtype.kind == "i" and str(attributes.get("dtype")) == "bool":  # how xarray marks them
            values, _ = values.astype(bool), attributes.pop("dtype")
    return xr.Variable(tuple(one["dims"]), values, attributes)


def _attributes(stored: Mapping[str, str | int], arrays: Mapping[str, np.ndarray]) -> dict[str, Any]:
    found = {}
    for name, value in stored.items():
        if isinstance(value, int):
            numbers = arrays[str(value)]
            value = numbers.ravel()[0] if numbers.size == 1 else numbers
        found[name] = value
    return found


def _refuse(path: Path, wrong: str) -> NoReturn:
    raise RunError(
        f"{path} is damaged, or no run wrote it: {wrong}.",
        "Restore it from a copy, or run the study again in a new folder.",
    )

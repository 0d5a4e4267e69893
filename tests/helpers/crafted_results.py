"""A small real result, and ways to damage its file."""

from __future__ import annotations

import io
import json
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import xarray as xr

sys.path.insert(0, str(Path(__file__).parent.parent / "study"))

import shoal
from shoal.study.load import make_study
from small_studies import images, raw_study

Edit = Callable[[h5py.File], Any]
FACTORS = ("l2", "training_learning_rate")


def train(folder: Path) -> Path:
    """A run with every optional part: health, principal components, pictures of weights and of mistakes."""
    study = raw_study(
        data={"test": 20, "pca": 5, "standardize": "feature"},
        network={"hidden": [4], "batch_norm": True},
        training={"learning_rate": 0.1},
        record={"points": 3, "health": True, "weights": "all"},
        vary={"seed": 2, "training.l2": [1e-3, 1e-2], "training.learning_rate": [0.1, 0.2]},
    )
    shoal.run(make_study(study), folder, dataset=images(80, (6, 5, 1)), check=False)
    return folder


def edited(content: bytes, edit: Edit) -> bytes:
    """The file's bytes after an edit through h5py."""
    held = io.BytesIO(content)
    with h5py.File(held, "r+") as file:
        edit(file)
    return held.getvalue()


def put(name: str, values: Any, dims: tuple[str, ...] | None = None, **how: Any) -> Edit:
    """Put other values, or other dimensions, in the place of a dataset; its attributes stay."""

    def edit(file: h5py.File) -> None:
        old = file[name]
        axes = dims if dims is not None else dims_of(file, name)
        attributes = {k: v for k, v in old.attrs.items() if k in ("long_name", "units", "path", "scale")}
        along = {other: dims_of(file, other) for other in file if name in dims_of(file, other)}
        del file[name]
        new = file.create_dataset(name, data=values, **how)
        new.attrs.update(attributes)
        if axes != (name,):
            _attach(file, name, axes)
            return
        new.make_scale(name)
        for other, own in along.items():
            if other != name:
                del file[other].attrs["DIMENSION_LIST"]
                _attach(file, other, own)

    return edit


def _attach(file: h5py.File, name: str, dims: tuple[str, ...]) -> None:
    for axis, dim in enumerate(dims):
        file[name].dims[axis].attach_scale(file[dim])


def dims_of(file: h5py.File, name: str) -> tuple[str, ...]:
    """The names of a dataset's dimensions."""
    stored = file[name]
    if stored.attrs.get("CLASS") == b"DIMENSION_SCALE":
        return (name,)
    return tuple(str(file[one[-1]].name)[1:] for one in stored.attrs.get("DIMENSION_LIST", []))


def changed(name: str, change: Callable[[np.ndarray], Any]) -> Edit:
    """Put what a function makes of its values in the place of a dataset."""
    return lambda file: put(name, change(file[name][()]))(file)


def without(*names: str) -> Edit:
    """Take datasets, or else attributes of the file, away."""

    def edit(file: h5py.File) -> None:
        for name in names:
            del (file if name in file else file.attrs)[name]

    return edit


def attribute(name: str, value: Any, of: str = "") -> Edit:
    """Give the file, or a dataset of it, another attribute."""
    return lambda file: (file[of] if of else file).attrs.__setitem__(name, value)


def in_json(name: str, change: Callable[[Any], Any]) -> Edit:
    """Change what a JSON attribute says."""

    def edit(file: h5py.File) -> None:
        value = json.loads(file.attrs[name])
        file.attrs[name] = json.dumps(change(value) or value)

    return edit


def flipped(content: bytes, seed: int, bytes_: int) -> bytes:
    """The bytes with some of them, drawn by a seed, replaced by others."""
    draw, damaged = random.Random(seed), bytearray(content)
    for _ in range(bytes_):
        damaged[draw.randrange(len(damaged))] = draw.choice([draw.randrange(256), 0, 255])
    return bytes(damaged)


def read_here(content: bytes) -> xr.Dataset:
    """A file read in this process, which those may be that are known not to hang it."""
    from shoal.runs.dataset_file import labelled
    from shoal.runs.hdf5_file import read

    return labelled(*read(content))

"""Data sets and given files as bytes, for workers that do not see them where the client does.

A parcel is a safetensors file: arrays by the number of their data set or file, and a header that says which
settings they belong to. A worker keeps it once; a data set's fingerprint is compared in the plan's origin.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from shoal.data import Dataset, Part
from shoal.data.inputs import DataKey, PreparedData, data_key
from shoal.files import open_regular
from shoal.population.plan import Plan
from shoal.runs.pieces import are_names, reading, refuse, require_header, shown
from shoal.runs.safe_arrays import from_bytes, to_bytes

_ROLES = ("train", "test")


def pack_parcel(plan: Plan) -> bytes:
    """Every data set of a plan, and the files in its study's folder that hand in weights or an order."""
    datasets = {
        data_key(program.settings.data): program.inputs.dataset
        for program in plan.programs
        if isinstance(program.inputs, PreparedData)
    }
    files = _given_files(plan)
    arrays: dict[str, np.ndarray] = {}
    for number, dataset in enumerate(datasets.values()):
        for role in _ROLES:
            part = getattr(dataset, role)
            if part is not None:
                arrays |= {f"{number}/{role}/inputs": part.inputs, f"{number}/{role}/labels": part.labels}
    arrays |= {f"file/{name}": np.frombuffer(content, np.uint8) for name, content in files.items()}
    header = {
        "datasets": [
            {
                "key": list(key),
                "name": dataset.name,
                "classes": list(dataset.classes),
                "source": dataset.source,
                "notes": list(dataset.notes),
                "test": dataset.test is not None,
            }
            for key, dataset in datasets.items()
        ],
        "files": list(files),
    }
    return to_bytes(arrays, header)


def unpack_parcel(content: bytes) -> tuple[dict[DataKey, Dataset], dict[str, bytes]]:
    """Data sets by the settings that name them, and files by their name in the study's folder."""
    arrays, header = from_bytes(content, "The parcel of data")
    with reading("The parcel of data"):
        _require(arrays, header)
    datasets = {
        _key(entry["key"]): _dataset(entry, number, arrays) for number, entry in enumerate(header["datasets"])
    }
    return datasets, {name: arrays[f"file/{name}"].tobytes() for name in header["files"]}


def _require(arrays: Mapping[str, np.ndarray], header: Mapping[str, Any]) -> None:
    """Raises PieceError where the header names arrays that are not there, or files outside a folder."""
    require_header(
        header,
        {
            "datasets": lambda value: isinstance(value, list) and all(map(_describes, value)),
            "files": lambda value: are_names(value) and all(map(_is_inside, value)),
        },
    )
    needed = {f"file/{name}" for name in header["files"]}
    for number, entry in enumerate(header["datasets"]):
        for role in _ROLES[: 1 + entry["test"]]:
            needed |= {f"{number}/{role}/inputs", f"{number}/{role}/labels"}
    if {*arrays} != needed:
        refuse(f"it does not hold the arrays {shown(sorted(needed ^ {*arrays}))}")


def _describes(entry: Any) -> bool:
    kinds = {"key": list, "name": str, "classes": list, "source": str, "notes": list, "test": bool}
    if not isinstance(entry, dict) or entry.keys() != kinds.keys():
        return False
    key = entry["key"]
    return (
        all(type(entry[name]) is kind for name, kind in kinds.items())
        and len(key) == 3
        and all(one is None or isinstance(one, str) for one in key)
        and all(isinstance(one, str) for one in (*entry["classes"], *entry["notes"]))
    )


def _is_inside(name: str) -> bool:
    """Whether a name leads to a file in a folder or below it."""
    return "\0" not in name and all(part not in ("", ".", "..") for part in name.split("/"))


def _dataset(entry: Mapping[str, Any], number: int, arrays: Mapping[str, np.ndarray]) -> Dataset:
    parts = [
        Part(arrays[f"{number}/{role}/inputs"], arrays[f"{number}/{role}/labels"])
        if role == "train" or entry["test"]
        else None
        for role in _ROLES
    ]
    assert parts[0] is not None
    classes, notes = tuple(entry["classes"]), tuple(entry["notes"])
    return Dataset(entry["name"], parts[0], parts[1], classes, entry["source"], notes)


def _key(listed: list[str | None]) -> DataKey:
    name, path, target = listed
    return name, path, target


def _given_files(plan: Plan) -> dict[str, bytes]:
    """The files that lie in the study's folder or below it. Others are for the workers to see themselves."""
    base = plan.study.folder or Path.cwd()
    named = {
        name
        for program in plan.programs
        for name in (program.settings.network.weights, program.settings.training.order)
        if name is not None and not Path(name).is_absolute() and ".." not in Path(name).parts
    }
    found = {}
    for name in sorted(named):
        with open_regular(base / name) as file:
            found[Path(name).as_posix()] = file.read()
    return found

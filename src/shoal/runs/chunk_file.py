"""A finished chunk as the bytes of one file: its arrays, and what it is in a JSON header.

Names of arrays: "curves/train_loss", "finals/test_accuracy", "weights/affine_1.W", "rates". The file says
which members they are of; read back on the same plan it is the ChunkResult that was written, to the last bit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from shoal.population.layout import ChunkLayout, Layouts, Shape
from shoal.population.plan import Plan
from shoal.population.program import Chunk, Program, Shaped, members_of
from shoal.population.train import ChunkResult
from shoal.runs.pieces import (
    Check,
    are_names,
    are_rising,
    is_count,
    is_exactly,
    is_seconds,
    most_bytes,
    reading,
    refuse,
    require_arrays,
    require_header,
    require_range,
    shown,
)
from shoal.runs.safe_arrays import from_bytes, to_bytes

MOST_MESSAGE = 10_000  # characters of what SciPy says of its end
_GROUPS = ("curves", "finals", "weights")
_MESSAGE = "optimizer_message"
_ENDS = {  # what a full-batch member tells of its optimizer, beside what every member does
    "diverged_step": Shape((1, 1), np.int64),
    "iterations": Shape((1, 1), np.int64),
    "evaluations": Shape((1, 1), np.int64),
    "hessian_products": Shape((1, 1), np.int64),
    "final_cost": Shape((1, 1), np.float64),
    "optimizer_status": Shape((1, 1), np.int64),
    "converged": Shape((1, 1), np.bool_),
}


def pack(result: ChunkResult) -> bytes:
    """A chunk's result as the bytes of a safetensors file."""
    arrays, texts = {"rates": result.rates}, {}
    for group in _GROUPS:
        for name, value in getattr(result, group).items():
            value = np.asarray(value)
            if value.dtype == object:  # a full-batch member's message
                texts[name] = value.tolist()
            else:
                arrays[f"{group}/{name}"] = value
    program = result.chunk.program
    header = {
        **members_of(result.chunk),
        "record": list(program.record),
        "steps": program.steps,
        "seconds": result.seconds,
        "seconds_compile": result.seconds_compile,
        "finished": result.finished,
        "names": {group: list(getattr(result, group)) for group in _GROUPS},
        "texts": texts,
    }
    return to_bytes(arrays, header)


def unpack(
    content: bytes, plan: Plan, layouts: Layouts | None = None, name: str = "A chunk's result"
) -> ChunkResult:
    """The result that was packed; `name` is what messages call it.

    Raises ArrayFileError where it is not the result of a chunk of this plan: other members, arrays of other
    names, shapes or dtypes, places and classes that there are not. Without `layouts` shapes and dtypes are
    believed: they come from a worker, who computes the values too.
    """
    arrays, header = from_bytes(content, name)
    with reading(name):
        index = header.get("index")
        chunk = next((c for c in plan.chunks if type(index) is int and c.index == index), None)
        if chunk is None:
            refuse(f"the plan has no chunk {shown(index)}")
        require_header(header, _header_of(chunk))
        record = tuple(header["record"])
        if layouts is None:
            _require_named(arrays, header)
        else:
            layout = layouts.of(chunk)
            _require_names(header, layout, chunk.program)
            require_arrays(arrays, _arrays_of(header, layout, len(record)))
        if chunk.program.full_batch:  # it ends when its own method does
            chunk = replace(chunk, program=replace(chunk.program, record=record, steps=header["steps"]))
        _require_values(arrays, chunk)
    texts = {f"finals/{one}": np.array(value, dtype=object) for one, value in header["texts"].items()}
    arrays |= texts
    parts = {group: {one: arrays[f"{group}/{one}"] for one in header["names"][group]} for group in _GROUPS}
    return ChunkResult(
        chunk,
        parts["curves"],
        parts["finals"],
        arrays["rates"],
        parts["weights"],
        header["seconds"],
        header["seconds_compile"],
        header["finished"],
    )


def most_chunk_bytes(chunk: Chunk, layout: ChunkLayout) -> int:
    """The most bytes that the file of a chunk's result can have."""
    program = chunk.program
    records = len(program.record)
    if program.full_batch:  # one for each point, up to twice as many, and the end; or the steps it was given
        asked = program.settings.record
        records = 2 * max(asked.points, len(asked.steps or ())) + 2
    return (
        most_bytes({**layout.record, "rates": layout.rates}, records)
        + most_bytes({**layout.finals, **layout.weights})
        + most_bytes({}, members=len(chunk.cells) + len(chunk.seeds) + records)
    )


def _header_of(chunk: Chunk) -> dict[str, Check]:
    program = chunk.program
    record, steps = is_exactly(list(program.record)), is_exactly(program.steps)
    if program.full_batch:
        record, steps = are_rising(program.steps), is_count(program.steps)
    return {
        **{key: is_exactly(value) for key, value in members_of(chunk).items()},
        "record": record,
        "steps": steps,
        "seconds": is_seconds,
        "seconds_compile": is_seconds,
        "finished": lambda value: isinstance(value, bool),
        "names": lambda value: (
            isinstance(value, dict) and value.keys() == {*_GROUPS} and all(map(are_names, value.values()))
        ),
        "texts": _are_texts if program.full_batch else is_exactly({}),
    }


def _are_texts(value: Any) -> bool:
    if not isinstance(value, dict) or value.keys() != {_MESSAGE}:
        return False
    match value[_MESSAGE]:
        case [[str(text)]]:
            return len(text) <= MOST_MESSAGE
    return False


def _require_named(arrays: Mapping[str, np.ndarray], header: Mapping[str, Any]) -> None:
    """Every array that the header names is there."""
    named = {f"{group}/{name}" for group in _GROUPS for name in header["names"][group]}
    texts = {f"finals/{name}" for name in header["texts"]}
    if missing := sorted({*named, "rates"} - texts - {*arrays}):
        refuse(f"it lacks {shown(missing[0])}")


def _require_names(header: Mapping[str, Any], layout: ChunkLayout, program: Program) -> None:
    """Every group has the names of the layout; weights may have been left out where none are kept."""
    own = {**_ENDS, _MESSAGE: None} if program.full_batch else {}
    expected = {
        "curves": {*layout.record},
        "finals": {*layout.finals, *own},
        "weights": {*layout.weights},
    }
    for group, names in expected.items():
        found = {*header["names"][group]}
        left_out = group == "weights" and not found and program.settings.record.weights == "none"
        if found != names and not left_out:
            refuse(f"its {group} are {shown(sorted(found))}; expected {shown(sorted(names))}")


def _arrays_of(header: Mapping[str, Any], layout: ChunkLayout, records: int) -> dict[str, Shaped]:
    def over(one: Shaped) -> Shape:
        return Shape((*one.shape, records), one.dtype)

    found: dict[str, Shaped] = {f"curves/{name}": over(one) for name, one in layout.record.items()}
    finals = {**layout.finals, **(_ENDS if header["texts"] else {})}
    found |= {f"finals/{name}": one for name, one in finals.items()}
    found |= {f"weights/{name}": layout.weights[name] for name in header["names"]["weights"]}
    return {**found, "rates": over(layout.rates)}


def _require_values(arrays: Mapping[str, np.ndarray], chunk: Chunk) -> None:
    """Whole numbers that are looked up somewhere lie inside it."""
    inputs, steps = chunk.program.inputs, chunk.program.steps
    reach = {
        "curves/diverged_step": steps,
        "finals/diverged_step": steps,
        "finals/mistake_index": inputs.counts["test"] - 1,
        "finals/mistake_predicted": inputs.classes - 1,
        "finals/iterations": 2**31 - 1,
        "finals/evaluations": 2**31 - 1,
        "finals/hessian_products": 2**31 - 1,
    }
    for name, most in reach.items():
        if name in arrays:
            require_range(arrays[name], name, -1, most)

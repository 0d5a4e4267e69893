"""A finished chunk as the bytes of one file: its arrays, and what it is in a JSON header.

Names of arrays: "curves/train_loss", "finals/test_accuracy", "weights/affine_1.W", "rates". The file says
which members they are of; read back on the same plan it is the ChunkResult that was written, to the last bit.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from shoal.study.plan import Plan
from shoal.study.program import members_of
from shoal.study.safe_arrays import from_bytes, to_bytes
from shoal.study.train import ChunkResult

_GROUPS = ("curves", "finals", "weights")


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


def unpack(content: bytes, plan: Plan) -> ChunkResult | None:
    """The result that was packed; None where the plan has no chunk of these members in its place."""
    arrays, header = from_bytes(content)
    chunk = next((c for c in plan.chunks if c.index == header["index"]), None)
    if chunk is None or any(header[key] != value for key, value in members_of(chunk).items()):
        return None
    record, steps = tuple(header["record"]), header["steps"]
    if (record, steps) != (chunk.program.record, chunk.program.steps):  # a full-batch member that ended early
        chunk = replace(chunk, program=replace(chunk.program, record=record, steps=steps))
    arrays |= {f"finals/{name}": np.array(value, dtype=object) for name, value in header["texts"].items()}
    parts = {group: {name: arrays[f"{group}/{name}"] for name in header["names"][group]} for group in _GROUPS}
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

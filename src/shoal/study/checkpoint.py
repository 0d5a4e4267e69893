"""A training on its way as the bytes of one file, from which it goes on with the same bits.

That is the population of a team (members, optimizer state, orders of examples, the step) and what was
measured so far; every random number follows from seed and step. Names of arrays: "population.members[0]..."
by their path in the population, "records/0/train_loss" (record, rows, columns) for each chunk.
"""

from __future__ import annotations

import time
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import jax
import numpy as np

from shoal.study.compiled import Like, Records
from shoal.study.pieces import (
    are_names,
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
from shoal.study.program import Chunk, members_of
from shoal.study.safe_arrays import from_bytes, to_bytes


@dataclass
class Progress:
    """Where a team stands: its population, on the device or on the host, and the records of each chunk at
    every recorded step so far. `seconds` were spent before `since`, by earlier processes."""

    population: Any
    records: list[Records] = field(default_factory=list)
    seconds: float = 0.0
    since: float = field(default_factory=time.perf_counter)

    @property
    def step(self) -> int:
        """Steps that are done."""
        return int(self.population.step)

    @property
    def spent(self) -> float:
        """Seconds of training by all processes, without compiling."""
        return self.seconds + time.perf_counter() - self.since


def on_host(progress: Progress) -> Progress:
    """A copy that training leaves alone: on the CPU np.asarray would be a view of its memory."""
    population = jax.tree.map(np.array, progress.population)
    return Progress(population, list(progress.records), progress.spent)


def pack_checkpoint(chunks: Sequence[Chunk], progress: Progress) -> bytes:
    """The progress of a team, which lies on the host, as the bytes of a safetensors file."""
    arrays = _named(progress.population)
    names = [list(one) for one in progress.records[0]] if progress.records else []
    for i, own in enumerate(names):
        for name in own:
            arrays[f"records/{i}/{name}"] = np.stack([at[i][name] for at in progress.records])
    header = {
        "team": [members_of(chunk) for chunk in chunks],
        "step": progress.step,
        "seconds": progress.seconds,
        "records": len(progress.records),
        "names": names,
    }
    return to_bytes(arrays, header)


def most_checkpoint_bytes(chunks: Sequence[Chunk], like: Like) -> int:
    """The most bytes that a checkpoint of these chunks can have."""
    members = sum(len(chunk.cells) + len(chunk.seeds) for chunk in chunks)
    records = sum(most_bytes(own, len(chunks[0].program.record)) for own in like.records)
    return most_bytes(_named(like.population), members=members) + records


def unpack_checkpoint(
    content: bytes, chunks: Sequence[Chunk], like: Like, name: str = "A checkpoint"
) -> Progress:
    """The progress that was packed, on the host; `name` is what messages call it.

    Raises ArrayFileError where it is of other members, or where its arrays, its step or its records are not
    those of this team on its way.
    """
    arrays, header = from_bytes(content, name)
    with reading(name):
        _require(arrays, header, chunks, like)
    population = jax.tree.unflatten(
        jax.tree.structure(like.population), [arrays[name] for name in _named(like.population)]
    )
    records = [
        [{name: arrays[f"records/{i}/{name}"][k] for name in own} for i, own in enumerate(header["names"])]
        for k in range(header["records"])
    ]
    return Progress(population, records, header["seconds"])


def _require(
    arrays: Mapping[str, np.ndarray], header: Mapping[str, Any], chunks: Sequence[Chunk], like: Like
) -> None:
    """Raises PieceError where a file is no checkpoint of these chunks."""
    program = chunks[0].program
    require_header(
        header,
        {
            "team": is_exactly([members_of(chunk) for chunk in chunks]),
            "step": is_count(program.steps, 1),
            "seconds": is_seconds,
            "records": is_count(len(program.record)),
            "names": lambda value: isinstance(value, list) and all(map(are_names, value)),
        },
    )
    step, count = header["step"], header["records"]
    measured = like.records if count else []
    if [{*own} for own in header["names"]] != [{*own} for own in measured]:
        refuse(f"its records are {shown(header['names'])}")
    if not bisect_left(program.record, step) <= count <= bisect_right(program.record, step):
        refuse(f"it has {count} records at step {step:,}")
    layout = _named(like.population)
    for i, own in enumerate(measured):
        shapes = {name: jax.ShapeDtypeStruct((count, *one.shape), one.dtype) for name, one in own.items()}
        layout |= {f"records/{i}/{name}": one for name, one in shapes.items()}
    require_arrays(arrays, layout)
    if arrays["population.step"] != step:
        refuse(f"its step is {shown(arrays['population.step'].item())}; expected {step:,}")
    require_range(arrays["population.orders"], "population.orders", 0, max(program.batches.n - 1, 0))


def _named(population: Any) -> dict[str, Any]:
    leaves, _ = jax.tree_util.tree_flatten_with_path(population)
    return {"population" + jax.tree_util.keystr(path): leaf for path, leaf in leaves}

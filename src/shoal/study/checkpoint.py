"""A training on its way as the bytes of one file, from which it goes on with the same bits.

That is the population of a team (members, optimizer state, orders of examples, the step) and what was
measured so far; every random number follows from seed and step. Names of arrays: "population.members[0]..."
by their path in the population, "records/0/train_loss" (record, rows, columns) for each chunk.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import jax
import numpy as np

from shoal.study.compiled import Records
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


def unpack_checkpoint(content: bytes, chunks: Sequence[Chunk], like: Any) -> Progress | None:
    """The progress that was packed, on the host; None where it is of other members or of another shape than
    the population `like`."""
    arrays, header = from_bytes(content)
    wanted = _named(like)
    fits = {name: (leaf.shape, str(leaf.dtype)) for name, leaf in wanted.items()}
    found = {
        name: (leaf.shape, str(leaf.dtype))
        for name, leaf in arrays.items()
        if not name.startswith("records/")
    }
    if header["team"] != [members_of(chunk) for chunk in chunks] or found != fits:
        return None
    population = jax.tree.unflatten(jax.tree.structure(like), [arrays[name] for name in wanted])
    records = [
        [{name: arrays[f"records/{i}/{name}"][k] for name in own} for i, own in enumerate(header["names"])]
        for k in range(header["records"])
    ]
    return Progress(population, records, header["seconds"])


def _named(population: Any) -> dict[str, Any]:
    leaves, _ = jax.tree_util.tree_flatten_with_path(population)
    return {"population" + jax.tree_util.keystr(path): leaf for path, leaf in leaves}

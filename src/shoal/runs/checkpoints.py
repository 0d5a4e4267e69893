"""Checkpoints as files; resuming from them gives bit-identical results.

A checkpoint is the population of chunks that train together (parameters, optimizer state, orders of
examples, the step) and what was measured so far; every random number follows from seed and step. Names of
arrays: "population.members[0]..." by their path in the population, "records/0/train_loss" (record, rows,
columns) for each chunk.

Two checkpoints are kept, the newest and the one before it. A name says the first chunk and the step:
"checkpoints/0003-000000001200.safetensors". No name is used for other content again, so that a process
killed at any moment leaves every file that the manifest names whole.
"""

from __future__ import annotations

import threading
import time
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import jax
import numpy as np

from shoal.errors import RunError
from shoal.population.program import Chunk, members_of
from shoal.population.team import Like
from shoal.population.train import Progress
from shoal.runs.pieces import (
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
from shoal.runs.safe_arrays import ArrayFileError, from_bytes, to_bytes


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


GENERATIONS = 2
KIND = "checkpoints/"


class CheckpointStore(Protocol):
    """Where checkpoints are kept: a run folder, or a worker's view of one (study/shared_folder.py)."""

    def names(self, beginning: str = "") -> list[str]:
        """The files whose name begins so, sorted."""
        ...

    def read(self, name: str, most: int | None = None) -> bytes | None:
        """The file of this name; None where it is not what was written, or has more than `most` bytes."""

    def write_bytes(self, name: str, content: bytes) -> None:
        """Write a file whole or not at all. Raises RunError."""

    def remove(self, *names: str) -> None:
        """Remove files."""

    def say(self, line: str) -> None:
        """Tell whoever follows the run."""

    def log(self, event: str, **values: Any) -> None:
        """Write down what happened."""


class TeamCheckpoints:
    """The checkpoints of one team in a run folder, one every so many seconds of this process's own clock,
    which nobody can set back. `told` hears of the step from which a team goes on."""

    def __init__(
        self, folder: CheckpointStore, chunks: Sequence[Chunk], every: float, told: Callable[[int], None]
    ) -> None:
        self._told = told
        self._folder, self._chunks, self._every = folder, chunks, every
        self._last = time.monotonic()
        self._saved = -1
        self._writer: threading.Thread | None = None
        self._failure: RunError | None = None
        self.unsaved: tuple[str, bytes] | None = None  # what could not be written, where that is so

    @property
    def last_index(self) -> int:
        """The chunk of the team that is kept last."""
        return self._chunks[-1].index

    def restore(self, like: Callable[[], Like]) -> Progress | None:
        if not (names := self._names()):
            return None
        shapes = like()
        for name in reversed(names):
            progress, wrong = self._read(name, shapes)
            if progress is not None:
                self._saved = progress.step
                self._told(progress.step)
                self._folder.log("restored", file=name, step=progress.step)
                return progress
            self._folder.say(f"{wrong}{name} cannot be used: the checkpoint before it, or the beginning, is.")
            self._folder.remove(name)
        return None

    def _read(self, name: str, like: Like) -> tuple[Progress | None, str]:
        """The progress in a file, or what is wrong with it where its reader has not said so."""
        content = self._folder.read(name, most_checkpoint_bytes(self._chunks, like))
        if content is None:
            return None, ""
        try:
            return unpack_checkpoint(content, self._chunks, like, name), ""
        except ArrayFileError as error:
            return None, f"{error.what} "

    def due(self) -> bool:
        self._raise_failure()
        writing = self._writer is not None and self._writer.is_alive()
        return not writing and time.monotonic() - self._last >= self._every

    def save(self, progress: Progress, wait: bool = False) -> None:
        self.settle()
        if progress.step not in (0, self._saved):
            self._last, self._saved = time.monotonic(), progress.step
            self._writer = threading.Thread(target=self._write, args=[on_host(progress)])
            self._writer.start()
        if wait:
            self.settle()

    def settle(self) -> None:
        if self._writer is not None:
            self._writer.join()
        self._raise_failure()

    def remove(self) -> None:
        """The team is finished and kept."""
        self._folder.remove(*self._names())

    def _write(self, progress: Progress) -> None:
        began = time.perf_counter()
        content = pack_checkpoint(self._chunks, progress)
        name = f"{prefix(self._chunks)}{progress.step:012d}.safetensors"
        self.unsaved = name, content
        try:
            self._folder.write_bytes(name, content)
            self._folder.remove(*self._names()[:-GENERATIONS])
        except RunError as error:
            self._failure = error
            return
        self.unsaved = None
        seconds = round(time.perf_counter() - began, 3)
        self._folder.log("checkpoint", step=progress.step, bytes=len(content), seconds=seconds)

    def _names(self) -> list[str]:
        return self._folder.names(prefix(self._chunks))

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure


def prefix(chunks: Sequence[Chunk]) -> str:
    """How the names of a team's checkpoints begin."""
    return f"{KIND}{chunks[0].index:04d}-"

"""Compiled programs that many processes share: what one has compiled the others load in a tenth of the time.

Without this nine tenths of a killed process's life would be tracing, in which there is nothing to lose. The
programs are the same to the last bit; they lie in files of this benchmark's own, which nobody else reads.
"""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jax
from jax.experimental import serialize_executable

from shoal.population import train
from shoal.population.device_data import to_device
from shoal.population.members import member_inputs
from shoal.population.program import Chunk
from shoal.population.team import CompiledTraining, Like
from shoal.training.runtime import numerics

FUNCTIONS = ("_start", "_advance", "_measure", "_finish", "_unstacked", "_rates")


def compile_and_keep(folder: Path, chunks: Sequence[Chunk]) -> None:
    """Compile a team and write it into the folder: in a process that has compiled and loaded nothing
    else, since XLA leaves out of a second program of one name what it shares with the first."""
    with numerics(chunks[0].program.settings.training.precision) as dtype:
        team = CompiledTraining(chunks, dtype)
        assert team._health is None
        found = {name: _packed(getattr(team, name)) for name in FUNCTIONS}
    _file(folder, chunks).write_bytes(pickle.dumps((team.like, team.kept_like().records, found)))


def load_compiled(folder: Path) -> None:
    """From now on every team of this process is loaded from there."""
    train.CompiledTraining = lambda chunks, dtype: Loaded(folder, chunks, dtype)


class Loaded(CompiledTraining):
    """A team with functions that another process has compiled."""

    def __init__(self, folder: Path, chunks: Sequence[Chunk], dtype: Any) -> None:
        self.chunks, self.program = tuple(chunks), chunks[0].program
        self.who = tuple(member_inputs(chunk, dtype) for chunk in chunks)
        self.data = to_device(self.program, self.who[0], dtype)
        self.like, self._records, found = pickle.loads(_file(folder, chunks).read_bytes())
        self._health = None
        for name in FUNCTIONS:
            setattr(self, name, _unpacked(*found[name]))

    def kept_like(self) -> Like:
        return Like(self.like, self._records)


def _packed(function: Any) -> tuple[bytes, Any, Any]:
    """Its code, and its arguments and result as trees of numbers: structures cannot be pickled."""
    code, taken, given = serialize_executable.serialize(function)
    return code, *(jax.tree.unflatten(one, range(one.num_leaves)) for one in (taken, given))


def _unpacked(code: bytes, taken: Any, given: Any) -> Any:
    return serialize_executable.deserialize_and_load(
        code, jax.tree.structure(taken), jax.tree.structure(given)
    )


def _file(folder: Path, chunks: Sequence[Chunk]) -> Path:
    return folder / f"{chunks[0].index:04d}"

"""A team of chunks with its members and data, compiled: from an explicit population to the next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from shoal.study.device import to_device
from shoal.study.pieces import Layout
from shoal.study.population import stack_of
from shoal.study.program import Chunk
from shoal.study.team import Population, Team
from shoal.study.who import who_of

Records = list[dict[str, np.ndarray]]  # of each chunk: what was measured, (rows, columns, ...)


@dataclass(frozen=True)
class Like:
    """Shapes and dtypes of a team's population, and of what each chunk measures at a recorded step."""

    population: Any
    records: Sequence[Layout]


class CompiledTeam:
    """The functions of chunks that train together. A population is all that one call hands to the next.

    `advance` uses a population's memory for the one after it. `like` is a population's shapes and dtypes.
    """

    def __init__(self, chunks: Sequence[Chunk], dtype: Any) -> None:
        self.chunks, self.program = tuple(chunks), chunks[0].program
        self.who = tuple(who_of(chunk, dtype) for chunk in chunks)
        self.data = to_device(self.program, self.who[0], dtype)
        self._team = team = Team([stack_of(chunk, dtype) for chunk in chunks])
        self.like = now = jax.eval_shape(team.start, self.who)
        given = now, self.who, self.data

        def compiled(function: Callable[..., Any], *shapes: Any, donate: tuple[int, ...] = ()) -> Any:
            return jax.jit(function, donate_argnums=donate).lower(*shapes).compile()

        self._start = compiled(team.start, self.who)
        self._advance = compiled(team.advance, *given, jax.ShapeDtypeStruct((), jnp.int32), donate=(0,))
        self._measure = compiled(partial(team.measure, at_end=False), *given)
        self._finish = compiled(partial(team.measure, at_end=True), *given)
        self._health = compiled(team.health, *given) if self.program.settings.record.probe else None
        self._unstacked = compiled(team.unstacked, now)
        self._rates = compiled(team.rates, self.who)

    def kept_like(self) -> Like:
        """Shapes and dtypes of what a checkpoint of the team keeps."""
        given = self.like, self.who, self.data
        records = jax.eval_shape(partial(self._team.measure, at_end=False), *given)
        if self._health is not None:
            health = jax.eval_shape(self._team.health, *given)
            records = [one | other for one, other in zip(records, health, strict=True)]
        return Like(self.like, records)

    def start(self) -> Population:
        """Every member before its first step."""
        return self._start(self.who)

    def place(self, population: Population) -> Population:
        """A population that lay on the host, on the device: copied, since its memory will be used again."""
        return jax.tree.map(jnp.array, population)

    def advance(self, population: Population, last: int) -> Population:
        """The population after `last` steps in all, as soon as it is there."""
        population = self._advance(population, self.who, self.data, jnp.int32(last))
        return jax.block_until_ready(population)

    def measure(self, population: Population) -> Records:
        """The curves' values."""
        return jax.device_get(self._measure(population, self.who, self.data))

    def health(self, population: Population) -> Records:
        """What `[record] health` measures; nothing where it is off."""
        if self._health is None:
            return [{} for _ in self.chunks]
        return jax.device_get(self._health(population, self.who, self.data))

    def finish(self, population: Population) -> Records:
        """What is measured at the end, on the test split."""
        return jax.device_get(self._finish(population, self.who, self.data))

    def weights(self, population: Population) -> list[Any]:
        """The parameters of each chunk by layer, (rows, columns, ...)."""
        return jax.device_get(self._unstacked(population))

    def rates(self) -> list[np.ndarray]:
        """The learning rate at each recorded step, (columns, record)."""
        return jax.device_get(self._rates(self.who))

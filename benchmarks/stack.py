"""Shoal: the compiled steps of one chunk, as `shoal run` makes them."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp

from rounds import Contender
from shoal import __version__
from shoal.population.device_data import to_device
from shoal.population.members import member_inputs as members_of
from shoal.population.plan import make_plan
from shoal.population.program import Chunk
from shoal.population.stack import stack_of
from shoal.population.team import JointTraining
from shoal.study.load import make_study
from shoal.training.runtime import keep_freed_memory, numerics
from work import Work, study


class Training:
    """A chunk that trains on, from its first step."""

    def __init__(self, chunk: Chunk) -> None:
        keep_freed_memory()
        with numerics(chunk.program.settings.training.precision) as dtype:
            team = JointTraining([stack_of(chunk, dtype)])
            self.who = (members_of(chunk, dtype),)
            self.data = to_device(chunk.program, self.who[0], dtype)
            self.population = jax.jit(team.start)(self.who)
            advance = jax.jit(team.advance, donate_argnums=0)
            self.advance = advance.lower(self.population, self.who, self.data, jnp.int32(0)).compile()
        self.at = 0

    def run(self, steps: int) -> None:
        """Train every member by so many steps."""
        self.at += steps
        self.population = self.advance(self.population, self.who, self.data, jnp.int32(self.at))
        jax.block_until_ready(self.population)


def one_chunk(work: Work, batch_norm: bool, cells: int, seeds: int) -> Chunk:
    """The study of so many cells and seeds as a single chunk, whatever its size."""
    plan = make_plan(make_study(study(batch_norm, cells, seeds)), work.loader.inputs, math.inf, cells * seeds)
    (chunk,) = plan.chunks
    return chunk


def shoal(work: Work, batch_norm: bool, cells: int, seeds: int = 1) -> Contender:
    """Cells of one seed share their batches; each seed has its own."""
    members = cells * seeds
    name = "Shoal solo" if members == 1 else f"Shoal, {members} members"
    if seeds > 1:
        name = f"Shoal, {cells} cells x {seeds} seeds"
    training = Training(one_chunk(work, batch_norm, cells, seeds))
    return Contender(name, batch_norm, members, training.run, note=f"shoal {__version__}")

"""How a study's networks fall into programs, and programs into chunks that fit in memory.

Configurations that differ in traced settings only share a program. A chunk, the unit of work, is a rectangle
of one program: some of its configurations, each with some of the seeds, stacked and trained together. Chunks
of different structure on the same batches train together as one compiled program. A work unit is what one
worker trains.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shoal.data.functions import FunctionData
from shoal.data.inputs import Loader, PreparedData
from shoal.errors import DataError, DeviceError, NetworkError, StudyError
from shoal.network.from_settings import batch_norm_settings, build_network
from shoal.population.initial_arrays import read_initial_arrays, require_differing_seeds
from shoal.population.memory import DeviceLimits, chunk_bytes, limits_here, padded_bytes, team_bytes
from shoal.population.program import Chunk, Program
from shoal.study.settings.base import leaves
from shoal.study.settings.study import Cell, Settings, Study
from shoal.training.batches import batches_of, record_steps, total_steps

if TYPE_CHECKING:
    from shoal.data import Dataset


Unit = tuple[Chunk, ...]
UNITS_A_SLOT = 4  # of a full-batch program, whose members are many and take differently long


def units_of(plan: Plan, slots: int) -> list[Unit]:
    """Every team is a unit; members of a full-batch program, which are trained side by side, come in about
    four units for each of `slots` workers."""
    units: list[Unit] = []
    for _, own in groupby(plan.teams, key=lambda team: team[0].program.index):
        teams = list(own)
        if not teams[0][0].program.full_batch:
            units += teams
            continue
        size = -(-len(teams) // (UNITS_A_SLOT * slots))
        groups = (teams[first : first + size] for first in range(0, len(teams), size))
        units += [tuple(chunk for team in group for chunk in team) for group in groups]
    return units


WIDE = 400  # units side by side that fill a CPU by themselves (benchmarks/README.md: 8 members of 50)


def group_chunks(chunks: Sequence[Chunk], memory: float, widest: int) -> tuple[tuple[Chunk, ...], ...]:
    """The chunks in teams of at most `memory` bytes and `widest` members, in the order in which they run.

    A team's first products are one wide product (study/team.py). So a chunk joins others whose data, batches,
    steps, record points and seeds are the same, if its first affine map meets the batch itself and is
    narrow; a program of several chunks is large enough as it is.
    """
    teams: list[list[Chunk]] = []
    open_teams: dict[Any, list[Chunk]] = {}
    for chunk in chunks:
        key = _key(chunk)
        team = None if key is None else open_teams.get(key)
        if team is None or not _fits([*team, chunk], memory, widest):
            team = []
            teams.append(team)
        team.append(chunk)
        if key is not None:
            open_teams[key] = team
    return tuple(tuple(team) for team in teams)


def _fits(team: Sequence[Chunk], memory: float, widest: int) -> bool:
    return sum(chunk.members for chunk in team) <= widest and team_bytes(team) <= memory


def _key(chunk: Chunk) -> Any:
    """What must agree within a team; None for a chunk that trains alone."""
    program = chunk.program
    whole = len(chunk.cells) == len(program.cells) and len(chunk.seeds) == len(program.seeds)
    if not whole or program.full_batch or program.inputs.drawn or program.given.order is not None:
        return None
    units = _first_units(program)
    training = program.settings.training
    columns = chunk.members if training.shared_order else len(chunk.cells)
    if units is None or columns * units >= WIDE:
        return None
    data = id(program.inputs), program.batches, program.steps, program.record
    return (*data, chunk.seeds, training.precision, training.shared_order)


def _first_units(program: Program) -> int | None:
    """Units of the affine map that meets the batch itself."""
    from shoal.kernels.wide_product import shared_product

    network = program.network()
    name = shared_product(network)
    return None if name is None else network.shapes[network.names.index(name) + 1][0]


@dataclass(frozen=True)
class Plan:
    """All chunks of a study, and the teams in which they train, in the order in which they run."""

    study: Study = field(repr=False)
    programs: tuple[Program, ...]
    chunks: tuple[Chunk, ...]
    teams: tuple[tuple[Chunk, ...], ...]

    @property
    def network_steps(self) -> int:
        """Steps summed over all members."""
        return sum(chunk.members * chunk.program.steps for chunk in self.chunks)

    @property
    def flops(self) -> float:
        """Multiplications and additions of all training steps."""
        return sum(c.members * c.program.steps * c.program.flops_per_step for c in self.chunks)

    @property
    def counts(self) -> str:
        """In words: 8 members in 2 programs and 1 chunk; 160 network-steps."""

        def count(number: int, word: str) -> str:
            return f"{number:,} {word}{'s' * (number != 1)}"

        members, programs = count(self.study.member_count, "member"), count(len(self.programs), "program")
        chunks, steps = count(len(self.chunks), "chunk"), count(self.network_steps, "network-step")
        most = " at most, an evaluation counted as one" if any(p.full_batch for p in self.programs) else ""
        return f"{members} in {programs} and {chunks}; {steps}{most}"

    def describe(self) -> dict[str, Any]:
        """The plan as plain values, kept with the result since another plan may give other last digits."""
        return {
            "members": self.study.member_count,
            "programs": len(self.programs),
            "chunks": [
                {"program": c.program.index, "cells": len(c.cells), "seeds": list(c.seeds)}
                for c in self.chunks
            ],
            "teams": [[chunk.index for chunk in team] for team in self.teams],
            "steps": [p.steps for p in self.programs],
            "parameters": [p.parameters for p in self.programs],
            **({"given": given} if any(given := [p.given.files for p in self.programs]) else {}),
        }


def make_plan(
    study: Study,
    inputs_of: Callable[[Any], PreparedData | FunctionData],
    memory: float,
    widest: int,
    least_work: float = 0.0,
) -> Plan:
    """The plan of a study, chunks of at most `memory` bytes and `widest` members.

    Networks so small that `widest` of them do less than `least_work` operations a step are stacked wider.

    Raises StudyError and NetworkError for cells that cannot be built on their data.
    """
    programs = tuple(
        _named(_program, i, cells, study, inputs_of) for i, cells in enumerate(_by_structure(study))
    )
    chunks: list[Chunk] = []
    for program in programs:
        most = 1 if program.full_batch else max(widest, int(least_work / program.flops_per_step))
        for cells, seeds in _rectangles(program, memory, most):
            size = chunk_bytes(program, len(cells), len(seeds))
            chunks.append(Chunk(len(chunks), program, cells, seeds, size))
    return Plan(study, programs, tuple(chunks), group_chunks(chunks, memory, widest))


def _named(make: Callable[..., Program], index: int, cells: list[Cell], *others: Any) -> Program:
    """A program, or the error that says in which cell it lies."""
    try:
        return make(index, cells, *others)
    except (StudyError, NetworkError, DataError) as error:
        if not cells[0].levels:
            raise
        raise type(error)(f"cell ({cells[0].label}): {error.what}", error.remedy) from None


def _by_structure(study: Study) -> list[list[Cell]]:
    groups: dict[Any, list[Cell]] = {}
    varied = [path for factor in study.factors for path in factor.paths]
    for cell in study.cells():
        groups.setdefault(_structure(cell.settings, varied), []).append(cell)
    return list(groups.values())


def _structure(settings: Settings, varied: Sequence[str]) -> tuple[Any, ...]:
    """What must agree for cells to share a program."""
    traced, structural = leaves(settings)
    length = settings.training
    cycle = (length.cycles, traced.get("training.schedule.half_cycle")) if length.cycles else None
    dropout = tuple((p, traced[p] > 0 or p in varied) for p in traced if p.endswith("dropout"))
    return (tuple(sorted(structural.items())), tuple(sorted(traced)), cycle, dropout)


def _program(
    index: int, cells: list[Cell], study: Study, inputs_of: Callable[[Any], PreparedData | FunctionData]
) -> Program:
    settings = cells[0].settings
    inputs = inputs_of(settings.data)
    has_batch_norm = batch_norm_settings(settings.network) is not None
    dropout = {path for f in study.factors for path in f.paths if path.endswith("dropout")}
    # shapes that do not fit are found here, before anything runs
    network = build_network(settings, inputs.shape, inputs.classes, dropout)
    given = read_initial_arrays(settings, network, inputs.train_count, study.folder)
    require_differing_seeds(given, network, len(study.seeds), inputs.drawn)
    if given.order is None:
        batches = batches_of(inputs.train_count, settings.training.batch_size, has_batch_norm)
    else:
        batches = given.batches(inputs.train_count, has_batch_norm)
    listed = None if given.order is None else len(given.order)
    steps = total_steps(settings.training, batches.per_epoch, listed)
    every = [leaves(cell.settings)[0] for cell in cells]
    traced = tuple(p for p in every[0] if p in dropout or len({one[p] for one in every}) > 1)
    record = record_steps(settings.record, steps)
    program = Program(index, tuple(cells), traced, study.seeds, batches, steps, record, inputs, given)
    _require_scale(settings.training.schedule)
    return program


def _require_scale(schedule: Any) -> None:
    from shoal.training.schedules import registered_scales

    known = registered_scales()
    if schedule is not None and schedule.kind == "cyclical" and schedule.scale not in known:
        raise StudyError(
            f"training.schedule.scale is {schedule.scale!r}; registered: {', '.join(known) or 'none'}.",
            "Hand the function to shoal.training.schedules.register_scale before the study is run.",
        )


def _rectangles(program: Program, memory: float, most: int) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    cells, seeds = len(program.cells), len(program.seeds)
    while most > 1 and chunk_bytes(program, min(most, cells), max(1, most // cells)) > memory:
        most //= 2
    width = _even(cells, most)
    rows = _even(seeds, max(1, most // width))
    return [
        (tuple(range(c, min(c + width, cells))), program.seeds[s : s + rows])
        for c in range(0, cells, width)
        for s in range(0, seeds, rows)
    ]


def _even(count: int, most: int) -> int:
    """The size of equal parts, at most `most` each."""
    return math.ceil(count / math.ceil(count / most))


def plan_study(
    study: Study,
    *,
    data_dir: str | Path | None = None,
    memory: float | None = None,
    dataset: Dataset | None = None,
) -> Plan:
    """The plan of a study without running it: its data are loaded, nothing is compiled."""
    return plan_with(study, Loader(data_dir, dataset=dataset, folder=study.folder), memory)


def plan_with(study: Study, loader: Loader, memory: float | None) -> Plan:
    """The plan of a study on a loader's data. Raises DeviceError for a network too large for the device."""
    return plan_within(study, loader, limits_here(memory))


def plan_within(study: Study, loader: Loader, limits: DeviceLimits) -> Plan:
    """The same within the limits of another device."""
    plan = make_plan(study, loader.inputs, limits.memory, limits.widest, limits.least_work)
    padded = {program.index: padded_bytes(program) for program in plan.programs}
    for chunk in plan.chunks:
        needed = max(chunk.bytes, padded[chunk.program.index])
        if needed > limits.bytes:
            cell = chunk.program.cells[chunk.cells[0]].label
            raise DeviceError(
                f"A network of cell ({cell}) takes about {needed / 2**30:,.0f} GiB to train; "
                f"the device has {limits.bytes / 2**30:,.0f} GiB.",
                "Make its layers or its batches smaller, or give a smaller --memory if several are stacked.",
            )
    return plan

"""Which chunks train together: networks of different structure on the same batches, as one program."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from shoal.study.memory import team_bytes
from shoal.study.program import Chunk, Program

WIDE = 400  # units side by side that fill a CPU by themselves (benchmarks/README.md: 8 members of 50)


def teams_of(chunks: Sequence[Chunk], memory: float, widest: int) -> tuple[tuple[Chunk, ...], ...]:
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

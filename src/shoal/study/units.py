"""The units in which a plan's work is handed out: teams, each trained by one worker."""

from __future__ import annotations

from itertools import groupby

from shoal.study.plan import Plan
from shoal.study.program import Chunk

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

"""`shoal run --explain`: the plan in a table, with its memory and an estimate of time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shoal.cli.output import plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from shoal.population.plan import Plan
    from shoal.population.program import Program
    from shoal.study.settings.study import Study


SHARE_OF_PEAK = 0.45  # of the machine's matrix-product rate, as a whole training reaches it
SECONDS_TO_COMPILE = 4.0  # a program, the first time


def print_plan(plan: Plan) -> None:
    """Members, programs, chunks, memory and time of a study, before anything runs."""
    from rich.console import Console
    from rich.table import Table

    from shoal.network import summarize

    console = Console()
    table = Table("program", "cells", "seeds", "steps", "parameters", "chunks (cells x seeds)", "MiB each")
    for program in plan.programs:
        chunks = [chunk for chunk in plan.chunks if chunk.program is program]
        widths = sorted({f"{len(c.cells)}x{len(c.seeds)}" for c in chunks})
        table.add_row(
            str(program.index + 1),
            str(len(program.cells)),
            str(len(program.seeds)),
            program.length if program.full_batch else f"{program.steps:,}",
            f"{program.parameters:,}",
            f"{len(chunks)} of {', '.join(widths)}",
            f"{max(c.bytes for c in chunks) / 2**20:,.0f}",
        )
    console.print(table)
    for program in plan.programs:
        traced = ", ".join(program.traced) or "nothing"
        console.print(plain(f"\nProgram {program.index + 1}; its cells differ in {traced}:"))
        console.print(summarize(program.network()), highlight=False, markup=False)
    for team in plan.teams:
        if len(team) > 1:
            numbers = ", ".join(str(chunk.program.index + 1) for chunk in team)
            console.print(
                f"\nPrograms {numbers} train together: their first products are one.", highlight=False
            )
    console.print()
    seconds, rate = estimate_seconds(plan)
    console.print(f"{plan.counts}. {plan.flops / 1e12:,.2f} TFLOP of training.")
    console.print(
        f"About {_duration(seconds)} on this machine ({rate / 1e9:,.0f} GFLOP/s of float32 matrix products, "
        f"{SHARE_OF_PEAK:.0%} of it reached, {SECONDS_TO_COMPILE:.0f} s to compile a program the first time)."
    )


def print_search(study: Study, plan_of: Callable[[Study], Plan]) -> None:
    """The rounds of a search with their members and work, and the plan of the first."""
    from rich.console import Console
    from rich.table import Table

    from shoal.search.loop import plan_search

    ahead = plan_search(study, plan_of)
    print_plan(ahead[0].plan)
    console = Console()
    table = Table("", "points", "seeds", "members", "network-steps", "programs", "chunks", "about")
    seconds = 0.0
    for one in ahead:
        own = estimate_seconds(one.plan)[0]
        seconds += own
        members, steps = one.plan.study.member_count, one.plan.network_steps
        table.add_row(
            *(one.name, f"{one.points:,}", str(len(one.plan.study.seeds)), f"{members:,}", f"{steps:,}"),
            *(str(len(one.plan.programs)), str(len(one.plan.chunks)), _duration(own)),
        )
    strategy = str(getattr(study.search, "strategy", ""))
    console.print(f"\nThe search ({strategy}); above is the plan of its first round.", highlight=False)
    console.print(table)
    steps = sum(one.plan.network_steps for one in ahead)
    early = "; it may stop earlier" if strategy == "zoom" else ""
    console.print(f"{steps:,} network-steps at most{early}. About {_duration(seconds)}.", highlight=False)


def estimate_seconds(plan: Plan) -> tuple[float, float]:
    """An estimate of the whole time, and the machine's matrix-product rate that it rests on, in FLOP/s."""
    from shoal.training.runtime import matrix_rate

    rate = matrix_rate()
    work = plan.flops + sum(_measuring(program) for program in plan.programs)
    return work / (rate * SHARE_OF_PEAK) + SECONDS_TO_COMPILE * len(plan.programs), rate


def _measuring(program: Program) -> float:
    """Operations of all record points: two for each weight and example."""
    counts, curve = program.inputs.counts, program.settings.record.training_examples
    seen = counts["validation"] + (counts["train"] if curve == "all" else min(curve, counts["train"]))
    members = len(program.cells) * len(program.seeds)
    return 2.0 * program.parameters * seen * len(program.record) * members


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"

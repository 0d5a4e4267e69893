"""Ratios within each round, and what Shoal reaches for."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

from rounds import Contender
from work import EPOCH, flops_per_step

WIDE = 32


def as_rows(contenders: Sequence[Contender], rates: Sequence[float]) -> list[dict[str, Any]]:
    """Each contender's seconds, and medians of its ratios to others of the same round.

    `rates` are the machine's FLOP/s by round; the floor is the time of the step's products at that rate.
    """
    floor = [flops_per_step() * EPOCH / rate for rate in rates]

    def times(other: Sequence[float], own: Contender) -> float:
        return statistics.median(b / a for a, b in zip(own.seconds, other, strict=True))

    def seconds_of(name: str, batch_norm: bool) -> list[float]:
        return next(c.seconds for c in contenders if c.name == name and c.batch_norm == batch_norm)

    return [
        {
            "name": c.name,
            "batch_norm": c.batch_norm,
            "members": c.members,
            "steps_timed": c.steps,
            "note": c.note,
            "seconds": c.seconds,
            "times_pytorch": times(seconds_of("PyTorch eager", c.batch_norm), c),
            "times_solo": times(seconds_of("Shoal solo", c.batch_norm), c),
            "share_of_floor": times(floor, c),
        }
        for c in contenders
    ]


def reach(rows: Sequence[dict[str, Any]], processes: dict[str, float]) -> list[dict[str, Any]]:
    """Each aim with what was measured."""

    def row(members: int, batch_norm: bool) -> dict[str, Any]:
        name = "Shoal solo" if members == 1 else f"Shoal, {members} members"
        return next(r for r in rows if r["name"] == name and r["batch_norm"] == batch_norm)

    wide, solo, normed = row(WIDE, False), row(1, False), row(WIDE, True)

    def at_least(aim: str, wanted: float, value: float, form: str) -> dict[str, Any]:
        return _aim(aim, f"at least {wanted:{form}}", f"{value:{form}}", value >= wanted)

    def at_most(aim: str, wanted: float, value: float, unit: str) -> dict[str, Any]:
        return _aim(aim, f"at most {wanted:g} {unit}", f"{value:.2f} {unit}", value <= wanted)

    return [
        at_least("32 members, times PyTorch eager", 3.0, wide["times_pytorch"], ".2f"),
        at_least("32 members, times Shoal solo", 2.2, wide["times_solo"], ".2f"),
        at_least("32 members, share of the floor", 0.55, wide["share_of_floor"], ".0%"),
        at_least("solo, times PyTorch eager", 1.0, solo["times_pytorch"], ".2f"),
        at_least("32 members with batch norm, times PyTorch eager", 3.0, normed["times_pytorch"], ".2f"),
        at_most("50 members, peak memory", 2.0, processes["peak_bytes_50_members"] / 2**30, "GiB"),
        at_most("nine layers, compilation", 10.0, processes["compile_seconds_nine_layers_cold"], "s"),
        at_most("nine layers, compilation again", 2.0, processes["compile_seconds_nine_layers_cached"], "s"),
        at_most("shoal --help", 0.3, processes["seconds_shoal_help"], "s"),
        at_most("import shoal", 0.3, processes["seconds_import_shoal"], "s"),
    ]


def _aim(aim: str, wanted: str, measured: str, reached: bool) -> dict[str, Any]:
    return {"aim": aim, "wanted": wanted, "measured": measured, "reached": reached}

"""Which cells the learning curves show: a few in colour, and what their captions must say of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shoal.report.numbers import counted
from shoal.report.style import FAINT, colour, dash
from shoal.report.summary import Summary
from shoal.report.svg import Key

MOST_COLOURED = 6
MOST_GREY = 80
PARTS = ("train", "validation")
PART_WORDS = {"train": "training", "validation": "validation"}


@dataclass(frozen=True)
class Chosen:
    """Cells drawn in colour (best first), cells drawn in grey behind them, and how many there are."""

    coloured: tuple[int, ...]
    grey: tuple[int, ...]
    cells: int


def choose(summary: Summary) -> Chosen:
    """All cells in colour if six or fewer; else the best, the worst and ranks between, others grey."""
    ranked = list(summary.ranking.order) or [row.cell for row in summary.rows if row.finished]
    if len(ranked) <= MOST_COLOURED:
        return Chosen(tuple(ranked), (), len(ranked))
    coloured = _evenly(ranked, MOST_COLOURED)
    rest = [cell for cell in ranked if cell not in coloured]
    return Chosen(coloured, _evenly(rest, MOST_GREY), len(ranked))


def _evenly(cells: list[int], most: int) -> tuple[int, ...]:
    places = np.unique(np.linspace(0, len(cells) - 1, min(most, len(cells))).round().astype(int))
    return tuple(cells[place] for place in places)


def curve_keys(summary: Summary, chosen: Chosen) -> tuple[Key, ...]:
    """The legend: cells with their rank, or training and validation where there is one cell."""
    if not summary.factors:
        return tuple(Key(PART_WORDS[part], colour(i), dash(i)) for i, part in enumerate(parts_of(summary)))
    ranks = {row.cell: row.rank for row in summary.rows}
    keys = [
        Key(f"{_rank(ranks[cell])}{summary.cell_text(cell)}", colour(i), dash(i))
        for i, cell in enumerate(chosen.coloured)
    ]
    if chosen.grey:
        keys.append(Key("other cells, means only", FAINT))
    return tuple(keys)


def _rank(rank: int | None) -> str:
    return "unfinished: " if rank is None else f"{rank}. "


def parts_of(summary: Summary, measure: str = "accuracy") -> list[str]:
    """The parts of the data that a measure was recorded on."""
    return [part for part in PARTS if f"{part}_{measure}" in summary.dataset]


def curve_caption(summary: Summary, chosen: Chosen) -> str:
    """What is drawn of what there is."""
    parts = []
    if chosen.grey:
        shown = f"{len(chosen.coloured)} of {counted(chosen.cells, 'cell')} are in colour"
        others = chosen.cells - len(chosen.coloured)
        grey = "the others" if len(chosen.grey) == others else f"{len(chosen.grey)} of the others"
        parts.append(f"{shown}: the best, the worst and ranks evenly between; {grey} are grey.")
    parts.append(
        f"Lines are means over {summary.seeds} seeds, bands their 95 % intervals."
        if summary.seeds > 1
        else "One seed: no bands."
    )
    recorded = summary.dataset.attrs.get("train_examples_recorded")
    if recorded is not None:
        parts.append(f"Training figures are of {counted(int(recorded), 'example')}.")
    if summary.diverged:
        parts.append("Losses of a network that diverged end where it did.")
    if summary.chance is not None:
        parts.append("Dotted: chance.")
    return " ".join(parts)

"""Which layers and cells the pictures of layers show, and how their captions say so."""

from __future__ import annotations

import numpy as np

from shoal.report.numbers import counted
from shoal.report.summary import Summary

MOST_CELLS = 4
MOST_LAYERS = 6
MOST_VIOLINS = 10


def chosen_cells(summary: Summary) -> tuple[int, ...]:
    """The best cell, the worst, and of the others the one with most sick networks; all of four or fewer."""
    ranked = list(summary.ranking.order) or [row.cell for row in summary.rows if row.finished]
    if len(ranked) <= MOST_CELLS:
        return tuple(ranked)
    sick: dict[int, int] = {}
    for finding in summary.health.findings:
        sick[finding.cell] = sick.get(finding.cell, 0) + len(finding.seeds)
    between = max(ranked[1:-1], key=lambda cell: (sick.get(cell, 0), -ranked.index(cell)))
    return (ranked[0], between, ranked[-1])


def cells_caption(summary: Summary, shown: tuple[int, ...]) -> str:
    """Which of the cells are drawn."""
    if len(shown) == len(summary.rows):
        return ""
    return (
        f"{len(shown)} of {counted(len(summary.rows), 'cell')}: the best, the one with most findings among "
        "the others, and the worst."
    )


def evenly(names: list[str], most: int) -> list[str]:
    """At most so many layers, evenly chosen from the input to the output, both ends included."""
    if len(names) <= most:
        return names
    return [names[i] for i in np.unique(np.linspace(0, len(names) - 1, most).round().astype(int))]

"""The finalists with fresh seeds beside their scores in the search: the winner's curse, drawn."""

from __future__ import annotations

import numpy as np

from shoal.analysis.search import Confirmed, SearchPath
from shoal.report.figures.search_score import score_text, set_score_axis
from shoal.report.style import MUTED, PALETTE, PANEL, panel
from shoal.report.svg import Drawing, Key, to_drawing

MOST_LETTERS = 20


def draw_fresh(path: SearchPath, finals: list[Confirmed], labels: list[str], name: str) -> Drawing:
    """A row a finalist: its score in the search, hollow, and with fresh seeds, both with intervals."""
    figure, axes = panel(PANEL[0], 1.1 + 0.42 * len(finals))
    rows = np.arange(len(finals))
    reach, centre = [], []
    for shift, colour, face, scores in (
        (-0.13, MUTED, "white", [one.trial.score for one in finals]),
        (0.13, PALETTE[0], PALETTE[0], [one.fresh for one in finals]),
    ):
        mean, low, high = np.array([(s.mean, s.low, s.high) for s in scores]).T
        errors = np.nan_to_num(np.array([mean - low, high - mean]))
        axes.errorbar(
            mean, rows + shift, xerr=errors, color=colour, marker="o", mfc=face, ls="none", capsize=3, ms=6
        )
        reach, centre = [*reach, *low, *high], [*centre, *mean]
    axes.set_yticks(rows, _ticks(labels))
    axes.set_ylim(len(finals) - 0.4, -0.6)
    axes.grid(axis="y", visible=False)
    cut = set_score_axis(axes, path, centre, reach, which="x")
    said = "; ".join(
        f"{label}: {score_text(path, one.trial.score)} in the search, {score_text(path, one.fresh)} fresh"
        for label, one in zip(labels, finals, strict=True)
    )
    keys = (Key("in the search", MUTED), Key("with fresh seeds", PALETTE[0]))
    if max(map(len, labels)) > MOST_LETTERS:
        axes.set_ylabel("finalist")
    caption = f"Means with 95 % intervals over seeds, the search's choice on top. {cut}".strip()
    return to_drawing(figure, name, "Finalists, again with fresh seeds", said, caption, keys)


def _ticks(labels: list[str]) -> list[str]:
    """The finalists by name, or by number where the names are long: the table lists them in that order."""
    short = max(map(len, labels)) <= MOST_LETTERS
    return labels if short else [str(i + 1) for i in range(len(labels))]

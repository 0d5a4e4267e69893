"""Rungs of a halving: curves that end where their trials were dropped."""

from __future__ import annotations

import numpy as np

from shoal.analysis.search import SearchPath
from shoal.report.figures.search_score import set_score_axis
from shoal.report.style import FAINT, MUTED, PALETTE, PANEL, colour, panel
from shoal.report.svg import Drawing, Key, to_drawing


def draw_rungs(path: SearchPath, name: str) -> Drawing:
    """The mean score over seeds by step, each trial as far as it trained; a colour for the rung where it
    ended."""
    figure, axes = panel(PANEL[0], 1.15 * PANEL[1])
    steps = path.dataset["step"].values
    curves = path.dataset["curve"].values.mean(axis=1)
    rungs = sorted({t.rung for t in path.trials})
    for trial in sorted(path.trials, key=lambda t: t.rung):
        shown = (steps <= trial.steps) & np.isfinite(curves[trial.at])
        last = trial.rung == rungs[-1]
        ink = PALETTE[0] if last else colour(rungs.index(trial.rung) + 1)
        if trial.status == "diverged":
            ink = MUTED
        axes.plot(steps[shown], curves[trial.at][shown], color=ink, linewidth=1.5 if last else 0.9, alpha=0.9)
        if shown.any():
            axes.plot(steps[shown][-1], curves[trial.at][shown][-1], "o", color=ink, markersize=3.5)
    for end in sorted({t.steps for t in path.trials})[:-1]:
        axes.axvline(end, color=FAINT, linewidth=0.9, zorder=0.5)
    axes.set_xlabel("training step")
    axes.set_xlim(left=0)
    set_score_axis(axes, path, curves[:, 1:] if curves.shape[1] > 1 else curves)
    counts = {rung: sum(t.rung == rung for t in path.trials) for rung in rungs}
    keys = tuple(
        Key(f"rung {rung + 1}: {counts[rung]} ended", PALETTE[0] if rung == rungs[-1] else colour(i + 1))
        for i, rung in enumerate(rungs)
    )
    said = "; ".join(f"rung {rung + 1}: {count} trials ended" for rung, count in counts.items())
    caption = "Means over seeds; a dot where a trial ended, grey where it diverged; lines mark the rungs."
    return to_drawing(figure, name, "Rungs", said, caption, keys)

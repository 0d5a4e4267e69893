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
    sound = [trial for trial in path.trials if trial.status != "diverged"]
    rungs = sorted({t.rung for t in sound or path.trials})
    for trial in sorted(path.trials, key=lambda t: t.rung):
        shown = (steps <= trial.steps) & np.isfinite(curves[trial.at])
        last = trial.rung == rungs[-1]
        ink = MUTED if trial.status == "diverged" else _ink(rungs, trial.rung)
        axes.plot(steps[shown], curves[trial.at][shown], color=ink, linewidth=1.5 if last else 0.9, alpha=0.9)
        if shown.any():
            axes.plot(steps[shown][-1], curves[trial.at][shown][-1], "o", color=ink, markersize=3.5)
    for end in sorted({t.steps for t in sound})[:-1]:
        axes.axvline(end, color=FAINT, linewidth=0.9, zorder=0.5)
    axes.set_xlabel("training step")
    axes.set_xlim(left=0)
    set_score_axis(axes, path, curves[:, 1:] if curves.shape[1] > 1 else curves)
    counts = {rung: sum(t.rung == rung for t in sound) for rung in rungs}
    texts = {rung: f"rung {rung + 1}: {count} ended" for rung, count in counts.items()}
    texts[rungs[-1]] = f"to the end: {counts[rungs[-1]]}"
    keys = [Key(text, _ink(rungs, rung)) for rung, text in texts.items()]
    if diverged := len(path.trials) - len(sound):
        keys.append(Key(f"diverged: {diverged}", MUTED))
    said = "; ".join(key.text for key in keys)
    caption = "Means over seeds; a dot where a trial ended; lines mark the rungs."
    return to_drawing(figure, name, "Rungs", said, caption, tuple(keys))


def _ink(rungs: list[int], rung: int) -> str:
    """The colour of a rung; those who reach the end have the first."""
    return PALETTE[0] if rung == rungs[-1] else colour(rungs.index(rung) + 1)

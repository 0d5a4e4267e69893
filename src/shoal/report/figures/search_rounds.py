"""Rounds of a search over one factor, as panels on one axis: each looks closer."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from shoal.analysis.search import SearchPath
from shoal.report.figures.search_score import bars, labelled, score_text, set_factor_axis, set_score_axis
from shoal.report.numbers import levels_as_text
from shoal.report.style import FAINT, PALETTE, PANEL, panels
from shoal.report.svg import Drawing, to_drawing

ROW = 1.35  # inches of one round


def draw_rounds(path: SearchPath, name: str) -> Drawing:
    """One row a round: means with intervals, the best marked, the next round's range shaded."""
    (factor,) = path.factors
    values, rounds = path.values(factor), path.rounds
    figure, rows = panels(rounds, PANEL[0], 0.75 + ROW * rounds)
    texts, cuts = [], set()
    for index, axes in enumerate(rows):
        own = [trial for trial in path.trials if trial.round == index]
        before = [trial for trial in path.trials if trial.round < index]
        _range(axes, path, index)
        if before:
            axes.plot(
                [values[t.at] for t in before], [t.score.mean for t in before], ".", color=FAINT, zorder=1
            )
        mean, errors, low, high = bars(own)
        at = np.array([values[trial.at] for trial in own], float)
        axes.errorbar(
            at, mean, yerr=errors, color=PALETTE[0], marker="o", markersize=4.5, capsize=2.5, ls="none"
        )
        if path.best.round <= index:
            axes.plot(
                *(values[path.best.at], path.best.score.mean, "*"),
                color=PALETTE[1],
                markersize=13,
                zorder=4,
                clip_on=False,
            )
        set_factor_axis(axes, factor)
        cuts.add(set_score_axis(axes, path, mean, [low, high]))
        axes.set_ylabel("")
        axes.set_title(f"round {index + 1}", loc="left", fontsize=9)
        if index + 1 < rounds:
            axes.set_xlabel("")
        texts += [
            f"round {index + 1}, {text}: {score_text(path, trial.score)}"
            for text, trial in zip(levels_as_text(at.tolist()), own, strict=True)
        ]
    figure.supylabel(labelled(path), fontsize=9)
    caption = (
        f"Means with 95 % intervals over {path.dataset.sizes['seed']} seeds, each round on its own scale of "
        f"scores. Star: the best of all. Shaded: where the next round looked, or would have. Grey dots: "
        f"earlier rounds. {' '.join(sorted(cuts))}"
    )
    return to_drawing(figure, name, "Rounds", "; ".join(texts), caption.strip())


def _range(axes: Axes, path: SearchPath, index: int) -> None:
    ranges = path.settings["rounds_run"][index]["ranges"]
    for low, high in ranges.values():
        axes.axvspan(low, high, color=PALETTE[5], alpha=0.18, linewidth=0, zorder=0)

"""The share of networks whose final loss is at most so much: one rising line a cell."""

from __future__ import annotations

import numpy as np
from matplotlib.ticker import MaxNLocator, PercentFormatter

from shoal.analysis.regression import Fit
from shoal.report.style import DASHES, colour, dash, panel
from shoal.report.svg import Drawing, Key, to_drawing

MOST_LINES = 6


def draw_loss_shares(fits: list[Fit], names: list[str], words: str, name: str) -> Drawing | None:
    """At most six cells; None where no loss is known."""
    shown = [fit for fit in fits if np.isfinite(fit.losses).any()][:MOST_LINES]
    if not shown:
        return None
    figure, axes = panel()
    keys = []
    for i, fit in enumerate(shown):
        losses = np.sort(fit.losses[np.isfinite(fit.losses)])
        share = np.arange(1, len(losses) + 1) / len(fit.losses)
        axes.step(losses, share, where="post", color=colour(i), linestyle=DASHES[i])
        keys.append(Key(names[fit.cell], colour(i), dash(i)))
    axes.set_ylim(-0.02, 1.02)
    axes.yaxis.set_major_formatter(PercentFormatter(xmax=1, symbol=""))
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.set_xlabel(words)
    axes.set_ylabel("networks at or below it (%)")
    caption = "" if len(shown) == len(fits) else f"{len(shown)} of {len(fits)} cells are drawn."
    said = f"Share of networks by {words}."
    return to_drawing(figure, name, words.capitalize(), said, caption, tuple(keys) if len(keys) > 1 else ())

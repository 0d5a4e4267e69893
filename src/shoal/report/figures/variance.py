"""Cumulative curves: variance held by principal components, networks whose final loss is at most so much."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.ticker import MaxNLocator, PercentFormatter

from shoal.analysis.regression import Fit
from shoal.report.numbers import clean, counted, percent
from shoal.report.style import DASHES, INK, MUTED, colour, dash, panel
from shoal.report.summary import Summary
from shoal.report.svg import Drawing, Key, to_drawing

MOST_BASES = 6
MOST_LABELLED = 6
ROOM = 1.6  # how far the axis goes beyond what is kept, and beyond 99 % of the variance


def draw_variance(summary: Summary, name: str) -> Drawing | None:
    """One line for each standardization that components were learned behind; None without components."""
    bases = summary.attribute("pca_bases", [])
    if "explained_variance_ratio" not in summary.dataset or not bases:
        return None
    ratios = summary.dataset["explained_variance_ratio"].transpose("pca_basis", "pca_component").values
    shown = [(basis, np.cumsum(own[np.isfinite(own)])) for basis, own in zip(bases, ratios, strict=True)]
    shown = shown[:MOST_BASES]
    figure, axes = panel()
    for i, (basis, total) in enumerate(shown):
        axes.plot(np.arange(1, len(total) + 1), total, color=colour(i), linestyle=DASHES[i])
        _mark(axes, basis, i, label=len(shown) == 1 and len(basis["kept"]) <= MOST_LABELLED)
    axes.set_xlim(0, max(_end(basis, total) for basis, total in shown))
    axes.set_ylim(0, 1.03)
    axes.yaxis.set_major_formatter(PercentFormatter(xmax=1, symbol=""))
    axes.set_xlabel("principal components, largest variance first")
    axes.set_ylabel("variance held together (%)")
    keys = tuple(Key(_name(basis), colour(i), dash(i)) for i, (basis, _) in enumerate(shown))
    said = " ".join(_said(basis, total, len(shown) > 1) for basis, total in shown)
    caption = f"{said} Learned on the training split alone; dots mark what is kept."
    if len(bases) > len(shown):
        caption += f" {len(shown)} of {len(bases)} bases are drawn."
    return to_drawing(figure, name, "Explained variance", said, caption, keys if len(keys) > 1 else ())


def _mark(axes: Any, basis: dict[str, Any], i: int, label: bool) -> None:
    for kept in basis["kept"]:
        x, y = kept["components"], kept["variance_kept"]
        axes.vlines(x, 0, y, color=MUTED, linewidth=0.8, linestyle=(0, (2, 2)))
        axes.plot([x], [y], "o", color=colour(i), markeredgecolor="white", markersize=6, zorder=3)
        if label:
            text = f" {x:,}: {percent(y, 1)} %"
            box = {"facecolor": "white", "edgecolor": "none", "pad": 1}
            axes.annotate(text, (x, y), (3, -13), textcoords="offset points", color=INK, fontsize=8, bbox=box)


def _end(basis: dict[str, Any], total: np.ndarray) -> float:
    """Where the axis may end: beyond 99 % of the variance and beyond what is kept."""
    most = max(kept["components"] for kept in basis["kept"])
    return min(len(total), ROOM * max(most, int(np.searchsorted(total, 0.99)) + 1, 5))


def _name(basis: dict[str, Any]) -> str:
    return f"{clean(str(basis['data']))}, standardize {clean(str(basis['scaling']))}"


def _said(basis: dict[str, Any], total: np.ndarray, named: bool) -> str:
    every = [
        f"{counted(kept['components'], 'component')} {'holds' if kept['components'] == 1 else 'hold'} "
        f"{percent(kept['variance_kept'], 1)} %"
        for kept in basis["kept"]
    ]
    start = f"{_name(basis)}: of {len(total):,}, " if named else f"Of {len(total):,}, "
    return f"{start}{', '.join(every)} of the variance."


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

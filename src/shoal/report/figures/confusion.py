"""Which classes are taken for which: the confusion matrix of the best cell on test data."""

from __future__ import annotations

import numpy as np
from matplotlib.ticker import FuncFormatter

from shoal.report.numbers import clean, shorten
from shoal.report.style import SHARES, panel
from shoal.report.summary import Summary
from shoal.report.svg import Drawing, to_drawing

MOST_WRITTEN = 12
MOST_NAMED = 30


def draw_confusion(summary: Summary, name: str) -> Drawing | None:
    """Rows are true classes, columns predictions, colour the share of the row; None without a matrix."""
    if "confusion" not in summary.dataset:
        return None
    counts = summary.dataset["confusion"].transpose("class", "predicted").values.astype(np.float64)
    totals = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, totals, out=np.zeros_like(counts), where=totals > 0)
    names = [clean(str(value)) for value in summary.dataset["class"].values]
    figure, axes = panel(4.2, 4.0, "constrained")
    image = axes.imshow(shares, cmap=SHARES, vmin=0, vmax=1, interpolation="nearest")
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    axes.set_ylabel("true class")
    axes.set_xlabel("predicted class")
    if len(names) <= MOST_NAMED:
        texts = [shorten(text, 12) for text in names]
        axes.set_yticks(range(len(names)), texts, fontsize=8 if len(names) <= MOST_WRITTEN else 6)
        axes.set_xticks(
            range(len(names)),
            texts,
            rotation=45,
            ha="right",
            rotation_mode="anchor",
            fontsize=8 if len(names) <= MOST_WRITTEN else 6,
        )
    if len(names) <= MOST_WRITTEN:
        for (i, j), share in np.ndenumerate(shares):
            if counts[i, j]:
                ink = "white" if share > 0.55 else "black"
                axes.text(j, i, _share(share), ha="center", va="center", color=ink, fontsize=7)
    else:
        bar = figure.colorbar(
            image, ax=axes, shrink=0.8, pad=0.02, format=FuncFormatter(lambda v, _: f"{100 * v:.0f}")
        )
        bar.outline.set_visible(False)  # type: ignore[operator]
        bar.set_label("share of the true class (%)")
    worst = _worst(shares, names)
    return to_drawing(
        figure, name, "Confusion matrix on test data", worst or "No confusion.", _caption(summary, worst)
    )


def _share(share: float) -> str:
    return "<1" if 0 < share < 0.005 else f"{100 * share:.0f}"


def _worst(shares: np.ndarray, names: list[str], most: int = 4) -> str:
    """The most frequent mistakes in words."""
    wrong = shares.copy()
    np.fill_diagonal(wrong, 0.0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:most]
    pairs = [np.unravel_index(flat, wrong.shape) for flat in order]
    mistakes = [
        f"{names[i]} taken for {names[j]} ({_share(float(wrong[i, j]))} %)"
        for i, j in pairs
        if wrong[i, j] > 0
    ]
    return f"Most frequent mistakes: {', '.join(mistakes)}." if mistakes else ""


def _caption(summary: Summary, worst: str) -> str:
    cell = summary.confusion_cell
    whose = f"Best cell ({summary.cell_text(cell)})" if cell is not None and summary.factors else "Test data"
    data = " on test data" if whose != "Test data" else ""
    over = f", summed over {summary.seeds} seeds" if summary.seeds > 1 else ""
    return f"{whose}{data}{over}. Each row adds up to 100 %. {worst}".strip()

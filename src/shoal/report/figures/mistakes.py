"""The test examples that the best cell's network gets most confidently wrong, as pictures."""

from __future__ import annotations

import textwrap
from typing import Any

from shoal.report.figures.mosaic import image_colours, tiles
from shoal.report.numbers import clean, percent, shorten
from shoal.report.style import INK, MUTED, panel
from shoal.report.summary import Summary
from shoal.report.svg import Drawing, to_drawing

COLUMNS = 5
WIDTH = 4.6
MOST_LETTERS = 12


def draw_mistakes(summary: Summary, name: str) -> Drawing | None:
    """Pictures with the class that the network names and the true one; None where none are kept."""
    data = summary.dataset
    if "mistake_image" not in data:
        return None
    images, attributes = data["mistake_image"].values, data["mistake_image"].attrs
    pictures = [image_colours(image, attributes["low"], attributes["high"]) for image in images]
    height, side = pictures[0].shape[:2]
    gap, below = round(side / 4), round(side / 1.9)
    page = tiles(pictures, COLUMNS, gap, below)
    figure, axes = panel(WIDTH, WIDTH * page.shape[0] / page.shape[1], "constrained")
    axes.imshow(page, interpolation="none")
    axes.set_axis_off()
    said = []
    for i in range(len(pictures)):
        named, true = (clean(str(data[key].values[i])) for key in ("mistake_predicted", "mistake_true"))
        share = percent(float(data["mistake_probability"].values[i]), 0)
        x = (i % COLUMNS) * (side + gap) + side / 2
        y = (i // COLUMNS) * (height + gap + below) + height
        style: dict[str, Any] = {"ha": "center", "va": "baseline", "fontsize": 7}
        axes.text(x, y + 0.42 * below, f"{shorten(named, MOST_LETTERS)} {share}", color=INK, **style)
        axes.text(x, y + 0.88 * below, f"is {shorten(true, MOST_LETTERS)}", color=MUTED, **style)
        said.append(f"{true} taken for {named} ({share} %)")
    title = "Most confidently wrong"
    words = textwrap.shorten("; ".join(said), 600, placeholder=" ...")
    return to_drawing(figure, name, title, f"{words}.", _caption(summary, len(pictures)))


def _caption(summary: Summary, shown: int) -> str:
    cell = summary.confusion_cell
    whose = f" of the best cell ({summary.cell_text(cell)})" if cell is not None and summary.factors else ""
    seed = f", seed {summary.attribute('mistake_seed')}" if summary.seeds > 1 else ""
    examples = "test example that the network" if shown == 1 else f"{shown} test examples that the network"
    return (
        f"The {examples}{whose}{seed} is surest of and gets wrong. Below each: the class that it "
        "names with its probability in %, and the true class."
    )

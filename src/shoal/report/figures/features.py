"""First-layer weights as pictures, after training and before it, cell by cell."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from shoal.analysis import find_cell
from shoal.report.figures.mosaic import signed_colours, tiles
from shoal.report.style import PANEL, panel
from shoal.report.summary import Summary
from shoal.report.svg import Drawing, to_drawing

COLUMNS = 6
GREY = "Red is a positive weight, blue a negative one, white zero"
COLOUR = "Colours are the weights of the red, green and blue channels, mid-grey is zero"
SCALE = "each picture has a scale of its own, on which 99 % of its weights fit."


def draw_features(summary: Summary) -> list[Drawing]:
    """Two drawings a cell, the trained units and the same ones untrained, the best cell first."""
    data = summary.dataset
    if "feature_trained" not in data:
        return []
    drawn = []
    for i, about in enumerate(summary.attribute("feature_cells", [])):
        for part, words in (("trained", "trained"), ("untrained", "before training")):
            pictures = list(_pictures(data[f"feature_{part}"].values[i], about))
            title = f"{_whose(summary, about)}{words}"
            drawn.append(_drawing(pictures, f"features-{i}-{part}", title, about))
    return drawn


def features_caption(summary: Summary) -> str:
    """What a picture is, how it is scaled, and whose it is."""
    every = summary.attribute("feature_cells", [])
    if not every:
        return ""
    shape = every[0]["shape"]
    parts = [f"{COLOUR if shape[-1] == 3 else GREY}; {SCALE}", _meaning(every), _shown(every)]
    if summary.seeds > 1:
        parts.append(f"One network a cell: seed {every[0]['seed']}.")
    if len(every) < len(summary.rows):
        parts.append(f"{len(every)} of {len(summary.rows)} cells, the best first, the worst last.")
    return " ".join(part for part in parts if part)


def _pictures(stored: np.ndarray, about: dict[str, Any]) -> Iterator[np.ndarray]:
    rows, columns, channels = about["shape"][1:]
    for picture in stored[: len(about["units"]), :rows, :columns, :channels]:
        yield signed_colours(picture)


def _drawing(pictures: list[np.ndarray], name: str, title: str, about: dict[str, Any]) -> Drawing:
    columns = min(COLUMNS, len(pictures))
    page = tiles(pictures, columns, gap=max(1, round(pictures[0].shape[1] / 12)))
    width = PANEL[0] * max(columns, 3) / COLUMNS
    figure, axes = panel(width, width * page.shape[0] / page.shape[1], "constrained")
    axes.imshow(page, interpolation="none")
    axes.set_axis_off()
    said = f"{len(pictures)} pictures of the weights of {about['layer']}."
    return to_drawing(figure, name, title, said)


def _whose(summary: Summary, about: dict[str, Any]) -> str:
    cell = find_cell(summary.dataset, about["cell"])
    return f"{summary.cell_text(cell)}: " if summary.factors and cell is not None else ""


def _meaning(every: list[dict[str, Any]]) -> str:
    if all(about["convolution"] for about in every):
        return "A picture is a kernel, in weights of standardized pixels."
    steps = ["standardization"] if any(about["scaling"] != "none" for about in every) else []
    steps += ["principal components"] if any(about["components"] for about in every) else []
    if not steps:
        return "A picture shows a unit's weights where their pixels are."
    kinds = "; kernels of convolutions are drawn as they are" if any(a["convolution"] for a in every) else ""
    return (
        f"A picture is the change of the image that moves the unit most for its size: its weights taken back "
        f"through {' and '.join(reversed(steps))}{kinds}."
    )


def _shown(every: list[dict[str, Any]]) -> str:
    about = next((one for one in every if len(one["units"]) < one["shape"][0]), None)
    if about is None:
        return "Units with the largest weights come first, and stand in the same places before training."
    return (
        f"The {len(about['units'])} of {about['shape'][0]} units with the largest weights after training, "
        "in the same places before it."
    )

"""Weights and examples as small pictures.

First-layer weights after training and before it; test examples that the best network gets most confidently
wrong.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator
from typing import Any

import matplotlib
import numpy as np

from shoal.analysis import find_cell
from shoal.report.numbers import clean, percent, shorten
from shoal.report.style import INK, MUTED, PANEL, panel
from shoal.report.summary import Summary
from shoal.report.svg import Drawing, to_drawing

SIGNED = "RdBu_r"  # blue below zero, white at zero, red above: told apart with any colour vision
FITS = 0.99  # of a picture's weights: a few large ones would leave the others grey


def signed_colours(picture: np.ndarray) -> np.ndarray:
    """Weights (I, J, C) as colours (I, J, 3) in 0 .. 1, on the picture's own scale: 99 % of its weights fit.

    Three channels are red, green and blue around a grey that is zero; one channel is blue below zero, white
    at zero and red above.
    """
    size = np.abs(picture)
    end = float(np.quantile(size, FITS)) or float(size.max()) or 1.0
    level = np.clip(0.5 + 0.5 * picture / end, 0, 1)
    if picture.shape[-1] == 3:
        return level
    return matplotlib.colormaps[SIGNED](level[..., 0])[..., :3]


def image_colours(image: np.ndarray, low: float, high: float) -> np.ndarray:
    """An example (I, J, C) as colours (I, J, 3), `low` black and `high` white."""
    level = np.clip((image.astype(np.float64) - low) / max(high - low, 1e-12), 0, 1)
    return np.broadcast_to(level, (*level.shape[:2], 3))


def image_grid(pictures: list[np.ndarray], columns: int, gap: int, below: int = 0) -> np.ndarray:
    """Pictures (I, J, 3) of one size in rows of `columns`, on white, `below` pixels of room under each."""
    height, width = pictures[0].shape[:2]
    down, right = height + gap + below, width + gap
    rows = math.ceil(len(pictures) / columns)
    page = np.ones((rows * down - gap, columns * right - gap, 3))
    for i, picture in enumerate(pictures):
        top, left = (i // columns) * down, (i % columns) * right
        page[top : top + height, left : left + width] = picture
    return np.round(255 * page).astype(np.uint8)


FEATURE_COLUMNS = 6
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
    columns = min(FEATURE_COLUMNS, len(pictures))
    page = image_grid(pictures, columns, gap=max(1, round(pictures[0].shape[1] / 12)))
    width = PANEL[0] * max(columns, 3) / FEATURE_COLUMNS
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


MISTAKE_COLUMNS = 5
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
    page = image_grid(pictures, MISTAKE_COLUMNS, gap, below)
    figure, axes = panel(WIDTH, WIDTH * page.shape[0] / page.shape[1], "constrained")
    axes.imshow(page, interpolation="none")
    axes.set_axis_off()
    said = []
    for i in range(len(pictures)):
        named, true = (clean(str(data[key].values[i])) for key in ("mistake_predicted", "mistake_true"))
        share = percent(float(data["mistake_probability"].values[i]), 0)
        x = (i % MISTAKE_COLUMNS) * (side + gap) + side / 2
        y = (i // MISTAKE_COLUMNS) * (height + gap + below) + height
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

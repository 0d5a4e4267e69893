"""Small pictures in one: colours for weights, and tiles beside each other."""

from __future__ import annotations

import math

import matplotlib
import numpy as np

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


def tiles(pictures: list[np.ndarray], columns: int, gap: int, below: int = 0) -> np.ndarray:
    """Pictures (I, J, 3) of one size in rows of `columns`, on white, `below` pixels of room under each."""
    height, width = pictures[0].shape[:2]
    down, right = height + gap + below, width + gap
    rows = math.ceil(len(pictures) / columns)
    page = np.ones((rows * down - gap, columns * right - gap, 3))
    for i, picture in enumerate(pictures):
        top, left = (i // columns) * down, (i % columns) * right
        page[top : top + height, left : left + width] = picture
    return np.round(255 * page).astype(np.uint8)

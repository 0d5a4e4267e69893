"""Weights of a first layer as pictures: which networks have such, and the way back from weights to pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shoal.data.inputs import PreparedData
from shoal.layers import Affine, Convolution, Dropout, Flatten
from shoal.network import Network
from shoal.population.program import Program
from shoal.training.measure import has_probabilities

MOST_MISTAKES = 20
_TRANSPARENT = (Flatten, Dropout)  # layers that leave every pixel in its place


@dataclass(frozen=True)
class FirstMap:
    """The first trained layer of a network on images: its name, and whether it is a convolution."""

    layer: str
    convolution: bool


def image_shape(inputs: object) -> tuple[int, ...] | None:
    """(I, J, C) of the images that the inputs were made from, grey or in three colours; None for others."""
    if not isinstance(inputs, PreparedData):
        return None
    shape = (inputs.origin or inputs).shape
    return shape if len(shape) == 3 and shape[-1] in (1, 3) else None


def first_map(network: Network) -> FirstMap | None:
    """The first trained layer where it is an affine map or a convolution of the pixels themselves."""
    for name, layer, _ in network.named_layers:
        if isinstance(layer, (Affine, Convolution)):
            return FirstMap(name, isinstance(layer, Convolution))
        if not isinstance(layer, _TRANSPARENT):
            return None
    return None


def most_mistakes(program: Program) -> int:
    """How many mistaken examples of the test split a run keeps: none where they are no images."""
    pictured = image_shape(program.inputs) is not None and has_probabilities(program.network().loss.kind)
    held = program.inputs.counts["test"]
    return min(MOST_MISTAKES, held) if pictured else 0


def weight_pictures(W: np.ndarray, inputs: PreparedData, convolution: bool) -> np.ndarray:
    """One picture a unit, (H, I, J, C): the change of the image that moves the unit most for its size.

    A convolution's kernels (K, L, C, F) are pictures already, of standardized pixels. An affine map's weights
    (D, H) go back through principal components, W -> V' W, and through the standardization
    x_scaled = (x - offset) scale: a step along w of the scaled image is a step w / scale of the pixels, which
    is 0 where a pixel is constant.
    """
    if convolution:
        return np.moveaxis(W, -1, 0)
    origin = inputs.origin or inputs
    scaled = W if inputs.pca is None else inputs.pca.components.T @ W
    scale = origin.scaling.scale.reshape(-1, 1)
    pixels = np.divide(scaled, scale, out=np.zeros_like(scaled), where=scale != 0)
    return pixels.T.reshape(-1, *origin.shape)

"""The reports' gradient tables: differences as a student takes them, of right and of spoilt gradients.

The reports do not say on how many features and examples they checked, nor how one number was made of a
block's entries. Here: 20 standard normal features, 10 examples, no L2, central differences with step 1e-5,
and the mean over entries of |a - n| / max(1e-6, |a| + |n|). Each point has weights and examples of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from shoal.doctor.catalogue import plant
from shoal.doctor.layer_at_point import sites_of
from shoal.gradients import Point, draw_point
from shoal.layers import BatchNorm, HeNormal, ReLU, SoftmaxCrossEntropy
from shoal.network import by_name, compose
from shoal.reproduce.adapt import Mode
from shoal.reproduce.computed.registry import Numbers, computes

POINTS, QUICK_POINTS = 12, 3
FEATURES, EXAMPLES, CLASSES, UNITS = 20, 10, 10, 50
STEP, LEAST = 1e-5, 1e-6
NETWORKS = {
    "2_layer_bn": (1, True),
    "3_layer": (3, False),
    "3_layer_bn": (2, True),
}  # hidden layers, batch norm
MISTAKES: dict[str, dict[str, Any]] = {
    "mean path": {"mean_path": False},
    "variance path": {"variance_path": False},
    "both paths": {"mean_path": False, "variance_path": False},
}
Blocks = dict[str, np.ndarray]


@computes("gradients")
def gradient_tables(mode: Mode) -> Numbers:
    """By "right.3_layer_bn.W.0", "both paths.3_layer_bn.W.0", ...: an error for each point, (points,).

    "smooth.*" leaves out the entries whose differences crossed a corner of a ReLU, "corners.*" is the share
    of these, "size.*" the largest gradient of a block.
    """
    found: dict[str, list[float]] = {}
    with threadpool_limits(1):
        for network in NETWORKS:
            for seed in range(QUICK_POINTS if mode.quick else POINTS):
                for name, value in _at_point(network, seed).items():
                    found.setdefault(name, []).append(value)
    return {name: np.array(values) for name, values in found.items()}


def _at_point(network: str, seed: int) -> dict[str, float]:
    point = draw(network, seed)
    right = by_name(point.gradients()[1])
    differences, corners = central_differences(point)
    sides = {"right": right}
    if network.endswith("bn"):
        sides |= {name: spoilt(point, options) for name, options in MISTAKES.items()}
    found = {}
    for block, path in _paths(point).items():
        for name, gradients in sides.items():
            found[f"{name}.{network}.{path}"] = error(gradients[block], differences[block])
        smooth = ~corners[block]
        found[f"smooth.{network}.{path}"] = error(right[block][smooth], differences[block][smooth])
        found[f"corners.{network}.{path}"] = float(corners[block].mean())
        found[f"size.{network}.{path}"] = float(np.abs(right[block]).max())
    return found


def draw(network: str, seed: int) -> Point:
    """A network of the table at a start and on a batch of its own."""
    hidden, normed = NETWORKS[network]
    built = compose(
        (FEATURES,),
        CLASSES,
        hidden=[UNITS] * hidden,
        activation=ReLU(),
        initial=HeNormal(),
        batch_norm=BatchNorm() if normed else None,
        loss=SoftmaxCrossEntropy(),
    )
    rng = np.random.default_rng([seed, 5])
    x, labels = rng.normal(0, 1, (EXAMPLES, FEATURES)), rng.integers(0, CLASSES, EXAMPLES)
    return draw_point(built, x, built.loss.targets_from_labels(labels, CLASSES, x), 0.0, seed, moved=False)


def error(analytic: np.ndarray, numeric: np.ndarray) -> float:
    """The mean over entries of |a - n| / max(1e-6, |a| + |n|)."""
    return float(np.mean(np.abs(analytic - numeric) / np.maximum(LEAST, np.abs(analytic) + np.abs(numeric))))


def central_differences(point: Point) -> tuple[Blocks, dict[str, np.ndarray]]:
    """(c(p + h) - c(p - h)) / 2h for every entry of every block, and whether a corner lay in between."""
    found, corners = {}, {}
    for name, own in point.parameters.items():
        i = point.network.names.index(name)
        for key, value in own.items():
            numeric, crossed = np.empty(value.shape), np.empty(value.shape, bool)
            for at in np.ndindex(value.shape):
                above, below = (
                    point.sample(i, {**own, key: _moved(value, at, step)}) for step in (STEP, -STEP)
                )
                numeric[at] = (above.value - below.value) / (2 * STEP)
                crossed[at] = above.sides != below.sides
            found[f"{name}.{key}"], corners[f"{name}.{key}"] = numeric, crossed
    return found, corners


def _moved(value: np.ndarray, at: tuple[int, ...], step: float) -> np.ndarray:
    moved = value.copy()
    moved[at] += step
    return moved


def spoilt(point: Point, options: Mapping[str, Any]) -> Blocks:
    """The gradients of a backward pass whose every batch norm makes the mistake."""
    found: dict[str, dict[str, np.ndarray]] = {}
    dy = None
    for site in reversed(sites_of(point, {})):
        dy, gradients = plant(site, dy, dict(options) if site.kind == "batch_norm" else {})
        if gradients:
            found[site.name] = gradients
    return by_name(found)


def _paths(point: Point) -> dict[str, str]:
    """Blocks by our names, and as the reports count them: affine_2.W is W.1."""
    names = [f"{layer}.{key}" for layer, own in point.parameters.items() for key in own]
    counts: dict[str, int] = {}
    paths = {}
    for name in names:
        letter = name.rsplit(".", 1)[1]
        paths[name] = f"{letter}.{counts.get(letter, 0)}"
        counts[letter] = counts.get(letter, 0) + 1
    return paths

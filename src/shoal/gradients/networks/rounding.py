"""How far apart two right gradients may be because float64 has 53 bits."""

from __future__ import annotations

import numpy as np

from shoal.gradients.networks.autodiff import Derivatives, Differentiate
from shoal.gradients.networks.point import Parameters, Point

EPSILON = 2.0**-52
SAFETY = 4.0  # over what was seen once
NEARBY = 1e-7  # two points this far away, and a tenth of it apart, as shares of each parameter's size


def rounding_floors(
    point: Point, truth: Derivatives, differentiate: Differentiate, rng: np.random.Generator
) -> Parameters:
    """For each entry of each gradient, the error that rounding may leave in it: the sum of three parts.

    The terms: a gradient sums over examples, and where the terms cancel, their rounding stays.
    The activations: a derivative like y (1 - y) loses its digits where the unit saturates.
    The conditioning: what errors of the last digit in every layer's output do to the true gradients, and
    how the disagreement changes between two points close to each other. There a mistake hardly changes,
    while rounding is drawn anew.
    """
    saturation = _saturation(point, truth, rng)
    conditioning = _conditioning(point, differentiate, rng)
    floors: Parameters = {}
    for i, name in enumerate(point.network.names):
        if name in point.parameters:
            terms = _terms(point, i, truth.outputs[i])
            floors[name] = {
                key: SAFETY * (EPSILON * value + saturation[name][key] + conditioning[name][key])
                for key, value in terms.items()
            }
    return floors


def _terms(point: Point, i: int, dy: np.ndarray) -> dict[str, np.ndarray]:
    """The absolute values of what each entry sums up, example by example, L2's term with them."""
    name, layer = point.network.names[i], point.network.layers[i]
    own = point.parameters[name]
    _, saved = point.run(i, own, point.inputs[i])
    terms = {key: np.abs(2 * point.l2 * W) if key == "W" else np.zeros_like(W) for key, W in own.items()}
    for n in range(len(dy)):
        alone = np.zeros_like(dy)
        alone[n] = dy[n]
        for key, value in layer.gradients(own, saved, alone).items():
            terms[key] = terms[key] + np.abs(value)
    return terms


def _saturation(point: Point, truth: Derivatives, rng: np.random.Generator) -> dict[str, dict[str, float]]:
    """How far an error of a few digits' ends in every activation's dx moves each gradient, at most.

    The backward pass is linear in dy, so the errors go through it alone.
    """
    moved: dict[str, dict[str, float]] = {}
    dy = np.zeros_like(point.inputs[-1])
    for i in reversed(range(len(point.network.layers))):
        name = point.network.names[i]
        own = point.parameters.get(name, {})
        _, saved = point.run(i, own, point.inputs[i])
        dy, gradients = point.network.layers[i].backward(own, saved, dy)
        if own:
            moved[name] = {key: float(np.max(np.abs(value))) for key, value in gradients.items()}
        else:
            size = float(np.max(np.abs(truth.outputs[i])))
            dy = dy + 2 * EPSILON * size * rng.choice([-1.0, 1.0], dy.shape)
    return moved


def _conditioning(
    point: Point, differentiate: Differentiate, rng: np.random.Generator
) -> dict[str, dict[str, float]]:
    """What both look like, at most in each block; see `rounding_floors`."""
    first = point.moved(rng, NEARBY, everything=True)  # off any corner that the point sits on
    second = first.moved(rng, NEARBY / 10, everything=True)
    taps = [EPSILON * float(np.max(np.abs(y))) * rng.standard_normal(y.shape) for y in first.inputs[1:]]
    true, rounded = differentiate(first, None).gradients, differentiate(first, taps).gradients
    off = _apart(first.gradients()[1], true)
    off_there = _apart(second.gradients()[1], differentiate(second, None).gradients)
    changes = (_apart(rounded, true), _apart(off, off_there))
    return {
        name: {key: max(float(np.max(np.abs(change[name][key]))) for change in changes) for key in own}
        for name, own in true.items()
    }


def _apart(first: Parameters, second: Parameters) -> Parameters:
    return {
        name: {key: value - second[name][key] for key, value in own.items()} for name, own in first.items()
    }

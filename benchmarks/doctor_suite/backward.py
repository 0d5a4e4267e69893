"""The backward pass, written by hand in plain NumPy, with every mistake a branch in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .activations import ACTIVATION_BACKWARD
from .forward import Arrays, forward
from .normalization import batch_norm_backward
from .scores import scores_backward
from .slip import Made, Slips
from .specimen import Part, Specimen

Gradients = dict[str, Arrays]


@dataclass(frozen=True)
class Scene:
    """What a layer's backward may take by mistake: everything else that lies around."""

    net: Specimen
    parameters: dict[str, Arrays]
    x: np.ndarray
    cache: dict[str, Arrays]
    running: dict[str, Arrays]
    slips: Slips

    def taken(self, mistake: str, name: str) -> str:
        """The other layer that is taken in place of the layer `name`."""
        return self.slips.other(mistake, name)


def gradients(
    net: Specimen,
    parameters: dict[str, Arrays],
    x: np.ndarray,
    y: np.ndarray,
    noise: Arrays | None = None,
    slips: Slips | None = None,
    running: dict[str, Arrays] | None = None,
    cached: dict[str, Arrays] | None = None,
) -> Gradients:
    """The cost's gradients by all parameters, with the mistakes of `slips` made on the way.

    All arithmetic is in the arrays' own dtype. `running` holds batch norm's running mean and variance,
    which only a mistaken code looks at. `cached`, if given, are older parameters, with which the forward
    pass was made.
    """
    slips = slips or Slips()
    scores, cache = _forward(net, cached or parameters, x, noise, slips, running or {})
    scene = Scene(net, parameters, x, cache, running or {}, slips)
    dy = scores_backward(net, scores, y, slips.at(net.loss))
    grads: Gradients = {}
    for part in reversed(net.parts):
        made = slips.at(part.name)
        if part.kind == "affine":
            dy, grads[part.name] = affine_backward(scene, part, dy, made)
        elif part.kind == "batch_norm":
            args = (part, parameters[part.name], cache[part.name], dy)
            dy, grads[part.name] = batch_norm_backward(*args, scene.running, net.stepwise, made)
        elif part.kind == "dropout":
            dy = dropout_backward(cache[part.name], dy, made)
        else:
            dy = ACTIVATION_BACKWARD[part.kind](scene, part, dy, made)
    return _finish({name: grads[name] for name in parameters}, slips)


def affine_backward(scene: Scene, part: Part, dy: np.ndarray, made: Made) -> tuple[np.ndarray, Arrays]:
    """dx = dy W', dW = x' dy + 2 l2 W, db = sum of dy."""
    own, x = scene.parameters[part.name], scene.cache[part.name]["x"]
    if made("input-before-activation"):
        x = _before_activation(scene, part)
    if made("input-of-network"):
        x = scene.x
    dW, db = x.T @ dy, dy.sum(axis=0)
    if made("bias-mean"):
        db = dy.mean(axis=0)
    if made("bias-missing"):
        db = np.zeros_like(db)
    if made("one-over-n-twice"):
        dW, db = dW / dy.dtype.type(len(dy)), db / dy.dtype.type(len(dy))
    if made("gradient-transposed") == "before L2":
        dW = dW.T
    only = scene.slips.find("l2-on-one-layer-only")
    l2 = scene.net.l2 if only is None or part.name in only.at else 0.0
    dW, db = _add_l2(dW, db, own, l2, len(dy), made)
    if made("gradient-transposed") == "L2 too":
        dW = dW.T
    if made("weights-not-transposed"):
        return dy @ own["W"], {"W": dW, "b": db}
    if made("weights-of-other-layer"):
        V = scene.parameters[scene.taken("weights-of-other-layer", part.name)]["W"]
        return dy @ V.T, {"W": dW, "b": db}
    return dy @ own["W"].T, {"W": dW, "b": db}


def _add_l2(
    dW: np.ndarray, db: np.ndarray, own: Arrays, l2: float, n: int, made: Made
) -> tuple[np.ndarray, np.ndarray]:
    l2 = dW.dtype.type(l2)
    factor = 2 * l2
    if made("l2-halved"):
        factor = l2
    if made("l2-doubled"):
        factor = 4 * l2
    if made("l2-missing"):
        factor = 0 * l2
    if made("l2-wrong-sign"):
        factor = -2 * l2
    if made("l2-divided-by-n"):
        factor = 2 * l2 / dW.dtype.type(n)
    if made("l2-on-biases"):
        db = db + 2 * l2 * own["b"]
    return dW + factor * own["W"], db


def _before_activation(scene: Scene, part: Part) -> np.ndarray:
    activation = scene.net.before(part.name, tuple(ACTIVATION_BACKWARD))
    assert activation is not None
    return scene.cache[activation.name]["z"]


def dropout_backward(cache: Arrays, dy: np.ndarray, made: Made) -> np.ndarray:
    """dx = dy mask / keep."""
    if variant := made("dropout-mask-missing"):
        return dy / cache["keep"] if variant == "scale kept" else dy
    if made("dropout-scale-missing"):
        return dy * cache["mask"]
    return dy * cache["mask"] / cache["keep"]


def _forward(net: Specimen, parameters: Any, x: Any, noise: Any, slips: Slips, running: Any) -> Any:
    """The forward pass; one mistake reaches into it: batch norm left in evaluation mode."""
    found = slips.find("batch-norm-running-statistics")
    if found is None or found.variant != "evaluation mode":
        return forward(net, parameters, x, noise)
    return forward(net, parameters, x, noise, {name: running[name] for name in found.at})


def _finish(grads: Gradients, slips: Slips) -> Gradients:
    """What happens to the gradients once all are there."""
    if swap := slips.find("layers-swapped"):
        a, b = swap.at
        keys = ("W", "b") if swap.variant == "plain" else ("W",)
        for key in keys:
            grads[a][key], grads[b][key] = grads[b][key], grads[a][key]
    if slips.at("network")("sign-flipped"):
        grads = {name: {key: -g for key, g in own.items()} for name, own in grads.items()}
    return grads

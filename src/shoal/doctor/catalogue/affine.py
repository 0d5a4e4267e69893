"""The backward pass of an affine layer, y = x W + b, with what can be spoilt in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from shoal.doctor.layer_at_point import LayerAtPoint
from shoal.doctor.mistake import Mistake, Way, always, page


def _square(*ways: Way) -> Any:
    return lambda site: ways if site.own["W"].shape[0] == site.own["W"].shape[1] else ()


def _before(site: LayerAtPoint, wanted: str) -> list[Way]:
    """The arrays of x's shape in front of the last activation (or dropout) before this layer."""
    ways, layers, passed = [], site.point.network.layers, False
    for j in range(site.i - 1, -1, -1):
        kind = layers[j].kind
        if kind in ("affine", "flatten") or site.point.inputs[j].shape != site.x.shape:
            break
        passed = passed or kind not in ("dropout", "batch_norm")
        if passed == (wanted == "activation"):
            ways.append(Way({"source": j}, ("W",), f"the input of {site.point.network.names[j]}"))
    return ways


def _other_inputs(site: LayerAtPoint) -> list[Way]:
    """The inputs of other affine layers, of x's shape."""
    names, layers = site.point.network.names, site.point.network.layers
    return [
        Way({"source": j}, ("W",), f"the input of {names[j]}")
        for j in range(_first(site) + 1, len(layers))
        if j != site.i and layers[j].kind == "affine" and site.point.inputs[j].shape == site.x.shape
    ]


def _network_input(site: LayerAtPoint) -> Sequence[Way]:
    j = _first(site)
    fits = site.i > j and site.point.inputs[j].shape == site.x.shape
    return (Way({"source": j}, ("W",)),) if fits else ()


def _first(site: LayerAtPoint) -> int:
    return next(j for j, layer in enumerate(site.point.network.layers) if layer.kind == "affine")


def _other_weights(site: LayerAtPoint) -> list[Way]:
    shape = site.own["W"].shape
    return [
        Way({"through": j}, ("dx",), f"those of {name}")
        for j, name in enumerate(site.point.network.names)
        if j != site.i and site.point.parameters.get(name, {}).get("W", np.empty(0)).shape == shape
    ]


def _each(over: str, note: str) -> Any:
    return always(
        Way({"W_over": over, "b_over": over}, ("W", "b"), note),
        Way({"W_over": over}, ("W",), note),
        *([Way({"b_over": over}, ("b",), note)] if over == "1/N" else []),
    )


_DX, _DW, _DB = "dx = dy W'", "dW = x' dy + 2 l2 W", "db = sum over N of dy"
MISTAKES = (
    Mistake(
        "bias-mean",
        "affine",
        "bias gradient by mean in place of sum",
        "the bias's derivative averaged over the examples in place of summed",
        f"{_DB}   <- a sum: the loss has divided by N already",
        "Sum over the examples.",
        page("affine", "bias-mean"),
        always(Way({"b_over": "N"}, ("b",))),
    ),
    Mistake(
        "bias-missing",
        "affine",
        "bias gradient missing",
        "the bias's derivative left at zero",
        f"{_DB}   <- never filled in",
        "Fill it in.",
        page("affine", "bias-missing"),
        always(Way({"b_is": "zero"}, ("b",))),
    ),
    Mistake(
        "weights-not-transposed",
        "affine",
        "W not transposed",
        "W in place of its transpose on the way back (or transposed twice): it fits, as W is square",
        f"{_DX}   <- the transpose is missing",
        "Transpose W. Try a network whose layers differ in width: shapes then catch this.",
        page("affine", "weights-not-transposed"),
        _square(Way({"through": "W"}, ("dx",))),
    ),
    Mistake(
        "weights-of-other-layer",
        "affine",
        "another layer's W on the way back",
        "another layer's weights on the way back",
        f"{_DX}   <- this layer's own W",
        "Check the index of W in the backward loop.",
        page("affine", "weights-of-other-layer"),
        _other_weights,
        rank=2,
    ),
    Mistake(
        "weights-missing",
        "affine",
        "W left out on the way back",
        "the weights left out on the way back",
        f"{_DX}   <- W' is missing",
        "Multiply by W transposed.",
        page("affine", "weights-missing"),
        _square(Way({"through": "none"}, ("dx",))),
        rank=3,
    ),
    Mistake(
        "gradient-transposed",
        "affine",
        "dW transposed",
        "the weights' derivative transposed: it fits, as W is square",
        f"{_DW}   <- x' dy, not dy' x",
        "Transpose it. Try a network whose layers differ in width: shapes then catch this.",
        page("affine", "gradient-transposed"),
        _square(
            Way({"transposed": "L2 too"}, ("W",)), Way({"transposed": True}, ("W",), "but for the L2 term")
        ),
    ),
    Mistake(
        "input-before-activation",
        "affine",
        "pre-activation in place of the activation",
        "dW taken with the values in front of the activation in place of those behind it",
        f"{_DW}   <- x is the layer's own input, behind the activation",
        "Use the activation's output.",
        page("affine", "input-before-activation"),
        lambda site: _before(site, "activation"),
    ),
    Mistake(
        "input-before-dropout",
        "affine",
        "values before dropout or batch norm in place of those behind it",
        "dW taken with the values in front of the dropout or batch norm in place of those behind it",
        f"{_DW}   <- x is the layer's own input",
        "Use what the layer got in the forward pass.",
        page("affine", "input-before-dropout"),
        lambda site: _before(site, "dropout"),
    ),
    Mistake(
        "input-of-network",
        "affine",
        "the network's input in place of the layer's",
        "dW taken with the network's input in place of the layer's own",
        f"{_DW}   <- x is the layer's own input",
        "Use the activations of the layer before.",
        page("affine", "input-of-network"),
        _network_input,
    ),
    Mistake(
        "input-of-other-layer",
        "affine",
        "another layer's input",
        "dW taken with another layer's input",
        f"{_DW}   <- x is the layer's own input",
        "Check the index of the activations in the backward loop.",
        page("affine", "input-of-other-layer"),
        _other_inputs,
        rank=2,
    ),
    Mistake(
        "one-over-n-twice",
        "affine",
        "1/N applied twice",
        "this layer's derivatives divided by N once more: they are N times too small",
        f"{_DW},  {_DB}   <- no 1/N here: the loss has divided already",
        "Divide by N in one place only.",
        page("loss", "one-over-n-twice"),
        _each("N", "in this layer"),
    ),
    Mistake(
        "one-over-n-missing",
        "affine",
        "1/N missing",
        "the mean over the N examples left out in this layer",
        f"{_DW},  {_DB}   <- dy must carry the loss's 1/N",
        "Divide by N once, where the loss is differentiated.",
        page("loss", "one-over-n-missing"),
        _each("1/N", "in this layer"),
        rank=1,
    ),
)


def plant(
    site: LayerAtPoint,
    dy: np.ndarray,
    *,
    through: str | int = "W'",
    source: int | None = None,
    transposed: bool | str = False,
    W_over: str = "1",
    b_over: str = "1",
    b_is: str = "sum",
    l2: float = 2.0,
    l2_over: str = "1",
    l2_b: float = 0.0,
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """dx, and dW and db with L2's terms.

    dx goes `through` W', "W" (not transposed), "none", or the weights of layer number `through`. dW is taken
    with the input of layer number `source`. A sum is divided by what `over` says: "1", "N" or "1/N". The L2
    terms are `l2` * coefficient * W and `l2_b` * coefficient * b.
    """
    W, b, coefficient = site.own["W"], site.own["b"], site.point.l2
    x = site.x if source is None else site.point.inputs[source].reshape(site.x.shape)
    dW = x.T @ dy / _divisor(site, W_over)
    db = (dy.sum(axis=0) if b_is == "sum" else np.zeros_like(b)) / _divisor(site, b_over)
    if transposed:
        dW = dW.T
    dW = dW + l2 * coefficient / _divisor(site, l2_over) * (W.T if transposed == "L2 too" else W)
    return _through(site, dy, through), {"W": dW, "b": db + l2_b * coefficient * b}


def _through(site: LayerAtPoint, dy: np.ndarray, through: str | int) -> np.ndarray:
    if through == "none":
        return dy
    if through == "W":
        return dy @ site.own["W"]
    other = site.name if isinstance(through, str) else site.point.network.names[through]
    return dy @ site.point.parameters[other]["W"].T


def _divisor(site: LayerAtPoint, over: str) -> float:
    return {"1": 1.0, "N": float(site.n), "1/N": 1.0 / site.n}[over]

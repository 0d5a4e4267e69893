"""The backward pass of a convolution, with what can be spoilt in it.

    y[i, j] = sum over k, l of xpad[i s + k, j t + l] W[k, l] + b

Windows are written here once more, independently of `shoal.layers`, so that each proves the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from shoal.doctor.catalogue.affine import MISTAKES as _AFFINE
from shoal.doctor.layer_at_point import LayerAtPoint
from shoal.doctor.mistake import Mistake, Way, always, page
from shoal.layers.windows import Axis

Shift = tuple[int, int]  # by how many cells rows and columns are off


def cells(
    x: np.ndarray, axes: Sequence[Axis], *, value: float = 0.0, shift: Shift = (0, 0), stride: bool = True
) -> Iterator[np.ndarray]:
    """For each position in the window what all windows see there, (N, I', J', C), row by row."""
    canvas = _canvas(x, axes, value, shift)
    for k in range(axes[0].window):
        for m in range(axes[1].window):
            yield canvas[:, _seen(axes[0], k, stride), _seen(axes[1], m, stride), :]


def fold(
    pieces: Sequence[np.ndarray], axes: Sequence[Axis], *, shift: Shift = (0, 0), stride: bool = True
) -> np.ndarray:
    """Images (N, I, J, C) to which each piece, in the order of `cells`, is added where it was seen.

    The padding is cut off `shift` cells beside its place; without the `stride` windows stand side by side.
    """
    n, _, _, channels = pieces[0].shape
    size = [axis.padded + 2 for axis in axes]
    canvas = np.zeros((n, *size, channels))
    position = 0
    for k in range(axes[0].window):
        for m in range(axes[1].window):
            canvas[:, _seen(axes[0], k, stride, 1), _seen(axes[1], m, stride, 1), :] += pieces[position]
            position += 1
    rows, columns = (
        slice(1 + axis.before + off, 1 + axis.before + off + axis.size)
        for axis, off in zip(axes, shift, strict=True)
    )
    return canvas[:, rows, columns, :]


def _canvas(x: np.ndarray, axes: Sequence[Axis], value: float, shift: Shift) -> np.ndarray:
    """The image with its padding, moved by `shift` within it."""
    wide = np.full((len(x), *(axis.padded + 2 for axis in axes), x.shape[-1]), value)
    rows, columns = (
        slice(1 + axis.before + off, 1 + axis.before + off + axis.size)
        for axis, off in zip(axes, shift, strict=True)
    )
    wide[:, rows, columns, :] = x
    return wide[:, 1:-1, 1:-1, :]


def _seen(axis: Axis, k: int, stride: bool, margin: int = 0) -> slice:
    step = axis.stride if stride else 1
    start = k + margin
    return slice(start, start + (axis.count - 1) * step + 1, step)


AFFINE = {mistake.name: mistake for mistake in _AFFINE}

_DX = "dx[i s + k, j t + l] = sum over k, l of dy[i, j] W[k, l]'"
_DW = "dW[k, l] = sum over N, i, j of x[i s + k, j t + l]' dy[i, j] + 2 l2 W"
_DB = "db = sum over N, I, J of dy"


def _turned(how: str) -> tuple[Way, ...]:
    return Way({"through": how}, ("dx",), "in dx"), Way({"dW_is": how}, ("W",), "in dW")


def _where(fits: Callable[[Any], bool], *ways: Way) -> Callable[[LayerAtPoint], Sequence[Way]]:
    return lambda site: ways if fits(site.own["W"].shape) else ()


def _strided(site: LayerAtPoint) -> Sequence[Way]:
    windows = site.layer.windows  # type: ignore[attr-defined]
    if max(windows.stride) == 1:
        return ()
    return (
        Way({"stride": False, "dW_stride": False}, ("dx", "W")),
        Way({"stride": False}, ("dx",), "in dx"),
        Way({"dW_stride": False}, ("W",), "in dW"),
    )


def _entry(
    name: str,
    title: str,
    sentence: str,
    equation: str,
    remedy: str,
    ways: Callable[[LayerAtPoint], Sequence[Way]],
    at: str,
) -> Mistake:
    return Mistake(name, "convolution", title, sentence, equation, remedy, page(at, name), ways)


MISTAKES = (
    _entry(
        "kernel-not-flipped",
        "kernel not flipped",
        "the kernel the wrong way round on the way back",
        f"{_DX}   <- as a convolution of dy, with the kernel flipped in both axes",
        "Flip the kernel, W[::-1, ::-1], if dx is computed as a convolution of the padded dy.",
        _where(lambda shape: max(shape[:2]) > 1, *_turned("flipped")),
        "convolution",
    ),
    _entry(
        "kernel-axes-exchanged",
        "kernel's rows and columns exchanged",
        "the kernel's rows and columns exchanged",
        f"{_DX}   <- k goes with rows, l with columns",
        "Check the order of the kernel's axes. Try a kernel of 3 x 5: shapes then catch this.",
        _where(lambda shape: shape[0] == shape[1] > 1, *_turned("rows")),
        "convolution",
    ),
    _entry(
        "channels-exchanged",
        "input and output channels exchanged",
        "the kernel's input and output channels exchanged: it fits, as there are as many of both",
        f"{_DX},  W[k, l] is (C, F)   <- transposed on the way back, and only there",
        "Check the order of the channel axes. Try different numbers of channels: shapes then catch this.",
        _where(lambda shape: shape[2] == shape[3] > 1, *_turned("channels")),
        "convolution",
    ),
    _entry(
        "padding-off-by-one",
        "padding off by one",
        "the padding one cell beside its place",
        f"{_DX}, counted in the padded image   <- one off",
        "Pad and cut by the numbers of the forward pass.",
        always(
            *(Way({"shift": (d, d)}, ("dx",), "in dx") for d in (1, -1)),
            *(Way({"dW_shift": (d, d)}, ("W",), "in dW") for d in (1, -1)),
        ),
        "convolution",
    ),
    _entry(
        "stride-ignored",
        "stride ignored",
        "the windows one cell apart on the way back, whatever the stride",
        f"{_DX}   <- s and t are missing",
        "Multiply the window's index by the stride.",
        _strided,
        "convolution",
    ),
    _entry(
        "bias-mean",
        "bias gradient by mean in place of sum",
        "the bias's derivative averaged in place of summed",
        f"{_DB}   <- a sum: the loss has divided by N already",
        "Sum over the examples and both axes of the image.",
        always(
            Way({"b_over": "N I J"}, ("b",)),
            Way({"b_over": "N"}, ("b",), "over the examples"),
            Way({"b_over": "I J"}, ("b",), "over the image"),
        ),
        "affine",
    ),
    replace(AFFINE["bias-missing"], kind="convolution", equation=f"{_DB}   <- never filled in"),
    replace(
        AFFINE["one-over-n-twice"],
        kind="convolution",
        equation=f"{_DW}   <- no 1/N here: the loss has divided already",
        ways=always(
            Way({"W_over": "N", "b_over": "N"}, ("W", "b"), "in this layer"),
            Way({"W_over": "N"}, ("W",), "in this layer"),
        ),
    ),
)


_IMAGE = (0, 1, 2)  # the axes N, I, J


def plant(
    site: LayerAtPoint,
    dy: np.ndarray,
    *,
    through: str = "W",
    dW_is: str = "right",
    shift: Shift = (0, 0),
    dW_shift: Shift = (0, 0),
    stride: bool = True,
    dW_stride: bool = True,
    W_over: str = "1",
    b_over: str = "1",
    b_is: str = "sum",
    l2: float = 2.0,
    l2_over: str = "1",
    l2_b: float = 0.0,
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """dx, and dW and db with L2's terms.

    dx goes `through` W, or W with its cells "flipped", its two kernel axes or its channels exchanged ("rows",
    "channels"); so does what is returned for dW. The shifts are of the padding, in dx and in dW; without the
    stride the windows are taken to stand side by side. The rest is as in an affine layer.
    """
    W, b, coefficient = site.own["W"], site.own["b"], site.point.l2
    axes = site.layer.windows.over(site.x.shape[1:])  # type: ignore[attr-defined]
    seen = cells(site.x, axes, shift=dW_shift, stride=dW_stride)
    dW = np.stack([np.tensordot(x, dy, (_IMAGE, _IMAGE)) for x in seen]).reshape(W.shape)
    dW = turned(dW, dW_is) / _divisor(dy, W_over)
    db = (dy.sum(axis=_IMAGE) if b_is == "sum" else np.zeros_like(b)) / _divisor(dy, b_over)
    dW = dW + l2 * coefficient / _divisor(dy, l2_over) * W
    kernels = turned(W, through).reshape(-1, *W.shape[2:])
    dx = fold([dy @ kernel.T for kernel in kernels], axes, shift=shift, stride=stride)
    return dx, {"W": dW, "b": db + l2_b * coefficient * b}


def turned(W: np.ndarray, how: str) -> np.ndarray:
    """Kernels (K, L, C, F) turned in one of the ways that fit."""
    if how == "flipped":
        return W[::-1, ::-1]
    if how == "rows":
        return W.transpose(1, 0, 2, 3)
    return W.transpose(0, 1, 3, 2) if how == "channels" else W


def _divisor(dy: np.ndarray, over: str) -> float:
    n, places = len(dy), dy[..., 0].size
    return {"1": 1.0, "N": n, "1/N": 1.0 / n, "N I J": places, "I J": places / n}[over]

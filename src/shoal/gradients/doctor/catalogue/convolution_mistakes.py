"""Mistakes in a convolution's backward."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from shoal.gradients.doctor.mistake import Mistake, Way, always
from shoal.gradients.doctor.site import Site

from .affine_mistakes import MISTAKES as _AFFINE
from .pages import page

AFFINE = {mistake.name: mistake for mistake in _AFFINE}

_DX = "dx[i s + k, j t + l] = sum over k, l of dy[i, j] W[k, l]'"
_DW = "dW[k, l] = sum over N, i, j of x[i s + k, j t + l]' dy[i, j] + 2 l2 W"
_DB = "db = sum over N, I, J of dy"


def _turned(how: str) -> tuple[Way, ...]:
    return Way({"through": how}, ("dx",), "in dx"), Way({"dW_is": how}, ("W",), "in dW")


def _where(fits: Callable[[Any], bool], *ways: Way) -> Callable[[Site], Sequence[Way]]:
    return lambda site: ways if fits(site.own["W"].shape) else ()


def _strided(site: Site) -> Sequence[Way]:
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
    ways: Callable[[Site], Sequence[Way]],
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

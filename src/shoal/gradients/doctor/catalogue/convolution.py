"""A convolution's backward with what can be spoilt in it.

y[i, j] = sum over k, l of xpad[i s + k, j t + l] W[k, l] + b
"""

from __future__ import annotations

import numpy as np

from shoal.gradients.doctor.site import Site

from .windows import Shift, cells, fold

_IMAGE = (0, 1, 2)  # the axes N, I, J


def plant(
    site: Site,
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

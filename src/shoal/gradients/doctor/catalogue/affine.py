"""An affine layer's backward, y = x W + b, with what can be spoilt in it."""

from __future__ import annotations

import numpy as np

from shoal.gradients.doctor.site import Site


def plant(
    site: Site,
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


def _through(site: Site, dy: np.ndarray, through: str | int) -> np.ndarray:
    if through == "none":
        return dy
    if through == "W":
        return dy @ site.own["W"]
    other = site.name if isinstance(through, str) else site.point.network.names[through]
    return dy @ site.point.parameters[other]["W"].T


def _divisor(site: Site, over: str) -> float:
    return {"1": 1.0, "N": float(site.n), "1/N": 1.0 / site.n}[over]

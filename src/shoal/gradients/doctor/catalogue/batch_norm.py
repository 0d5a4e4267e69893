"""Batch norm's backward with what can be spoilt in it; the mistakes are in `batch_norm_mistakes`."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from shoal.gradients.doctor.site import Site


class Statistics(NamedTuple):
    """What x is normalized with, and the outcome."""

    mean: np.ndarray
    variance: np.ndarray
    inverse_sigma: np.ndarray
    xhat: np.ndarray


def plant(
    site: Site,
    dy: np.ndarray,
    *,
    mean_path: bool = True,
    variance_path: bool = True,
    mean_count: int = 0,
    variance_count: int = 0,
    gamma: int = 1,
    of: str = "batch",
    sigma: str = "right",
    spoilt: tuple[str, ...] = ("inverse", "xhat"),
    over: str = "examples",
    dgamma: str = "xhat",
    dgamma_over: str = "1",
    dbeta_over: str = "1",
    l2_gamma: float = 0.0,
    l2_beta: float = 0.0,
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """dx = gamma / sigma (dy - mean(dy) - xhat mean(dy xhat)), dgamma and dbeta.

    The paths can be left out; a count is what the examples are too many by (1: N - 1). `gamma` is its power.
    `of` and `sigma` choose other statistics, which reach what is `spoilt`: "inverse" of sigma, "xhat" in dx,
    "dgamma". `over` "features" (or "features of gamma dy") takes dx's means along the wrong axis. `dgamma` is
    the array that dy is held against.
    """
    right, other = _statistics(site, "batch", "right"), _statistics(site, of, sigma)
    inverse = (other if "inverse" in spoilt else right).inverse_sigma
    xhat = (other if "xhat" in spoilt else right).xhat
    against = {
        "xhat": (other if "dgamma" in spoilt else right).xhat,
        "x": site.x,
        "centred": site.x - right.mean,
    }[dgamma]
    own, axes = site.own, tuple(range(dy.ndim - 1))
    within = over == "features of gamma dy"  # where gamma stands in the sums makes a difference then
    inner = d = own["gamma"] ** gamma * dy if within else dy
    if mean_path:
        inner = inner - _mean(d, over, mean_count)
    if variance_path:
        inner = inner - xhat * _mean(d * xhat, over, variance_count)
    gradients = {
        "gamma": (dy * against).sum(axis=axes) / _divisor(dy, dgamma_over),
        "beta": dy.sum(axis=axes) / _divisor(dy, dbeta_over),
    }
    for key, coefficient in (("gamma", l2_gamma), ("beta", l2_beta)):
        gradients[key] = gradients[key] + coefficient * site.point.l2 * own[key]
    return (1.0 if within else own["gamma"] ** gamma) * inverse * inner, gradients


def _mean(values: np.ndarray, over: str, fewer: int) -> np.ndarray:
    if over.startswith("features"):
        return values.mean(axis=-1, keepdims=True)
    count = values[..., 0].size
    return values.sum(axis=tuple(range(values.ndim - 1))) / max(count - fewer, 0.5)


def _divisor(dy: np.ndarray, over: str) -> float:
    return float(dy[..., 0].size) if over == "N" else 1.0


def _statistics(site: Site, of: str, sigma: str) -> Statistics:
    if of == "batch" and sigma == "right":
        return Statistics(**site.saved)
    x, epsilon = site.x, site.layer.epsilon  # type: ignore[attr-defined]
    mean, variance = _moments(site, of)
    count = x[..., 0].size
    with np.errstate(divide="ignore", invalid="ignore"):
        inverse = (
            1
            / {
                "right": lambda: np.sqrt(variance + epsilon),
                "outside": lambda: np.sqrt(variance) + epsilon,
                "missing": lambda: np.sqrt(variance),
                "unbiased": lambda: np.sqrt(variance * count / max(count - 1, 0.5) + epsilon),
                "variance": lambda: variance + epsilon,
            }[sigma]()
        )
        return Statistics(mean, variance, inverse, (x - mean) * inverse)


def _moments(site: Site, of: str) -> tuple[np.ndarray, np.ndarray]:
    x = site.x
    axes: Any = tuple(range(x.ndim - 1)) if of != "features" else -1
    mean, variance = (f(x, axis=axes, keepdims=of == "features") for f in (np.mean, np.var))
    if of in ("batch", "features"):
        return mean, variance
    if of == "given":
        state = site.state[site.name]
        return state["mean"], state["variance"]
    kept = {"initial": 1.0, "updated": site.layer.decay}[of]  # type: ignore[attr-defined]
    return (1 - kept) * mean, kept + (1 - kept) * variance

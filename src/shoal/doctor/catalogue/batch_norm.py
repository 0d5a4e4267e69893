"""The backward pass of batch norm, with what can be spoilt in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from shoal.doctor.catalogue.l2 import ON_BATCH_NORM
from shoal.doctor.layer_at_point import LayerAtPoint
from shoal.doctor.mistake import Mistake, Way, always, page

_DX = "dx = gamma/sigma (dy - mean(dy) - xhat mean(dy xhat))"
_SIGMA = "sigma = sqrt(variance + epsilon)"
_DGAMMA = "dgamma = sum over N of dy xhat"
_DBETA = "dbeta = sum over N of dy"


def _sigmas(sigma: str) -> list[Way]:
    return [
        Way({"sigma": sigma, "spoilt": ("inverse", "xhat")}, ("dx",)),
        Way({"sigma": sigma, "spoilt": ("inverse",)}, ("dx",), "in 1/sigma alone"),
        Way({"sigma": sigma, "spoilt": ("xhat",)}, ("dx",), "in xhat alone"),
        Way({"sigma": sigma, "spoilt": ("inverse", "xhat", "dgamma")}, ("dx", "gamma"), "in dgamma too"),
        Way({"sigma": sigma, "spoilt": ("dgamma",)}, ("gamma",), "in dgamma alone"),
    ]


def _running(site: LayerAtPoint) -> Sequence[Way]:
    known = ["given"] if site.name in site.state else []
    notes = {"given": "", "initial": "mean 0 and variance 1", "updated": "after one update"}
    ways = []
    for of in (*known, "updated", "initial"):
        for paths, note in (({}, ""), ({"mean_path": False, "variance_path": False}, "taken as constants")):
            for spoilt in (("inverse", "xhat"), ("inverse", "xhat", "dgamma"), ("inverse",)):
                parts = ("dx", "gamma") if "dgamma" in spoilt else ("dx",)
                text = ", ".join(part for part in (notes[of], note) if part)
                ways.append(Way({"of": of, "spoilt": spoilt, **paths}, parts, text))
        ways.append(Way({"of": of, "spoilt": ("dgamma",)}, ("gamma",), "in dgamma alone"))
    return ways


def _entry(
    name: str, title: str, sentence: str, equation: str, remedy: str, *ways: Way, rank: int = 0
) -> Mistake:
    name = f"batch-norm-{name}"
    return Mistake(
        name, "batch_norm", title, sentence, equation, remedy, page("batch-norm", name), always(*ways), rank
    )


RUNNING = Mistake(
    "batch-norm-running-statistics",
    "batch_norm",
    "running in place of batch statistics",
    "the running mean and variance in place of the batch's own",
    f"{_DX}   <- mean, sigma and xhat of this very batch",
    "Cache the batch's statistics in the forward pass; the running ones are for evaluation.",
    page("batch-norm", "batch-norm-running-statistics"),
    _running,
    rank=1,
)
MISTAKES = (
    _entry(
        "variance-path-missing",
        "path through the batch variance missing",
        "the path through the batch variance left out",
        f"{_DX}   <- the last term is missing",
        "Every example moves the batch's variance: add the term, or the chain through dvariance.",
        Way({"variance_path": False}, ("dx",)),
    ),
    _entry(
        "mean-path-missing",
        "path through the batch mean missing",
        "the path through the batch mean left out",
        f"{_DX}   <- mean(dy) is missing",
        "Every example moves the batch's mean: subtract mean(dy), or add the chain through dmean.",
        Way({"mean_path": False}, ("dx",)),
    ),
    _entry(
        "paths-missing",
        "mean and variance taken as constants",
        "the batch's mean and variance taken as constants",
        f"{_DX}   <- both means are missing",
        "Both depend on x: add the two terms.",
        Way({"mean_path": False, "variance_path": False}, ("dx",)),
    ),
    _entry(
        "count",
        "N - 1 in place of N",
        "the examples counted as N - 1 in place of N",
        f"{_DX},  variance = mean((x - mean)^2)   <- all means over N",
        "Divide by N throughout: the forward pass uses the biased variance.",
        Way({"mean_count": 1, "variance_count": 1}, ("dx",), "in both means of dx"),
        Way({"variance_count": 1}, ("dx",), "in the variance's term"),
        Way({"mean_count": 1}, ("dx",), "in the mean's term"),
        Way({"variance_count": 1, "sigma": "unbiased"}, ("dx",), "in sigma and the variance's term"),
        *(
            Way({**way.options, **counts}, way.parts, f"in sigma{note}")
            for counts, note in (
                ({}, ""),
                ({"mean_count": 1, "variance_count": 1}, " and both means"),
                ({"variance_count": 1}, " and the variance's term"),
            )
            for way in _sigmas("unbiased")
        ),
    ),
    _entry(
        "epsilon-outside",
        "epsilon outside the root",
        "epsilon added to the root in place of the variance",
        f"{_SIGMA}   <- inside the root, as in the forward pass",
        "Use the sigma of the forward pass: cache it.",
        *_sigmas("outside"),
    ),
    _entry(
        "epsilon-missing",
        "epsilon missing",
        "epsilon left out of sigma",
        f"{_SIGMA}   <- epsilon is missing",
        "Use the sigma of the forward pass: cache it.",
        *_sigmas("missing"),
    ),
    _entry(
        "root-missing",
        "root of the variance missing",
        "the variance in place of its root",
        f"{_SIGMA}   <- the root is missing",
        "Divide by the standard deviation.",
        *_sigmas("variance"),
        rank=1,
    ),
    _entry(
        "gamma-missing",
        "gamma not applied",
        "gamma left out of dx",
        f"{_DX}   <- gamma is missing",
        "Multiply dy by gamma first.",
        Way({"gamma": 0}, ("dx",)),
    ),
    _entry(
        "gamma-twice",
        "gamma applied twice",
        "gamma applied twice in dx",
        f"{_DX}   <- gamma once",
        "Multiply by gamma once.",
        Way({"gamma": 2}, ("dx",)),
    ),
    _entry(
        "dgamma-of-raw-input",
        "dgamma against the un-normalized input",
        "dgamma taken with the input in place of the normalized one",
        f"{_DGAMMA}   <- xhat, not x",
        "Use xhat = (x - mean) / sigma.",
        Way({"dgamma": "x"}, ("gamma",)),
        Way({"dgamma": "centred"}, ("gamma",), "less its mean"),
    ),
    _entry(
        "dgamma-mean",
        "dgamma by mean in place of sum",
        "dgamma averaged over the examples in place of summed",
        f"{_DGAMMA}   <- a sum: the loss has divided by N already",
        "Sum over the examples.",
        Way({"dgamma_over": "N"}, ("gamma",)),
    ),
    _entry(
        "dbeta-mean",
        "dbeta by mean in place of sum",
        "dbeta averaged over the examples in place of summed",
        f"{_DBETA}   <- a sum: the loss has divided by N already",
        "Sum over the examples.",
        Way({"dbeta_over": "N"}, ("beta",)),
    ),
    RUNNING,
    _entry(
        "wrong-axis",
        "means over the wrong axis",
        "means over the features in place of the examples",
        f"{_DX}   <- means over N, the axis of examples",
        "Take the means over the axis of examples (axis=0 where they are rows).",
        Way({"over": "features"}, ("dx",)),
        Way({"over": "features of gamma dy"}, ("dx",)),
        Way({"over": "features", "of": "features"}, ("dx",), "statistics too"),
        Way({"over": "features of gamma dy", "of": "features"}, ("dx",), "statistics too"),
        Way({"of": "features"}, ("dx",), "in the statistics alone"),
        Way(
            {"over": "features", "of": "features", "spoilt": ("inverse", "xhat", "dgamma")},
            ("dx", "gamma"),
            "in dgamma too",
        ),
        Way(
            {"of": "features", "spoilt": ("inverse", "xhat", "dgamma")},
            ("dx", "gamma"),
            "in the statistics and dgamma",
        ),
        Way({"of": "features", "spoilt": ("dgamma",)}, ("gamma",), "in dgamma alone"),
        rank=1,
    ),
    ON_BATCH_NORM,
)


class Statistics(NamedTuple):
    """What x is normalized with, and the outcome."""

    mean: np.ndarray
    variance: np.ndarray
    inverse_sigma: np.ndarray
    xhat: np.ndarray


def plant(
    site: LayerAtPoint,
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


def _statistics(site: LayerAtPoint, of: str, sigma: str) -> Statistics:
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


def _moments(site: LayerAtPoint, of: str) -> tuple[np.ndarray, np.ndarray]:
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

"""Batch norm's backward pass by hand, with the mistakes that are made in it."""

from __future__ import annotations

import numpy as np

from .forward import Arrays
from .slip import Made
from .specimen import Part


def batch_norm_backward(
    part: Part,
    own: Arrays,
    cache: Arrays,
    dy: np.ndarray,
    running: dict[str, Arrays],
    stepwise: bool,
    made: Made,
) -> tuple[np.ndarray, Arrays]:
    """dx = gamma/sigma (dy - mean(dy) - xhat mean(dy xhat)); dgamma = sum of dy xhat; dbeta = sum of dy."""
    number = dy.dtype.type
    n, gamma = number(len(dy)), own["gamma"]
    xhat, sigma = _statistics(part, cache, running.get(part.name, {}), made)
    grads = _gradients(dy, xhat, cache, n, made)
    if made("batch-norm-gamma-missing"):
        gamma = np.ones_like(gamma)
    if made("batch-norm-gamma-twice"):
        gamma = gamma * gamma
    if made("batch-norm-running-statistics") in ("constants", "evaluation mode"):
        return gamma / sigma * dy, grads
    if stepwise and not _is_about_paths(made):
        return _path_by_path(cache["x"] - cache["mean"], gamma * dy, sigma, n), grads
    return _collected(dy, gamma, xhat, sigma, n, made), grads


def _collected(
    dy: np.ndarray, gamma: np.ndarray, xhat: np.ndarray, sigma: np.ndarray, n: np.floating, made: Made
) -> np.ndarray:
    """The formula with its three sums collected."""
    if made("batch-norm-wrong-axis") == "sums of gamma dy":
        return (_centred(gamma * dy, xhat, axis=1)) / sigma
    if made("batch-norm-wrong-axis"):
        return gamma / sigma * _centred(dy, xhat, axis=1)
    mean, variance = dy.sum(axis=0) / n, xhat * (dy * xhat).sum(axis=0) / n
    if variant := made("batch-norm-count"):
        if variant in ("both sums", "mean path"):
            mean = dy.sum(axis=0) / (n - 1)
        if variant in ("both sums", "variance path"):
            variance = xhat * (dy * xhat).sum(axis=0) / (n - 1)
    if made("batch-norm-variance-path-missing") or made("batch-norm-paths-missing"):
        variance = 0 * variance
    if made("batch-norm-mean-path-missing") or made("batch-norm-paths-missing"):
        mean = 0 * mean
    return gamma / sigma * (dy - mean - variance)


def _path_by_path(centred: np.ndarray, dxhat: np.ndarray, sigma: np.ndarray, n: np.floating) -> np.ndarray:
    """The same derivative through the variance, the mean and x, one after the other."""
    dvar = (dxhat * centred).sum(axis=0) * (-1 / (2 * sigma**3))
    dmean = -(dxhat / sigma).sum(axis=0) + dvar * (-2 * centred).sum(axis=0) / n
    return dxhat / sigma + dvar * 2 * centred / n + dmean / n


def _centred(dy: np.ndarray, xhat: np.ndarray, axis: int) -> np.ndarray:
    mean = dy.mean(axis=axis, keepdims=True)
    return dy - mean - xhat * (dy * xhat).mean(axis=axis, keepdims=True)


def _statistics(part: Part, cache: Arrays, running: Arrays, made: Made) -> tuple[np.ndarray, np.ndarray]:
    """xhat and sigma, as the code at hand believes them to be."""
    x, var, xhat, sigma = cache["x"], cache["var"], cache["xhat"], cache["sigma"]
    centred, epsilon = x - cache["mean"], x.dtype.type(part.value)
    variant = made("batch-norm-epsilon-outside") or made("batch-norm-epsilon-missing")
    if variant:
        sigma = np.sqrt(var) + epsilon if made("batch-norm-epsilon-outside") else np.sqrt(var)
        return (xhat if variant == "scale only" else centred / sigma), sigma
    if made("batch-norm-count") == "variance":
        sigma = np.sqrt(x.var(axis=0, ddof=1) + epsilon)
    if variant := made("batch-norm-running-statistics"):
        sigma = np.sqrt(running["variance"] + epsilon)
        if variant != "sigma only":
            xhat = (x - running["mean"]) / sigma
    if made("batch-norm-wrong-axis") == "statistics":
        sigma = np.sqrt(x.var(axis=1, keepdims=True) + epsilon)
        xhat = (x - x.mean(axis=1, keepdims=True)) / sigma
    return xhat, sigma


def _gradients(dy: np.ndarray, xhat: np.ndarray, cache: Arrays, n: np.floating, made: Made) -> Arrays:
    if variant := made("batch-norm-dgamma-of-raw-input"):
        xhat = cache["x"] - cache["mean"] if variant == "centred" else cache["x"]
    dgamma, dbeta = (dy * xhat).sum(axis=0), dy.sum(axis=0)
    if made("batch-norm-dgamma-mean"):
        dgamma = dgamma / n
    if made("batch-norm-dbeta-mean"):
        dbeta = dbeta / n
    return {"gamma": dgamma, "beta": dbeta}


def _is_about_paths(made: Made) -> bool:
    """Whether a mistake is made that is written into the collected formula."""
    names = ("variance-path-missing", "mean-path-missing", "paths-missing", "count", "wrong-axis")
    statistics = ("epsilon-outside", "epsilon-missing", "running-statistics")
    return any(made(f"batch-norm-{name}") for name in (*names, *statistics))

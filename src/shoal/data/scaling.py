"""Scaling and principal components, learned on the training examples.

x_scaled = (x - offset) * scale
z = (x_scaled - mean) V'          the rows of V (the components) are orthonormal
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from shoal.data.dataset import Part
from shoal.data.split import Splits
from shoal.errors import DataError

_BLOCK = 2048  # examples looked at together: bounds the memory of their float64 copy
_SMALLEST = 1 / float(np.finfo(np.float32).max)  # a deviation whose scale float32 can hold
_RESOLUTION = float(np.finfo(np.float32).eps)


@dataclass(frozen=True, eq=False)
class Scaling:
    """Offset and scale for each feature, float32 of the shape of one example.

    x_scaled = (x - offset) * scale, elementwise. `notes` name what could not be scaled.
    """

    offset: np.ndarray
    scale: np.ndarray
    kind: str
    notes: tuple[str, ...] = ()

    def apply(self, inputs: np.ndarray) -> np.ndarray:
        """Scaled inputs (N, *shape), float32."""
        return (inputs.astype(np.float32) - self.offset) * self.scale


def fit_scaling(kind: str, train_inputs: np.ndarray) -> Scaling:
    """Learn a scaling from training inputs (N, *shape).

    feature:    each feature to mean 0 and standard deviation 1 (the biased one, divisor N)
    channel:    the same, over all pixels of a channel; inputs (N, I, J, C)
    mean_image: the mean of each feature subtracted, nothing divided
    range:      the smallest value of all to 0, the largest to 1
    none:       as they are

    A constant feature (or channel), which nothing can scale, becomes 0 everywhere, with a note. Sums
    are taken in float64. Raises `DataError` for an unknown kind and for inputs that are empty or not finite.
    """
    if kind not in _KINDS:
        near = difflib.get_close_matches(str(kind), _KINDS, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise DataError(f"unknown standardization {kind!r}", f"{hint}known: {', '.join(_KINDS)}")
    if len(train_inputs) == 0:
        raise DataError("there are no training examples to learn a scaling from", "give one or more")
    shape = train_inputs.shape[1:]
    offset, scale, notes = _KINDS[kind](train_inputs)
    return Scaling(_full(offset, shape), _full(scale, shape), kind, notes)


_Fit = tuple[np.ndarray, np.ndarray, tuple[str, ...]]


def _feature(x: np.ndarray) -> _Fit:
    mean = _mean(x)
    return _standard(mean, _mean(x, about=mean), "feature")


def _channel(x: np.ndarray) -> _Fit:
    if x.ndim != 4:
        raise DataError(
            f"inputs have shape {x.shape[1:]}, 'channel' needs images (I, J, C)", "use 'feature' instead"
        )
    mean = _mean(x).mean(axis=(0, 1))
    # Every pixel position counts equally, so the mean over positions of the mean over examples is the mean.
    return _standard(mean, _mean(x, about=mean).mean(axis=(0, 1)), "channel")


def _mean_image(x: np.ndarray) -> _Fit:
    return _mean(x), np.array(1.0), ()


def _range(x: np.ndarray) -> _Fit:
    low, high = float(x.min()), float(x.max())
    _require_finite(np.array([low, high]))
    if low == high:
        return np.array(low), np.array(0.0), (f"every input is {low:g}; all are scaled to 0",)
    return np.array(low), np.array(1 / (high - low)), ()


def _none(_x: np.ndarray) -> _Fit:
    return np.array(0.0), np.array(1.0), ()


_KINDS: dict[str, Callable[[np.ndarray], _Fit]] = {
    "feature": _feature,
    "channel": _channel,
    "mean_image": _mean_image,
    "range": _range,
    "none": _none,
}


def _standard(mean: np.ndarray, variance: np.ndarray, what: str) -> _Fit:
    deviation = np.sqrt(variance)
    # Below float32's resolution of the mean, a deviation is rounding, not information.
    constant = (deviation <= _RESOLUTION * np.abs(mean)) | (deviation < _SMALLEST)
    scale = np.where(constant, 0.0, 1 / np.where(constant, 1.0, deviation))
    count = int(constant.sum())
    if count == 0:
        return mean, scale, ()
    note = f"{count} of {constant.size} {what}s constant over the training examples; scaled to 0"
    return mean, scale, (note,)


def _mean(x: np.ndarray, about: np.ndarray | None = None) -> np.ndarray:
    """Mean over examples of x, or of (x - about)^2, in float64, block by block."""
    total = np.zeros(x.shape[1:], np.float64)
    for start in range(0, len(x), _BLOCK):
        block = x[start : start + _BLOCK].astype(np.float64)
        if about is not None:
            block -= about
            block *= block
        total += block.sum(axis=0)
    _require_finite(total)
    return total / len(x)


def _require_finite(values: np.ndarray) -> None:
    if not np.isfinite(values).all():
        raise DataError(
            "the training inputs hold NaN or infinity", "remove or fill in such values before training"
        )


def _full(values: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    return np.ascontiguousarray(np.broadcast_to(values, shape), dtype=np.float32)


@dataclass(frozen=True, eq=False)
class PrincipalComponents:
    """Directions of largest variance of scaled examples, flattened to D features.

    Equation:  z = (x_scaled - mean) V'   and back   x_scaled ~ z V + mean
    Shapes:    V is `components` (K, D), `mean` (D,), `ratios` (all of them, also those not kept): the share
               of the training examples' variance that each direction holds, largest first.
    """

    scaling: Scaling
    mean: np.ndarray
    components: np.ndarray
    ratios: np.ndarray

    @property
    def kept(self) -> float:
        """The share of variance in the components that are kept."""
        return float(self.ratios[: len(self.components)].sum())

    def describe(self) -> dict[str, float]:
        """How many components are kept, and the share of the variance in them."""
        return {"components": len(self.components), "variance_kept": round(self.kept, 6)}

    def keep(self, wanted: int | float) -> PrincipalComponents:
        """The first components only: a number of them, or as few as hold more than a share of the variance.

        Raises DataError for more components than there are, and for a share that is not between 0 and 1.
        """
        return replace(self, components=np.ascontiguousarray(self.components[: self._count(wanted)]))

    def apply(self, inputs: np.ndarray) -> np.ndarray:
        """Examples as they came, (N, *shape), as rows of components (N, K), float32."""
        rows = np.empty((len(inputs), len(self.components)), np.float32)
        for start in range(0, len(inputs), _BLOCK):
            block = self.scaling.apply(inputs[start : start + _BLOCK]).reshape(-1, len(self.mean))
            rows[start : start + _BLOCK] = (block - self.mean) @ self.components.T
        return rows

    def apply_to(self, splits: Splits) -> Splits:
        """Every part as rows of components."""

        def reduced(part: Part | None) -> Part | None:
            return None if part is None else Part(self.apply(part.inputs), part.labels)

        train = Part(self.apply(splits.train.inputs), splits.train.labels)
        return Splits(train, reduced(splits.validation), reduced(splits.test))

    def _count(self, wanted: int | float) -> int:
        most = len(self.components)
        if isinstance(wanted, float):
            if not 0 < wanted < 1:
                raise DataError(
                    f"pca = {wanted} is no share of the variance between 0 and 1",
                    "give a share (0.95) or a whole number of components (250)",
                )
            # As scikit-learn counts: the first number whose sum is above the share.
            return min(most, int(np.searchsorted(np.cumsum(self.ratios), wanted, side="right")) + 1)
        if not 1 <= wanted <= most:
            raise DataError(
                f"pca = {wanted}, but {len(self.mean)} features have at most {most} principal components "
                "on these training examples",
                f"give a number from 1 to {most}, or a share of the variance such as 0.95",
            )
        return int(wanted)


def fit_pca(scaling: Scaling, train_inputs: np.ndarray) -> PrincipalComponents:
    """All principal components of training inputs (N, *shape) behind their scaling.

    scikit-learn's PCA, exact and the same every time: by the eigenvectors of the D x D covariance where there
    are at least as many examples as features (one float32 copy of the examples is all that it holds), else
    by a singular value decomposition. Raises DataError where the examples are all alike.
    """
    from sklearn.decomposition import PCA  # slow to import, so only when it is asked for

    x = scaling.apply(train_inputs).reshape(len(train_inputs), -1)
    mean = x.mean(axis=0, dtype=np.float64)
    x -= mean.astype(np.float32)  # in float32 a covariance about a far mean would lose the small directions
    if not x.any():
        raise DataError(
            "the training examples are all alike: they have no principal components",
            "leave out data.pca, or look at the data",
        )
    solver: Any = "covariance_eigh" if len(x) >= x.shape[1] else "full"
    found: Any = PCA(svd_solver=solver, copy=False).fit(x)
    return PrincipalComponents(
        scaling,
        mean.astype(np.float32) + found.mean_.astype(np.float32),
        found.components_.astype(np.float32),
        found.explained_variance_ratio_.astype(np.float64),
    )

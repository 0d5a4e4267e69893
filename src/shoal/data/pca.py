"""Principal components of the training examples: z = (x_scaled - mean) V', the rows of V orthonormal."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from shoal.data.dataset import Part
from shoal.data.scaling import Scaling
from shoal.data.split import Splits
from shoal.errors import DataError

_BLOCK = 2048  # examples transformed together


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

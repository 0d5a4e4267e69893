"""The handwritten digits that come with scikit-learn: nothing to download."""

from __future__ import annotations

from typing import Any

import numpy as np

from shoal.data.dataset import Dataset, Part
from shoal.data.registry import SOURCES


def load_digits() -> Dataset:
    """1797 digits of 8 x 8 pixels, uint8 from 0 to 16, shape (8, 8, 1), without a test part of their own.

    Source: E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning
    Repository, 1998 (its test set), as shipped with scikit-learn.
    """
    from sklearn import datasets  # slow to import, so only when the digits are asked for

    bunch: Any = datasets.load_digits()
    inputs = np.asarray(bunch.images, np.uint8)[..., None]
    labels = np.asarray(bunch.target, np.int32)
    return Dataset("digits", Part(inputs, labels), None, SOURCES["digits"].classes, "comes with scikit-learn")

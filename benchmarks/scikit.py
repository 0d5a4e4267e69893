"""scikit-learn: MLPClassifier by plain SGD. It has no batch norm, and no triangular rates (one rate here)."""

from __future__ import annotations

import numpy as np
import sklearn
from sklearn.neural_network import MLPClassifier

from rounds import Contender
from work import BATCH, CLASSES, HIDDEN, L2, Work


def classifier(work: Work) -> Contender:
    """`partial_fit` over as many examples as the steps need: one pass, shuffled, in batches."""
    model = MLPClassifier(
        HIDDEN, solver="sgd", momentum=0, alpha=2 * L2, batch_size=BATCH, learning_rate_init=0.01
    )
    classes = np.arange(CLASSES)

    def run(steps: int) -> None:
        model.partial_fit(work.x[: steps * BATCH], work.y[: steps * BATCH], classes=classes)

    note = f"scikit-learn {sklearn.__version__}, partial_fit, constant rate"
    return Contender("scikit-learn MLPClassifier", False, 1, run, note=note)

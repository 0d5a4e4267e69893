"""Report 004's toy problem: the report's own generator, weights and batches, to the last digit."""

from __future__ import annotations

import numpy as np

from shoal.layers import Normal, ReLU, SoftmaxCrossEntropy
from shoal.layers.softmax_cross_entropy import softmax
from shoal.network import by_name, compose
from shoal.reproduce.adapt import Mode
from shoal.reproduce.computed.registry import Numbers, computes
from shoal.training.descent import descend, draw_parameters

STEP, LEAST = 1e-5, 1e-8
L2, TRAINED_L2 = 0.05, 5e-6
PATHS = {"affine_1.W": "W1", "affine_1.b": "b1", "affine_2.W": "W2", "affine_2.b": "b2"}


@computes("toy")
def toy_problem(mode: Mode) -> Numbers:
    """Scores, cost, the largest relative error of each gradient, and the cost of the last of 100 batches."""
    network = compose(
        (4,), 3, hidden=[10], activation=ReLU(), initial=Normal(0.1), loss=SoftmaxCrossEntropy()
    )
    x, labels = 10 * np.random.RandomState(1).randn(5, 4), np.array([0, 1, 2, 2, 1])
    parameters = draw_parameters(network, np.random.RandomState(0))
    costs, gradients, _, scores = network.cost_and_gradients(parameters, x, labels, L2)
    found = {f"toy.scores_row_0.{i}": score for i, score in enumerate(np.asarray(softmax(scores))[0])}
    found["toy.cost"] = costs.cost
    analytic = by_name(gradients)
    for name, value in by_name(parameters).items():
        errors = []
        for at in np.ndindex(value.shape):
            kept, sides = value[at], []
            for step in (STEP, -STEP):
                value[at] = kept + step
                sides.append(network.costs(parameters, x, labels, L2).cost)
            value[at] = kept
            numeric = (sides[0] - sides[1]) / (2 * STEP)
            away = abs(analytic[name][at] - numeric)
            errors.append(away / max(LEAST, abs(analytic[name][at]) + abs(numeric)))
        found[f"toy.{PATHS[name]}"] = max(errors)
    generator = np.random.RandomState(0)
    batches = (generator.choice(5, 200) for _ in range(100))
    rate = lambda step: 0.1 * 0.95**step  # noqa: E731
    *_, last = descend(network, x, labels, batches, rate, l2=TRAINED_L2, generator=generator)
    found["toy.final_training_loss"] = last.costs.cost
    return {name: np.array([float(value)]) for name, value in found.items()}

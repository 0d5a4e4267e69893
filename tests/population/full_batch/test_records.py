"""Records along a minimization whose length nobody knows, and their common grid."""

import numpy as np
import pytest

from shoal.population.full_batch.records import IterationRecorder


def walked(iterations: int, points: int, steps=None) -> IterationRecorder:
    trail = IterationRecorder(lambda x: {"train_loss": np.array([[float(x[0])]])}, points, steps)
    for k in range(iterations + 1):
        trail.at(k, np.array([k]))
    trail.end(iterations, np.array([iterations]))
    return trail


@pytest.mark.parametrize(("iterations", "stride"), [(3, 1), (8, 1), (9, 2), (37, 8), (1000, 128)])
def test_records_are_evenly_spaced_and_end_with_the_last(iterations, stride):
    at, curves = walked(iterations, points=4).curves()
    assert at == tuple(sorted({*range(0, iterations + 1, stride), iterations}))
    assert len(at) <= 2 * 4 + 1
    assert curves["train_loss"].tolist() == [[list(map(float, at))]]


def test_given_steps_are_kept_as_far_as_they_were_reached():
    at, _ = walked(10, points=4, steps=(2, 7, 40)).curves()
    assert at == (0, 2, 7, 10)

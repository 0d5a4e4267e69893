"""A member that reaches NaN or infinity says so, with its step, and disturbs no other."""

import numpy as np
import pytest

from shoal.population.train import ChunkResult, train_chunk
from small_studies import plan_of

HUGE = 1e30  # in float32 the weights of step 0 already overflow in step 1


def trained(rate: float, steps: int = 25) -> ChunkResult:
    """Members at a rate of 0.1 and at another, each with and without L2: always the same plan."""
    (chunk,) = plan_of(
        network={"hidden": [8], "batch_norm": True, "dropout": 0.2},
        training={"steps": steps, "optimizer": "momentum"},
        record={"points": 5},
        vary={"training.learning_rate": [0.1, rate], "training.l2": [0.0, 0.01], "seed": 3},
    ).chunks
    assert [cell.levels["training.learning_rate"] for cell in chunk.program.cells] == [0.1, 0.1, rate, rate]
    return train_chunk(chunk)


@pytest.fixture(scope="module")
def harmless() -> ChunkResult:
    return trained(0.2)


@pytest.fixture(scope="module")
def diverging() -> ChunkResult:
    return trained(HUGE)


def bits(result: ChunkResult, cells: slice) -> list[bytes]:
    """Everything that some cells of a chunk measured and ended with, byte by byte."""
    groups = (result.curves, result.finals, result.weights)
    return [np.ascontiguousarray(value[cells]).tobytes() for group in groups for value in group.values()]


def test_a_member_that_diverges_is_marked_with_the_step_of_its_first_infinite_loss(diverging):
    assert diverging.finals["diverged_step"].tolist() == [[-1] * 3, [-1] * 3, [1] * 3, [1] * 3]
    assert not np.isfinite(diverging.curves["train_loss"][2:, :, 1:]).any()
    assert np.isfinite(diverging.curves["train_loss"][2:, :, 0]).all()  # before the first step


def test_a_member_that_diverges_has_the_accuracy_of_naming_one_class(diverging):
    shares = [np.mean(diverging.chunk.program.inputs.splits.test.labels == c) for c in range(3)]
    found = diverging.finals["test_accuracy"][2:]
    assert np.all(np.isclose(found[..., None], shares).any(axis=-1))


def test_the_others_end_with_the_very_bits_they_would_have_had(harmless, diverging):
    assert np.all(harmless.finals["diverged_step"] == -1)
    assert bits(diverging, slice(0, 2)) == bits(harmless, slice(0, 2))
    assert bits(diverging, slice(2, 4)) != bits(harmless, slice(2, 4))


def test_seeds_differ_in_their_first_weights_and_cells_of_a_seed_do_not(harmless):
    untrained = harmless.curves["train_loss"][..., 0]
    assert len(set(untrained[0])) == 3
    assert np.array_equal(untrained[0], untrained[3])

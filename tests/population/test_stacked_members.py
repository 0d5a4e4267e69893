"""A member of a population is the network that it would be alone."""

from dataclasses import replace

import numpy as np
import pytest

from numpy_training import measured, scaled, train_in_numpy
from shoal.data import Part
from shoal.population.stack import first_affine
from shoal.population.train import ChunkResult, train_chunk
from small_studies import blobs, plan_of

SAME = 1e-9  # float64, after 200 steps
FULL = {
    "data": {"train": 43, "validation": 10, "test": 7},
    "network": {
        "hidden": [6, 5],
        "batch_norm": True,
        "dropout": 0.2,
        "input_dropout": 0.1,
        "initial": {"normal": 0.4},
    },
    "training": {
        "precision": "float64",
        "steps": 200,
        "learning_rate": None,
        "schedule": {"kind": "triangular", "min": 0.001, "max": 0.05, "half_cycle": 30},
        "optimizer": {"kind": "momentum", "momentum": 0.8},
    },
    "record": {"points": 2, "training_examples": 20},
    "vary": {"training.l2": [0.0, 0.01], "training.schedule.max": [0.05, 0.2], "seed": [3, 8, 5]},
}


def full_plan(**training):
    return plan_of(**{**FULL, "training": {**FULL["training"], **training}})


def weights_of(result: ChunkResult, cell: int, seed: int) -> dict[str, np.ndarray]:
    """The final weights of one member of a chunk."""
    at = result.chunk.cells.index(cell), result.chunk.seeds.index(seed)
    return {name: value[at] for name, value in result.weights.items()}


def assert_same(found: dict, expected: dict, within: float = SAME) -> None:
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=0, atol=within, err_msg=name)


def assert_trained_as_in_numpy(
    result: ChunkResult, cell: int, seed: int, order_seed: int | None = None
) -> None:
    program = result.chunk.program
    by_hand = train_in_numpy(program, cell, seed, order_seed)
    flat = {f"{layer}.{k}": v for layer, own in by_hand.parameters.items() for k, v in own.items()}
    assert_same(weights_of(result, cell, seed), flat)
    splits, at = program.inputs.splits, (result.chunk.cells.index(cell), result.chunk.seeds.index(seed))
    recorded = program.settings.record.training_examples
    train = splits.train.take(np.arange(min(recorded, len(splits.train))))
    for name, part, values in [
        ("train", train, {k: v[..., -1] for k, v in result.curves.items()}),
        ("validation", splits.validation, {k: v[..., -1] for k, v in result.curves.items()}),
        ("test", splits.test, result.finals),
    ]:
        loss, accuracy = measured(by_hand, program, part)
        assert values[f"{name}_loss"][at] == pytest.approx(loss, abs=SAME)
        assert values[f"{name}_accuracy"][at] == pytest.approx(accuracy, abs=SAME)


@pytest.fixture(scope="module", params=[False, True], ids=["rows of seeds", "one shared order"])
def stacked(request) -> ChunkResult:
    """Four cells with three seeds each, in one program and one chunk."""
    (chunk,) = full_plan(shared_order=request.param).chunks
    return train_chunk(chunk)


def test_a_chunk_gives_every_member_s_values_cells_first(stacked):
    assert {name: value.shape for name, value in stacked.weights.items()} == {
        "affine_1.W": (4, 3, 5, 6),
        "affine_1.b": (4, 3, 6),
        "batch_norm_1.gamma": (4, 3, 6),
        "batch_norm_1.beta": (4, 3, 6),
        "affine_2.W": (4, 3, 6, 5),
        "affine_2.b": (4, 3, 5),
        "batch_norm_2.gamma": (4, 3, 5),
        "batch_norm_2.beta": (4, 3, 5),
        "affine_3.W": (4, 3, 5, 3),
        "affine_3.b": (4, 3, 3),
    }
    assert stacked.curves["train_loss"].shape == (4, 3, 3)
    assert stacked.finals["confusion"].shape == (4, 3, 3, 3)
    assert {value.dtype for value in stacked.weights.values()} == {np.dtype(np.float64)}
    numbers = np.concatenate([w.reshape(12, -1) for w in stacked.weights.values()], axis=1)
    assert len(np.unique(numbers, axis=0)) == 12  # no two members are the same network


def test_the_chunk_learned_something(stacked):
    assert np.all(stacked.curves["train_loss"][..., -1] < 0.8 * stacked.curves["train_loss"][..., 0])
    assert np.all(stacked.finals["diverged_step"] == -1)


@pytest.mark.parametrize(("cell", "seed"), [(0, 3), (3, 5), (2, 8)])
def test_a_stacked_member_is_a_plain_loop_over_the_same_noise_and_order(stacked, cell, seed):
    shared = stacked.chunk.program.settings.training.shared_order
    assert_trained_as_in_numpy(stacked, cell, seed, order_seed=3 if shared else seed)


@pytest.mark.parametrize("stacked", [False], indirect=True, ids=["rows of seeds"])
def test_a_stacked_member_is_the_run_of_a_study_of_its_own(stacked):
    """Nothing varies there, so no setting is traced."""
    training = {**FULL["training"], "l2": 0.01}
    (chunk,) = plan_of(**{**FULL, "training": training, "vary": {"seed": [8]}}).chunks
    assert chunk.program.traced == ()
    assert_same(weights_of(train_chunk(chunk), 0, 8), weights_of(stacked, 2, 8))


def test_a_last_batch_of_one_trains_together_with_its_neighbour():
    (chunk,) = plan_of(
        data={"train": 41, "validation": 11},
        network={"hidden": [4], "batch_norm": True},
        training={"precision": "float64", "steps": 9, "learning_rate": 0.3},
        vary={"training.l2": [0.0, 0.1], "seed": [2]},
    ).chunks
    assert_trained_as_in_numpy(train_chunk(chunk), 1, 2)
    seen = train_in_numpy(chunk.program, 1, 2).seen
    assert [len(batch) for batch in seen] == [10, 10, 10, 11, 10, 10, 10, 11, 10]
    for epoch in (seen[:4], seen[4:8]):
        assert sorted(np.concatenate(epoch)) == list(range(41))  # every example once


def test_whole_batches_of_images_are_scaled_inside_the_step_by_what_the_training_split_says():
    pixels = np.random.default_rng(0).integers(0, 256, size=(60, 2, 3, 1), dtype=np.uint8)
    images = replace(blobs(), train=Part(pixels, blobs().train.labels))
    (chunk,) = plan_of(
        images,
        data={"standardize": "feature"},
        network={"hidden": [4, 4], "activation": "tanh", "loss": "squared_error", "initial": {"uniform": 0.3},
                 "batch_norm": {"position": "after", "decay": 0.5}},
        training={"precision": "float64", "batch_size": "whole"},
        vary={"training.l2": [0.0, 0.1], "seed": [2, 4]},
    ).chunks  # fmt: skip
    assert scaled(chunk.program, chunk.program.inputs.splits.train.inputs).std() == pytest.approx(1, abs=1e-6)
    assert_trained_as_in_numpy(train_chunk(chunk), 1, 4)


def test_layers_written_one_by_one_train_as_the_plain_loop_also_where_a_batch_norm_comes_first():
    layers = ["batch_norm", {"dense": 4, "initial": "glorot_uniform"}, "relu", {"dropout": 0.3}]
    (chunk,) = plan_of(
        network={"hidden": None, "layers": layers},
        training={"precision": "float64"},
        vary={"training.l2": [0.0, 0.1], "seed": [2, 4]},
    ).chunks
    assert_trained_as_in_numpy(train_chunk(chunk), 1, 4)


def test_population_statistics_stand_in_for_the_running_ones_when_members_are_measured():
    (chunk,) = plan_of(
        network={"batch_norm": {"statistics": "population"}},
        training={"precision": "float64"},
        vary={"seed": [2]},
    ).chunks
    result = train_chunk(chunk)
    by_hand = train_in_numpy(chunk.program, 0, 2)
    train, test = chunk.program.inputs.splits.train, chunk.program.inputs.splits.test
    state = by_hand.network.population_state(by_hand.parameters, scaled(chunk.program, train.inputs))
    for part, found in ((train, result.curves["train_loss"][..., -1]), (test, result.finals["test_loss"])):
        assert found[0, 0] == pytest.approx(measured(by_hand, chunk.program, part, state)[0], rel=1e-9)


def test_the_cost_is_the_loss_and_the_l2_cost_of_the_weights(stacked):
    weights = [stacked.weights[f"affine_{i}.W"] for i in (1, 2, 3)]
    squares = sum((w**2).sum(axis=(2, 3)) for w in weights)
    l2 = np.array([0.0, 0.0, 0.01, 0.01])[:, None]
    curves = stacked.curves
    for name in ("train", "validation"):
        cost = curves[f"{name}_loss"][..., -1] + l2 * squares
        np.testing.assert_allclose(curves[f"{name}_cost"][..., -1], cost, rtol=1e-12)


@pytest.mark.parametrize(
    ("network", "name"),
    [
        ({"hidden": [4]}, "affine_1"),
        ({"hidden": None, "layers": [{"dropout": 0.5}, "relu", {"dense": 3}]}, "affine_1"),
        ({"hidden": None, "layers": ["batch_norm", {"dense": 3}]}, None),
    ],
)
def test_the_wide_first_product_is_that_of_the_affine_map_which_meets_the_batch_itself(network, name):
    (program,) = plan_of(network=network).programs
    assert first_affine(program.network()) == name

"""Weights and the order of examples from files, in place of those that a seed draws."""

import json

import numpy as np
import pytest

import shoal
from shoal.errors import NetworkError, StudyError
from shoal.network import by_name
from shoal.population.plan import plan_study
from shoal.population.train import train_chunk
from shoal.study.load import make_study
from shoal.training.descent import descend, draw_parameters
from small_studies import blobs, raw_study

RATE, SAME = 0.1, 1e-12
ORDER = np.random.default_rng(5).integers(0, 40, (7, 9))


def plan(folder, **tables):
    """The plan of a small study on blobs, in float64, whose file lies in `folder`."""
    training = {"batch_size": None, "steps": None, "precision": "float64", **tables.pop("training", {})}
    study = make_study(raw_study(training=training, **tables), folder=folder)
    return plan_study(study, dataset=blobs())


@pytest.fixture
def start(tmp_path):
    """Weights of the small study's network; weights.npz and order.npz lie in the folder."""
    network = plan(tmp_path, training={"steps": 6, "batch_size": 10}).programs[0].network()
    parameters = draw_parameters(network, np.random.default_rng(0))
    np.savez(tmp_path / "weights.npz", **by_name(parameters))
    np.savez(tmp_path / "order.npz", order=ORDER)
    return parameters


def by_hand(program, parameters, order, rate=RATE):
    train = program.inputs.splits.train
    x = train.inputs.astype(float)
    *_, last = descend(program.network(), x, train.labels, order, rate, parameters=parameters)
    return by_name(last.parameters)


def assert_weights(chunk, cell, seed, expected):
    found = {name: value[cell, seed] for name, value in train_chunk(chunk).weights.items()}
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=0, atol=SAME, err_msg=name)


def test_every_member_starts_from_the_weights_and_seeds_differ_in_their_order(start, tmp_path):
    tables = {"network": {"weights": "weights.npz"}, "training": {"steps": 6, "batch_size": 10}}
    (chunk,) = plan(tmp_path, **tables).chunks
    result = train_chunk(chunk)
    losses = result.curves["train_loss"][0]
    assert losses[0, 0] == losses[1, 0]
    assert losses[0, -1] != losses[1, -1]


def test_every_member_sees_the_batches_of_the_order(start, tmp_path):
    """Cells that share a program too, each with its own rate."""
    tables = {"network": {"weights": "weights.npz"}, "training": {"order": "order.npz"}}
    (chunk,) = plan(tmp_path, **tables, vary={"training.learning_rate": [RATE, 0.3], "seed": 1}).chunks
    assert (chunk.program.steps, chunk.program.batches.size) == ORDER.shape
    assert_weights(chunk, 0, 0, by_hand(chunk.program, start, ORDER))
    assert_weights(chunk, 1, 0, by_hand(chunk.program, start, ORDER, 0.3))


def test_an_order_may_be_longer_than_the_training_and_take_more_examples_than_there_are(start, tmp_path):
    order = np.random.default_rng(6).integers(0, 40, (5, 64))
    np.savez(tmp_path / "order.npz", order=order.astype(np.uint8))
    tables = {"network": {"weights": "weights.npz"}, "training": {"order": "order.npz", "steps": 3}}
    (chunk,) = plan(tmp_path, **tables, vary={"seed": 1}).chunks
    assert chunk.program.batches.per_epoch == 1
    assert_weights(chunk, 0, 0, by_hand(chunk.program, start, order[:3]))


def test_an_order_of_all_examples_is_not_taken_for_whole_batches(start, tmp_path):
    order = np.stack([np.zeros(40, int), np.arange(40)])
    np.savez(tmp_path / "order.npz", order=order)
    tables = {"network": {"weights": "weights.npz"}, "training": {"order": "order.npz"}}
    (chunk,) = plan(tmp_path, **tables, vary={"seed": 1}).chunks
    assert_weights(chunk, 0, 0, by_hand(chunk.program, start, order))


def test_a_result_says_which_files_it_was_given(start, tmp_path):
    raw = raw_study(training={"batch_size": None, "steps": None, "order": "order.npz"})
    result = shoal.run(make_study(raw, folder=tmp_path), dataset=blobs(), check=False)
    (given,) = json.loads(result.attrs["plan"])["given"]
    assert set(given) == {"training.order"}
    assert len(given["training.order"]) == 64


def test_seeds_that_would_all_be_the_same_are_refused(start, tmp_path):
    tables = {"training": {"order": "order.npz"}}
    with pytest.raises(StudyError, match="2 seeds would train the same network"):
        plan(tmp_path, network={"weights": "weights.npz"}, **tables)
    plan(tmp_path, network={"weights": "weights.npz", "dropout": 0.5}, **tables)
    plan(tmp_path, **tables)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"other": ORDER}, "holds other; expected one array, order"),
        ({"order": ORDER.astype(float)}, r"holds float64 of shape \(7, 9\); expected integers"),
        ({"order": ORDER[0]}, r"int64 of shape \(9,\); expected integers \(steps, batch\)"),
        ({"order": ORDER + 1 - 41 * (ORDER == 39)}, "there are 40 training examples"),
        ({"order": ORDER.astype(object)}, "order holds Python objects, which are pickles"),
    ],
    ids=["another name", "not whole", "one axis", "out of range", "objects"],
)
def test_an_order_that_does_not_fit_says_what_came(start, tmp_path, arrays, message):
    np.savez(tmp_path / "order.npz", **arrays)
    with pytest.raises(StudyError, match=message):
        plan(tmp_path, training={"order": "order.npz"})


def test_an_index_out_of_range_is_named_with_its_place(start, tmp_path):
    wrong = ORDER.copy()
    wrong[2, 3] = 40
    np.savez(tmp_path / "order.npz", order=wrong)
    with pytest.raises(StudyError, match=r"the index 40 at step 2, place 3 \(and 0 more such\)"):
        plan(tmp_path, training={"order": "order.npz"})


def test_weights_that_do_not_fit_are_listed_with_their_cell(start, tmp_path):
    with pytest.raises(NetworkError) as caught:
        plan(
            tmp_path,
            network={"weights": "weights.npz"},
            training={"batch_size": 10, "steps": 6},
            vary={"network.hidden": [[4], [6]]},
        )
    assert caught.value.what.startswith("cell (hidden=6): network.weights: ")
    assert "affine_1.W: shape (5, 4) came; expected (5, 6)" in caught.value.what
    assert "affine_2.W: shape (4, 3) came; expected (6, 3)" in caught.value.what


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "does not exist"), (b"", "no .npz file"), (b"PK\x03\x04 and no more", "no .npz file")],
    ids=["missing", "empty", "cut off"],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path, content, message):
    if content is not None:
        (tmp_path / "weights.npz").write_bytes(content)
    with pytest.raises(StudyError, match=rf"network.weights: .*weights.npz.* {message}"):
        plan(tmp_path, network={"weights": "weights.npz"}, training={"batch_size": 10, "steps": 6})


def test_a_single_array_and_pickled_weights_are_refused(start, tmp_path):
    tables = {"network": {"weights": "weights.npz"}, "training": {"batch_size": 10, "steps": 6}}
    with (tmp_path / "weights.npz").open("wb") as file:
        np.save(file, np.ones(3))
    with pytest.raises(StudyError, match="holds a single array"):
        plan(tmp_path, **tables)
    np.savez(tmp_path / "weights.npz", **{"affine_1.W": np.array([None])})
    with pytest.raises(StudyError, match=r"affine_1\.W holds Python objects"):
        plan(tmp_path, **tables)


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ({"network": {"weights": "w.npz", "initial": "he_normal"}}, "either `initial` or `weights`"),
        ({"training": {"order": "o.npz", "batch_size": 10}}, "leave out batch_size"),
        (
            {"training": {"order": "o.npz", "batch_size": None, "shared_order": True}},
            "leave out shared_order",
        ),
    ],
    ids=["initial", "batch size", "shared order"],
)
def test_settings_that_a_file_replaces_are_not_given_besides(tables, message):
    with pytest.raises(StudyError, match=message):
        make_study(raw_study(**tables))


def test_more_steps_than_are_listed_are_refused(start, tmp_path):
    with pytest.raises(StudyError, match=r"8 steps; training\.order lists the batches of 7"):
        plan(tmp_path, training={"order": "order.npz", "steps": 8})

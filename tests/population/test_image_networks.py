"""Convolution and pooling in a study: from the file to trained weights."""

import numpy as np
import pytest

from numpy_training import train_in_numpy
from shoal.errors import NetworkError, StudyError
from shoal.layers import (
    Affine,
    AveragePool,
    Convolution,
    Dropout,
    Flatten,
    GlobalAveragePool,
    HeNormal,
    LecunNormal,
    MaxPool,
    Normal,
    Tanh,
)
from shoal.network import summarize
from shoal.network.from_settings import build_network
from shoal.population.memory import chunk_bytes
from shoal.population.plan import plan_study
from shoal.population.stack import first_affine
from shoal.population.train import train_chunk
from shoal.runs.folder import RunFolder
from shoal.runs.read_write import write_weights
from small_studies import blobs, images, plan_of, small_study

LENET = [
    {"conv": 4, "kernel": 3, "padding": "same"}, "tanh", {"average_pool": 2}, "batch_norm",
    {"conv": 8, "kernel": 3, "padding": "same"}, "tanh", {"max_pool": 2}, "batch_norm", "flatten",
    {"dense": 20}, "tanh",
]  # fmt: skip
SMALL_CHAIN = [
    {"conv": 2, "kernel": 2}, "tanh", {"average_pool": 2}, "batch_norm", {"dropout": 0.3, "channels": True},
    {"conv": 3, "kernel": 2, "padding": "same"}, {"max_pool": 2, "stride": 1}, {"dense": 4}, "tanh",
]  # fmt: skip


def chain(*layers, **network):
    return {"hidden": None, "layers": list(layers), **network}


def layers_of(*layers, shape=(28, 28, 1), **network):
    return build_network(small_study(network=chain(*layers, **network)).base, shape, 10).layers


def test_every_entry_has_its_layer():
    assert layers_of(
        {"conv": 6, "kernel": [5, 3], "stride": 2, "padding": [[1, 0], [2, 2]], "initial": "lecun_normal"},
        {"conv": 4, "kernel": 2}, {"average_pool": 2}, {"max_pool": [2, 1], "stride": 1, "padding": "same"},
        {"dropout": 0.5, "channels": True}, "global_average_pool", {"dense": 5},
        initial={"normal": 0.1},
    ) == (
        Convolution(6, (5, 3), 2, ((1, 0), (2, 2)), LecunNormal()), Convolution(4, 2, initial=Normal(0.1)),
        AveragePool(2), MaxPool((2, 1), 1, "same"), Dropout(0.5, channels=True), GlobalAveragePool(),
        Affine(5, Normal(0.1)), Affine(10, Normal(0.1)),
    )  # fmt: skip


def test_an_affine_map_in_front_of_which_nothing_flattens_gets_a_flatten_layer():
    written, added = ("flatten", {"dense": 5}), ({"dense": 5},)
    expected = [Convolution, Tanh, Flatten, Affine, Affine]
    for rest in (written, added):
        found = layers_of({"conv": 2, "kernel": 3}, "tanh", *rest)
        assert [type(layer) for layer in found] == expected


def test_a_list_of_initializers_has_one_for_each_kernel_too():
    found = layers_of(
        {"conv": 2, "kernel": 3}, {"dense": 5}, initial=["he_normal", {"normal": 1}, {"normal": 2}]
    )
    assert [layer.initial for layer in found if isinstance(layer, (Convolution, Affine))] == [
        HeNormal(),
        Normal(1.0),
        Normal(2.0),
    ]


def test_lenet_is_summarized_with_its_shapes_and_counts():
    layers = ({"conv": 6, "kernel": 5, "padding": "same"}, "tanh", {"average_pool": 2}, "batch_norm",
              {"conv": 16, "kernel": 5}, "tanh", {"average_pool": 2}, "batch_norm", "flatten",
              {"dense": 120}, "tanh", {"dense": 84}, "tanh")  # fmt: skip
    table = summarize(build_network(small_study(network=chain(*layers)).base, (28, 28, 1), 10))
    text = " ".join(table.split())
    for words in (
        "convolution_1 (Convolution) (N, 28, 28, 6) 156",
        "average_pool_1 (AveragePool) (N, 14, 14, 6) 0",
        "convolution_2 (Convolution) (N, 10, 10, 16) 2,416",
        "average_pool_2 (AveragePool) (N, 5, 5, 16) 0",
        "flatten_1 (Flatten) (N, 400) 0",
        "affine_1 (Affine) (N, 120) 48,120",
        "Trainable params: 61,750",
    ):
        assert words in text


def mistakes_of(*layers) -> list[str]:
    with pytest.raises(StudyError) as refusal:
        small_study(network=chain(*layers))
    return [line.strip() for line in str(refusal.value).splitlines()[1:-1]]


def test_every_mistake_is_told_at_once_with_its_place_and_the_nearest_right_name():
    size = "expected a whole number above 0, or two for rows and columns ([5, 3]), of at most 1,000,000"
    assert mistakes_of(
        {"conv": 6, "kernel": 0}, {"conv": 6}, {"conv": 6, "kernel": 3, "strid": 1}, {"pool": 2},
        {"average_pool": [2]}, {"conv": 6, "kernel": 3, "padding": "sam"}, "flaten",
        {"max_pool": 2, "stride": 0}, {"dropout": 0.5, "channels": 1}, {"conv": 2.5, "kernel": 3},
    ) == [
        f"network.layers, entry 1, kernel: got 0; {size}",
        "network.layers, entry 2, kernel: is required and missing",
        "network.layers, entry 3, strid: unknown key; did you mean `stride`?",
        "network.layers, entry 4: got { pool = 2 }; expected a table with one of the keys dense, conv, "
        "average_pool, max_pool, dropout, batch_norm, leaky_relu, sigmoid; did you mean `max_pool`?",
        f"network.layers, entry 5, average_pool: got [2]; {size}",
        'network.layers, entry 6, padding: got \'sam\'; expected "valid", "same", a whole number for all '
        "sides, or [[top, bottom], [left, right]], of at most 1,000,000",
        "network.layers, entry 7: got 'flaten'; expected a table, or one of relu, leaky_relu, sigmoid, tanh, "
        "gelu, silu, batch_norm, flatten, global_average_pool; did you mean `flatten`?",
        f"network.layers, entry 8, stride: got 0; {size}",
        "network.layers, entry 9, channels: got 1; expected true or false",
        "network.layers, entry 10, conv: got 2.5; expected a whole number",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("layers", "words"),
    [
        ([{"conv": 6, "kernel": 9}], r"convolution_1: got an image of 6 x 5; .* the kernel's 9 x 9"),
        ([{"conv": 2, "kernel": 2}, {"average_pool": 6}], r"average_pool_1: got an image of 5 x 4; .* 6 x 6"),
        (
            [{"dense": 120}, "tanh", {"conv": 2, "kernel": 2}],
            r"convolution_1: got examples of shape \(120,\); expected an image \(rows, columns, channels\)",
        ),
        (["flatten", {"max_pool": 2}], r"max_pool_1: got examples of shape \(60,\); expected an image"),
        (["flatten", "global_average_pool"], r"global_average_pool_1: got examples of shape \(60,\)"),
        ([{"max_pool": 2, "padding": 3}], r"network.layers, entry 1: padding is 3 for a window of 2 x 2"),
    ],
    ids=str,
)
def test_layers_that_do_not_fit_the_images_are_named_before_anything_runs(layers, words):
    with pytest.raises(NetworkError, match=words) as refusal:
        plan_of(images(), network=chain(*layers))
    assert refusal.value.remedy


def test_data_without_images_are_named_before_anything_runs():
    with pytest.raises(NetworkError, match=r"convolution_1: got examples of shape \(5,\); expected an image"):
        plan_of(blobs(), network=chain({"conv": 2, "kernel": 2}))


def program_of(*layers):
    return plan_of(images(), network=chain(*layers)).programs[0]


def test_operations_count_the_places_of_a_kernel():
    found = program_of({"conv": 2, "kernel": 3}, {"conv": 4, "kernel": (2, 1), "stride": 2})
    first, second, last = (4 * 3 * 2) * (3 * 3 * 2), (2 * 2 * 4) * (2 * 1 * 2), (2 * 2 * 4) * 3
    assert found.flops_per_step == 10 * (4 * first + 6 * second + 6 * last)


def test_memory_counts_the_windows_of_a_convolution():
    """Beside 4 copies of every output, 4 of the widest convolution's windows, for each example of a batch."""
    small, large = (program_of({"conv": 2, "kernel": k, "padding": "same"}) for k in (1, 3))
    more = chunk_bytes(large, 1, 1) - chunk_bytes(small, 1, 1)
    windows, weights = 6 * 5 * 2 * (9 - 1), 2 * 2 * (9 - 1)
    assert more == 4 * (4 * 10 * windows + 3 * weights)


def test_a_first_convolution_keeps_its_members_in_front():
    assert first_affine(program_of({"conv": 2, "kernel": 3}, {"dense": 3}).network()) is None


TRAINING = {"precision": "float64", "steps": 30, "learning_rate": 0.05}


@pytest.fixture(scope="module")
def stacked():
    """Two cells with two seeds each, in one program and one chunk."""
    plan = plan_of(
        images(), network=chain(*SMALL_CHAIN), training=TRAINING, vary={"training.l2": [0.0, 0.01], "seed": 2}
    )
    (chunk,) = plan.chunks
    return train_chunk(chunk)


def test_a_stacked_member_is_a_plain_loop_in_numpy(stacked):
    by_hand = train_in_numpy(stacked.chunk.program, 1, 1).parameters
    assert {f"{layer}.{key}" for layer, own in by_hand.items() for key in own} == set(stacked.weights)
    for layer, own in by_hand.items():
        for key, value in own.items():
            came = stacked.weights[f"{layer}.{key}"][1, 1]
            np.testing.assert_allclose(came, value, rtol=0, atol=1e-11, err_msg=f"{layer}.{key}")


def test_a_stacked_member_is_the_run_of_a_study_of_its_own(stacked):
    training = {**TRAINING, "l2": 0.01}
    (chunk,) = plan_of(images(), network=chain(*SMALL_CHAIN), training=training, vary={"seed": [1]}).chunks
    alone = train_chunk(chunk).weights
    for name, value in alone.items():
        np.testing.assert_allclose(stacked.weights[name][1, 1], value[0, 0], rtol=0, atol=1e-11)
    assert stacked.weights["convolution_1.W"].shape == (2, 2, 2, 2, 2, 2)


def test_kernels_are_written_and_read_back(stacked, tmp_path):
    weights = {f"cell/seed=0/{name}": value[0, 0] for name, value in stacked.weights.items()}
    with RunFolder(tmp_path / "run", "") as folder:
        write_weights(folder, weights)
    from safetensors.numpy import load_file

    read = load_file(tmp_path / "run" / "weights.safetensors")
    np.testing.assert_array_equal(read["cell/seed=0/convolution_1.W"], weights["cell/seed=0/convolution_1.W"])


def test_a_small_lenet_learns_the_digits_in_an_epoch():
    study = small_study(
        data={"name": "digits", "train": None, "validation": 300, "test": 0, "standardize": "feature"},
        network=chain(*LENET, initial="glorot_normal"),
        training={"steps": None, "epochs": 1, "batch_size": 32, "learning_rate": 0.5},
    )
    (chunk,) = plan_study(study).chunks
    found = train_chunk(chunk)
    assert found.weights["convolution_2.W"].shape == (1, 2, 3, 3, 4, 8)
    assert found.weights["convolution_2.W"].dtype == np.float32
    assert np.all(found.curves["validation_accuracy"][..., -1] > 0.7)  # chance is 0.1

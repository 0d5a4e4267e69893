"""Networks from a few settings, or from a list of layers."""

import pytest

from networks import PLAIN, small_network
from shoal.errors import NetworkError
from shoal.layers import (
    Affine,
    AveragePool,
    BatchNorm,
    Convolution,
    Dropout,
    Flatten,
    GlobalAveragePool,
    HeNormal,
    MaxPool,
    Normal,
    ReLU,
    SoftmaxCrossEntropy,
    Tanh,
)
from shoal.network import compose, compose_layers

LOSS = SoftmaxCrossEntropy()


def kinds(network):
    return [layer.kind for layer in network.layers]


def initials(network):
    return [layer.initial for layer in network.layers if isinstance(layer, Affine)]


def test_hidden_layers_are_affine_then_activation():
    network = small_network(hidden=[5, 6], batch_norm=None)
    assert kinds(network) == ["affine", "relu", "affine", "relu", "affine"]
    assert [layer.units for layer in network.layers if isinstance(layer, Affine)] == [5, 6, 3]


@pytest.mark.parametrize(
    ("position", "block"),
    [
        ("before", ["affine", "batch_norm", "relu", "dropout"]),
        ("after", ["affine", "relu", "batch_norm", "dropout"]),
    ],
)
def test_batch_norm_stands_before_or_after_the_activation_and_dropout_last(position, block):
    network = small_network(hidden=[5, 6], batch_norm_position=position, dropout=0.1)
    assert kinds(network) == [*block, *block, "affine"]


def test_images_are_flattened_first():
    network = compose((8, 8, 1), 10, hidden=[5], input_dropout=0.2, **PLAIN)
    assert kinds(network) == ["flatten", "dropout", "affine", "relu", "affine"]


def test_no_hidden_layer_is_softmax_regression():
    network = small_network(hidden=[], batch_norm=BatchNorm())
    assert network.names == ("affine_1",)


def test_one_initializer_serves_all_and_a_sequence_serves_each():
    assert initials(small_network(initial=Normal(0.1))) == [Normal(0.1)] * 3
    each = [Normal(0.1), HeNormal(), Normal(0.3)]
    assert initials(small_network(initial=each)) == each


def test_refuses_another_number_of_initializers_than_affine_maps():
    with pytest.raises(NetworkError, match=r"2 initializers came for 3 affine maps.*expected 1 or 3"):
        small_network(initial=[HeNormal(), HeNormal()])


def test_refuses_an_unknown_position():
    with pytest.raises(NetworkError, match='\'middle\' came; expected "before" or "after"'):
        small_network(batch_norm_position="middle")


def test_a_list_of_layers_gets_its_scores_appended():
    network = compose_layers((4,), 3, [Affine(5), Tanh(), Dropout(0.1)], LOSS, HeNormal())
    assert network.names == ("affine_1", "tanh_1", "dropout_1", "affine_2")
    assert network.shapes[-1] == (3,)


def test_a_list_of_layers_keeps_its_own_initializers_where_none_is_given():
    network = compose_layers((4,), 3, [Affine(5, Normal(0.2)), ReLU()], LOSS)
    assert initials(network) == [Normal(0.2), HeNormal()]


def test_a_list_of_layers_is_flattened_in_front_of_the_first_affine_map_only():
    layers = [BatchNorm(), Affine(5), ReLU()]
    assert kinds(compose_layers((8, 8, 1), 3, layers, LOSS)) == [
        "batch_norm",
        "flatten",
        "affine",
        "relu",
        "affine",
    ]
    already = [Flatten(), Affine(5), ReLU()]
    assert kinds(compose_layers((8, 8, 1), 3, already, LOSS)) == ["flatten", "affine", "relu", "affine"]


def images(*layers, shape=(8, 8, 1), **initial):
    return compose_layers(shape, 3, layers, LOSS, **initial)


def test_image_layers_are_composed_and_flattened_in_front_of_the_first_affine_map():
    layers = [Convolution(4, 3), Tanh(), AveragePool(2), BatchNorm(), Affine(5), Tanh()]
    found = images(*layers)
    assert found.names == (
        "convolution_1", "tanh_1", "average_pool_1", "batch_norm_1", "flatten_1",
        "affine_1", "tanh_2", "affine_2",
    )  # fmt: skip
    assert found.shapes == ((8, 8, 1), *[(6, 6, 4)] * 2, *[(3, 3, 4)] * 2, (36,), (5,), (5,), (3,))


def test_global_average_pooling_needs_no_flatten_layer():
    assert images(Convolution(4, 3), GlobalAveragePool()).names == (
        "convolution_1", "global_average_pool_1", "affine_1",
    )  # fmt: skip


def test_an_initializer_serves_convolutions_too():
    found = images(Convolution(4, 3), Affine(5), initial=Normal(0.1))
    assert [layer.initial for layer in found.layers if hasattr(layer, "initial")] == [Normal(0.1)] * 3
    with pytest.raises(NetworkError, match=r"2 initializers came for 3 affine maps \(convolutions"):
        images(Convolution(4, 3), Affine(5), initial=[Normal(0.1)] * 2)


@pytest.mark.parametrize(
    ("layers", "words"),
    [
        (
            [Affine(120), Convolution(4, 3)],
            r"^convolution_1: got examples of shape \(120,\); expected an image",
        ),
        ([Convolution(4, 3), Convolution(4, 7)], r"^convolution_2: got an image of 6 x 6; .* kernel's 7 x 7"),
        ([AveragePool(2), AveragePool(5)], r"^average_pool_2: got an image of 4 x 4; .* window's 5 x 5"),
        ([GlobalAveragePool(), MaxPool(2)], r"^max_pool_1: got examples of shape \(1,\); expected an image"),
    ],
    ids=str,
)
def test_image_layers_that_do_not_fit_are_named_with_a_remedy(layers, words):
    with pytest.raises(NetworkError, match=words) as refusal:
        images(*layers)
    assert refusal.value.remedy


def test_images_of_another_shape_are_refused_by_the_first_layer_s_name(rng):
    network = images(Convolution(4, 3))
    with pytest.raises(
        NetworkError, match=r"^convolution_1: inputs of shape \(2, 8, 7, 1\) came; .* 8, 8, 1"
    ):
        network.forward({}, rng.normal(size=(2, 8, 7, 1)))


def test_parameters_for_other_channels_are_refused_by_name(rng):
    network = images(Convolution(4, 3), Convolution(2, 3))
    W, b = rng.normal(size=(3, 3, 1, 4)), rng.normal(size=4)
    parameters = {"convolution_1": {"W": W, "b": b}, "convolution_2": {"W": W, "b": b}}
    with pytest.raises(
        NetworkError, match=r"^convolution_2: got kernels of shape .* for images of 4 channels"
    ):
        network.evaluate(parameters, {}, rng.normal(size=(2, 8, 8, 1)))


def test_noise_for_dropped_channels_is_one_number_each():
    network = images(Convolution(4, 3), Dropout(0.5, channels=True), Dropout(0.5))
    assert network.draw_shapes(7) == {"dropout_1": (7, 1, 1, 4), "dropout_2": (7, 6, 6, 4)}

"""Networks from a few settings, or from a list of layers."""

import pytest
from networks import PLAIN, small_network

from shoal.errors import NetworkError
from shoal.layers import (
    Affine,
    BatchNorm,
    Dropout,
    Flatten,
    HeNormal,
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

"""From settings to a network."""

import pytest

from shoal.layers import (
    Affine,
    BatchNorm,
    Dropout,
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    LeakyReLU,
    LecunNormal,
    LecunUniform,
    Normal,
    ReLU,
    Sigmoid,
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
    SquaredError,
    Tanh,
    Uniform,
)
from shoal.network.from_settings import build_network
from small_studies import plan_of, small_study


def built(varied=(), **network):
    return build_network(small_study(network=network).base, (5,), 3, varied)


def layers_of(**network):
    return built(**network).layers


def test_the_short_form_is_affine_batch_norm_activation_dropout_for_each_width():
    found = built(hidden=[4, 6], batch_norm=True, activation="tanh", dropout=0.25, input_dropout=0.1)
    assert found.names == (
        "dropout_1",
        "affine_1", "batch_norm_1", "tanh_1", "dropout_2",
        "affine_2", "batch_norm_2", "tanh_2", "dropout_3",
        "affine_3",
    )  # fmt: skip
    assert [layer.units for layer in found.layers if isinstance(layer, Affine)] == [4, 6, 3]
    assert [layer.rate for layer in found.layers if isinstance(layer, Dropout)] == [0.1, 0.25, 0.25]


def test_batch_norm_may_stand_after_the_activation_with_its_own_settings():
    found = layers_of(batch_norm={"position": "after", "decay": 0.5, "epsilon": 1e-3})
    assert [type(layer) for layer in found] == [Affine, ReLU, BatchNorm, Affine]
    assert found[2] == BatchNorm(0.5, 1e-3)


def test_no_hidden_layer_is_regression():
    assert [type(layer) for layer in layers_of(hidden=[])] == [Affine]


def test_dropout_of_rate_0_is_left_out_unless_it_varies():
    assert [type(layer) for layer in layers_of(dropout=0.0)] == [Affine, ReLU, Affine]
    assert Dropout(0.0) in built(varied=["network.dropout"]).layers
    rates = plan_of(vary={"network.dropout": [0.0, 0.5]}).programs[0].network().layers
    assert Dropout(0.0) in rates


INITIALS = [
    ("he_normal", HeNormal()),
    ("he_uniform", HeUniform()),
    ("glorot_normal", GlorotNormal()),
    ("glorot_uniform", GlorotUniform()),
    ("lecun_normal", LecunNormal()),
    ("lecun_uniform", LecunUniform()),
    ({"normal": 0.01}, Normal(0.01)),
    ({"uniform": 0.5}, Uniform(0.5)),
]


@pytest.mark.parametrize(("written", "initial"), INITIALS, ids=str)
def test_every_initializer_has_a_name_or_a_table(written, initial):
    assert [layer.initial for layer in layers_of(initial=written) if isinstance(layer, Affine)] == [
        initial
    ] * 2


def test_each_affine_map_may_have_its_own_initializer_the_last_one_included():
    found = layers_of(hidden=[4, 4], initial=["he_normal", {"normal": 1}, "glorot_uniform"])
    initials = [layer.initial for layer in found if isinstance(layer, Affine)]
    assert initials == [HeNormal(), Normal(1.0), GlorotUniform()]


@pytest.mark.parametrize(
    ("written", "layer"),
    [
        ("relu", ReLU()),
        ("leaky_relu", LeakyReLU()),
        ({"leaky_relu": 0.3}, LeakyReLU(0.3)),
        ("sigmoid", Sigmoid()),
        ({"sigmoid": 2}, Sigmoid(2.0)),
        ("tanh", Tanh()),
    ],
    ids=str,
)
def test_every_activation_has_a_name_or_a_table(written, layer):
    assert layers_of(activation=written)[1] == layer
    assert layers_of(hidden=None, layers=[{"dense": 4}, written])[1] == layer


@pytest.mark.parametrize(
    ("written", "loss"),
    [
        ("softmax_cross_entropy", SoftmaxCrossEntropy()),
        ("sigmoid_cross_entropy", SigmoidCrossEntropy()),
        ("squared_error", SquaredError()),
    ],
)
def test_every_loss_has_a_name(written, loss):
    assert built(loss=written).loss == loss


def test_layers_may_be_written_one_by_one_and_the_map_onto_the_classes_is_added():
    found = layers_of(
        hidden=None,
        initial={"normal": 0.5},
        layers=[
            {"dropout": 0.0}, {"dense": 4, "initial": "lecun_normal"}, "batch_norm", "relu", {"dense": 6},
            {"batch_norm": {"decay": 0.8}}, {"dropout": 0.5},
        ],
    )  # fmt: skip
    assert found == (
        Dropout(0.0), Affine(4, LecunNormal()), BatchNorm(), ReLU(), Affine(6, Normal(0.5)), BatchNorm(0.8),
        Dropout(0.5), Affine(3, Normal(0.5)),
    )  # fmt: skip

"""Names, shapes, and the values a network starts from."""

import numpy as np
import pytest

from networks import draw_batch, small_network
from shoal.errors import NetworkError
from shoal.layers import Affine, Flatten, HeUniform, Normal, ReLU, SoftmaxCrossEntropy
from shoal.network import Network, number_names


def test_names_are_numbered_per_kind_in_order():
    assert number_names(["affine", "relu", "affine", "batch_norm"]) == (
        "affine_1",
        "relu_1",
        "affine_2",
        "batch_norm_1",
    )
    assert small_network(hidden=[2], dropout=0.1).names == (
        "affine_1",
        "batch_norm_1",
        "relu_1",
        "dropout_1",
        "affine_2",
    )


def test_shapes_run_from_the_input_to_the_scores():
    network = Network((2, 2, 3), (Flatten(), Affine(5), ReLU(), Affine(4)), SoftmaxCrossEntropy(), 4)
    assert network.shapes == ((2, 2, 3), (12,), (5,), (5,), (4,))


def test_only_layers_with_something_to_keep_have_an_entry(rng):
    network = small_network(dropout=0.1)
    parameters = draw_batch(network, rng).parameters
    assert {name: sorted(own) for name, own in parameters.items()} == {
        "affine_1": ["W", "b"],
        "batch_norm_1": ["beta", "gamma"],
        "affine_2": ["W", "b"],
        "batch_norm_2": ["beta", "gamma"],
        "affine_3": ["W", "b"],
    }
    assert set(network.initial_state(np.zeros(0))) == {"batch_norm_1", "batch_norm_2"}
    assert network.draw_shapes(7) == {"dropout_1": (7, 5), "dropout_2": (7, 6)}


def test_initialization_asks_for_noise_and_scales_it():
    network = small_network(hidden=[2], initial=[Normal(0.5), HeUniform()])
    assert network.parameter_noise() == {
        "affine_1": {"W": ((4, 2), "normal")},
        "affine_2": {"W": ((2, 3), "uniform")},
    }
    noise = {"affine_1": {"W": np.full((4, 2), 3.0)}, "affine_2": {"W": np.ones((2, 3))}}
    parameters = network.initialize(noise)
    assert (parameters["affine_1"]["W"] == 1.5).all()
    assert parameters["affine_2"]["W"] == pytest.approx(np.full((2, 3), np.sqrt(3)))
    assert parameters["batch_norm_1"]["gamma"].tolist() == [1, 1]
    assert parameters["batch_norm_1"]["beta"].tolist() == parameters["affine_1"]["b"].tolist() == [0, 0]


@pytest.mark.parametrize("noise", [{}, {"affine_1": {"W": np.zeros((4, 2))}}])
def test_refuses_other_noise_than_it_asked_for(noise):
    with pytest.raises(NetworkError, match=r"expected .*'affine_2.W': \(2, 3\)"):
        small_network(hidden=[2]).initialize(noise)


def test_refuses_layers_that_do_not_fit_and_names_the_culprit():
    with pytest.raises(NetworkError, match=r"affine_1: .*\(8, 8, 1\)"):
        Network((8, 8, 1), (Affine(3),), SoftmaxCrossEntropy(), 3)


@pytest.mark.parametrize("layers", [(), (Affine(5),)])
def test_refuses_a_chain_that_does_not_end_in_a_score_per_class(layers):
    with pytest.raises(NetworkError, match="expected 3 scores"):
        Network((4,), layers, SoftmaxCrossEntropy(), 3)

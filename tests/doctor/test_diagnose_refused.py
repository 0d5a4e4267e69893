"""Gradients, functions, data and networks that the doctor refuses: what came, what was expected."""

import numpy as np
import pytest

from planted import CLASSES, L2, as_function, backward, draw, examine, network
from shoal.doctor.diagnose import diagnose
from shoal.errors import GradientError, NetworkError, ShoalError


@pytest.fixture
def point():
    return draw(network())


def says(error, *parts):
    """What came, what was expected, what to do."""
    for part in parts:
        assert part in str(error), str(error)
    assert error.remedy


def spoil(point, change):
    """Gradients as arrays, and a function that returns them, after `change`."""
    came = change(backward(point))
    return [came, lambda parameters, x, y: change(as_function(point)(parameters, x, y))]


def without_block(came):
    del came["affine_3"]["b"]
    return came


def without_layer(came):
    del came["affine_3"]
    return came


def transposed(came):
    came["affine_4"]["W"] = came["affine_4"]["W"].T
    return came


def with_a_none(came):
    came["affine_3"]["W"] = None
    return came


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (without_block, ["No gradient came for b of affine_3", "expected shape (5,)"]),
        (without_layer, ["No gradient came for W of affine_3", "expected shape (5, 5)"]),
        (transposed, ["shape (4, 5) came for W of affine_4", "expected shape (5, 4)"]),
        (with_a_none, ["No gradient came for W of affine_3"]),
    ],
    ids=["block missing", "layer missing", "transposed", "None"],
)
def test_gradients_that_do_not_fit_are_refused(point, change, words):
    for gradients in spoil(point, change):
        with pytest.raises(NetworkError) as raised:
            examine(point, gradients)
        says(raised.value, *words)


@pytest.mark.parametrize("returned", [None, [1.0], np.zeros(3), 2.5], ids=lambda v: type(v).__name__)
def test_a_function_that_returns_something_else_is_refused(point, returned):
    with pytest.raises(GradientError) as raised:
        examine(point, lambda parameters, x, y: returned)
    says(raised.value, f"came as {type(returned).__name__}", "expected the structure of the parameters")


@pytest.mark.parametrize("returned", [[1.0], np.zeros(3)], ids=lambda v: type(v).__name__)
def test_arrays_that_are_something_else_are_refused(point, returned):
    with pytest.raises(GradientError) as raised:
        examine(point, returned)
    says(raised.value, f"came as {type(returned).__name__}", "expected the structure of the parameters")


@pytest.mark.parametrize(
    "returned", [{"affine_1": None}, {"affine_1": np.zeros(3)}, {"affine_1": [1, 2]}], ids=str
)
def test_layers_that_are_no_dictionaries_are_refused(point, returned):
    for gradients in (returned, lambda parameters, x, y: returned):
        with pytest.raises(ShoalError) as raised:
            examine(point, gradients)
        says(raised.value, "affine_1", "came", "expected")


@pytest.mark.parametrize("label", [-1, CLASSES])
def test_labels_out_of_range_are_refused(point, label):
    point.targets[2] = label
    with pytest.raises(GradientError) as raised:
        examine(point, as_function(point))
    says(raised.value, f"{label}", "came; expected 0 to 3", "from 0")


def test_labels_of_another_number_are_refused(point):
    with pytest.raises(GradientError, match=r"6 labels came for 7 examples"):
        diagnose(point.network, L2, point.parameters, point.x, point.targets[:6], backward(point))


def test_a_cost_that_is_no_number_is_refused(point):
    point.parameters["affine_1"]["W"][0, 0] = np.nan
    with pytest.raises(GradientError) as raised:
        examine(point, as_function(point))
    says(raised.value, "The cost is nan", "expected finite numbers", "Look for NaN")


def test_an_infinite_input_behind_a_saturated_layer_is_refused(point):
    point.x[0, 0] = np.inf
    with pytest.raises(GradientError) as raised:
        examine(point, as_function(point))
    says(raised.value, "x holds NaN or infinite numbers", "expected finite numbers")


def test_a_batch_before_that_does_not_fit_is_refused(point):
    with pytest.raises(GradientError, match="6 labels came for 7 examples"):
        examine(point, backward(point), previous=(point.x, point.targets[1:]))


def test_dropout_without_noise_is_refused():
    point = draw(network(dropout=0.4))
    with pytest.raises(NetworkError, match="dropout_1 draws noise and was given none"):
        diagnose(point.network, L2, point.parameters, point.x, point.targets, backward(point))


def test_a_network_that_does_not_fit_is_refused(point):
    with pytest.raises(NetworkError, match=r"(?i)inputs of shape \(7, 4\) came; expected"):
        diagnose(point.network, L2, point.parameters, point.x[:, :4], point.targets, backward(point))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda p: {name: own for name, own in p.items() if name != "affine_2"}, "affine_2.W: nothing came"),
        (lambda p: {**p, "affine_2": {**p["affine_2"], "W": p["affine_2"]["W"][:, 1:]}}, "affine_2.W: shape"),
        (lambda p: list(p.values()), "affine_1.W: nothing came"),
    ],
)
def test_parameters_of_another_network_are_listed(spoil, said):
    point = draw(network())
    with pytest.raises(NetworkError, match=said):
        diagnose(point.network, L2, spoil(point.parameters), point.x, point.targets, backward(point))

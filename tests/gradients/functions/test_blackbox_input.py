"""What cannot be judged is refused in a sentence that says what came, what was expected and what to do."""

import numpy as np
import pytest

from functions_to_check import network
from shoal.errors import GradientError, ShoalError
from shoal.gradients.functions import check

SAMPLE = network(5, 6, 3)
P = SAMPLE.parameters
RIGHT = SAMPLE.gradients(P)


def refused(loss=SAMPLE.loss, gradients=RIGHT, parameters=P) -> str:
    with pytest.raises(GradientError) as caught:
        check(loss, gradients, parameters)
    assert isinstance(caught.value, ShoalError)
    return str(caught.value)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (np.ones(8), "array of shape (8,); expected one number"),
        (None, "returned nothing (None)"),
        ((1.0, {}), "2 values in a tuple"),
        ("1.0", "returned a str"),
        (True, "returned a bool"),
        (1j, "returned a complex"),
        (np.complex128(1j), "complex"),
        (np.nan, "The loss is nan"),
        (np.inf, "The loss is inf"),
    ],
)
def test_a_loss_that_is_no_finite_number(value, words):
    assert words in refused(loss=lambda p: value)


@pytest.mark.parametrize("value", [np.float32(2), np.array(2.0), np.array([[2.0]])])
def test_a_loss_may_be_any_single_number(value):
    assert check(lambda p: value * np.sum(p**2), lambda p: 4 * p, np.ones(3)).ok


def test_a_missing_an_extra_and_a_misnamed_block():
    assert "No gradient came for b2" in refused(gradients={k: v for k, v in RIGHT.items() if k != "b2"})
    assert "came for W9, which is no parameter" in refused(gradients={**RIGHT, "W9": np.ones(2)})
    renamed = {("V1" if k == "W1" else k): v for k, v in RIGHT.items()}
    assert "No gradient came for W1; something came for V1" in refused(gradients=renamed)
    assert "returned nothing (None)" in refused(gradients=lambda p: None)
    assert "It looks like (loss, gradients)" in refused(gradients=lambda p: (1.0, RIGHT))


def test_shapes_that_do_not_match():
    text = refused(gradients={**RIGHT, "W1": RIGHT["W1"].T})
    assert "W1 has shape (5, 6), its gradient (6, 5)" in text
    assert "Transposed, every shape fits" in text
    assert "reshape each gradient" in refused(gradients={**RIGHT, "b1": RIGHT["b1"][None]})
    assert "do not sum over all of it" in refused(gradients={**RIGHT, "b1": RIGHT["b1"].sum()})


def test_a_list_in_another_order():
    values = list(P.values())
    keys = list(P)

    def loss(p):
        return SAMPLE.loss(dict(zip(keys, p, strict=True)))

    assert check(loss, list(RIGHT.values()), values).ok
    assert "In reverse order every shape fits" in refused(loss, list(RIGHT.values())[::-1], values)


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({}, "The parameters are empty"),
        ([], "The parameters are empty"),
        ({"W": None}, "The parameters are empty"),
        ({"W": np.arange(3)}, "W holds integers (int64)"),
        ({"W": 3}, "W holds integers (int)"),
        ({"W": np.array([True])}, "W holds integers (bool)"),
        ({"W": np.array([1j])}, "W holds complex numbers"),
        ({"W": np.zeros((0, 3))}, "W is empty: its shape is (0, 3)"),
        ({"layers": [{"W": "relu"}]}, "layers[0].W is of type str"),
        ({"W": np.array([np.ones(2), np.ones(3)], dtype=object)}, "W "),
        ({"W": np.array([np.nan])}, "W has an entry that is NaN"),
        (object(), "parameters is of type object"),
    ],
)
def test_parameters_that_cannot_be_checked(parameters, words):
    assert words in refused(parameters=parameters)


def test_a_gradient_that_is_no_array():
    assert "gradient for b1 is of type str" in refused(gradients={**RIGHT, "b1": "wrong"})
    assert "gradient for b1 is complex" in refused(gradients={**RIGHT, "b1": RIGHT["b1"] * 1j})


def test_a_loss_that_uses_other_parameters_than_it_is_given():
    assert "does not change when its parameters change" in refused(loss=lambda p: SAMPLE.loss(P))

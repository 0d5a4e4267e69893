"""Parameters by name become parameters by layer, or a list of everything that does not fit."""

import numpy as np
import pytest

from shoal.errors import NetworkError
from shoal.layers import BatchNorm, HeNormal, ReLU, SoftmaxCrossEntropy
from shoal.network import by_name, compose, given_parameters, parameter_names

NETWORK = compose(
    (4,),
    3,
    hidden=[2],
    activation=ReLU(),
    batch_norm=BatchNorm(),
    initial=HeNormal(),
    loss=SoftmaxCrossEntropy(),
)
SHAPES = {
    "affine_1.W": (4, 2),
    "affine_1.b": (2,),
    "batch_norm_1.gamma": (2,),
    "batch_norm_1.beta": (2,),
    "affine_2.W": (2, 3),
    "affine_2.b": (3,),
}


def arrays() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {name: rng.normal(size=shape) for name, shape in SHAPES.items()}


def test_every_parameter_has_a_name_and_a_shape():
    assert parameter_names(NETWORK) == SHAPES


def test_by_layer_and_by_name_are_each_other_s_inverse():
    given = arrays()
    parameters = given_parameters(NETWORK, given)
    assert {layer: set(own) for layer, own in parameters.items()} == {
        "affine_1": {"W", "b"},
        "batch_norm_1": {"gamma", "beta"},
        "affine_2": {"W", "b"},
    }
    assert by_name(parameters).keys() == given.keys()
    assert all(by_name(parameters)[name] is given[name] for name in given)


def test_all_mistakes_come_in_one_list():
    given = arrays()
    given["affine_1.W"] = given["affine_1.W"].T
    given["affine_1.bias"] = given.pop("affine_1.b")
    given["batch_norm_1.gamma"] = np.ones(2, int)
    given["affine_2.b"] = np.array([0.0, np.nan, 0.0])
    with pytest.raises(NetworkError) as caught:
        given_parameters(NETWORK, given)
    assert caught.value.what.splitlines() == [
        "Given weights do not fit the network (5):",
        "  affine_1.W: shape (2, 4) came; expected (4, 2)",
        "  affine_1.b: missing; expected shape (2,)",
        "  batch_norm_1.gamma: int64 came; expected floating point numbers",
        "  affine_2.b: holds NaN or infinity",
        "  affine_1.bias: no such parameter; did you mean affine_1.b?",
    ]
    assert "affine_2.W (2, 3)" in caught.value.remedy

"""What the room of layers hands out, and how each layer explains itself."""

import ast
import inspect
from pathlib import Path

import pytest

import shoal.layers as layers
from shoal.layers import Layer, Loss

EXPORTS = [
    "GELU",
    "SiLU",
    "Affine",
    "Array",
    "AveragePool",
    "BatchNorm",
    "Convolution",
    "Dropout",
    "Flatten",
    "GlorotNormal",
    "GlorotUniform",
    "GlobalAveragePool",
    "HeNormal",
    "HeUniform",
    "Initial",
    "Layer",
    "LeakyReLU",
    "LecunNormal",
    "LecunUniform",
    "Loss",
    "MaxPool",
    "Moments",
    "Normal",
    "Number",
    "ReLU",
    "Shape",
    "Sigmoid",
    "SigmoidCrossEntropy",
    "SoftmaxCrossEntropy",
    "SquaredError",
    "Tanh",
    "Uniform",
    "Values",
    "l2_cost",
    "l2_gradient",
    "log_softmax",
    "logistic",
    "merge_moments",
    "moments",
    "namespace",
    "no_moments",
    "one_hot",
    "softmax",
]

EQUATIONS = [
    value
    for value in vars(layers).values()
    if inspect.isclass(value) and issubclass(value, Layer | Loss) and value not in (Layer, Loss)
]


def test_exports_are_these_and_no_others():
    tree = ast.parse(Path(layers.__file__).read_text())
    imported = [alias for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names]
    assert all(alias.name == alias.asname for alias in imported)
    assert sorted(alias.name for alias in imported) == sorted(EXPORTS)


@pytest.mark.parametrize("equation", EQUATIONS, ids=lambda layer: layer.kind)
def test_each_layer_states_equation_derivative_shapes_caveat_and_source_in_order(equation):
    text = inspect.getdoc(equation)
    places = [text.find(f"\n{word}") for word in ("Equation:", "Backward:", "Shapes:", "Caveat", "Source:")]
    assert -1 not in places
    assert places == sorted(places)


def test_kinds_are_distinct():
    assert len({equation.kind for equation in EQUATIONS}) == len(EQUATIONS) == 17

"""Parameters, gradients, examples and labels in other people's layouts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from shoal.doctor.submissions.layout import Layout
from shoal.errors import NetworkError, SubmissionError
from shoal.gradients import draw_point
from shoal.layers import (
    Affine,
    AveragePool,
    BatchNorm,
    Convolution,
    HeNormal,
    ReLU,
    SoftmaxCrossEntropy,
    Tanh,
)
from shoal.network import Network, compose, compose_layers

LABELS = np.array([0, 1, 2, 0, 1])
NETWORK = compose(
    (6,),
    3,
    hidden=[5, 4],
    activation=ReLU(),
    batch_norm=BatchNorm(),
    initial=HeNormal(),
    loss=SoftmaxCrossEntropy(),
)
X = np.random.default_rng(3).standard_normal((5, 6))
PARAMETERS = draw_point(NETWORK, X, LABELS, 0.0, 0).parameters
COLUMNS: dict[str, Any] = {"weights": "outputs_first", "examples": "columns", "biases": "column"}


def layout(network: Network = NETWORK, **settings: Any) -> Layout:
    return Layout(network, **settings)


@pytest.mark.parametrize("parameters", ["dict", "list", "layers", "lists"])
@pytest.mark.parametrize("orientation", [{}, COLUMNS, {"biases": "row", "first": 0}])
def test_there_and_back(parameters: str, orientation: dict[str, Any]) -> None:
    there = layout(parameters=parameters, **orientation)
    back = there.from_user(there.to_user(PARAMETERS))
    assert list(back) == list(PARAMETERS)
    for name, own in PARAMETERS.items():
        for key, value in own.items():
            np.testing.assert_array_equal(back[name][key], value)
            assert back[name][key].shape == value.shape


def test_each_structure_is_what_a_reader_expects() -> None:
    flat = ["W1", "b1", "gamma1", "beta1", "W2", "b2", "gamma2", "beta2", "W3", "b3"]
    assert list(layout().to_user(PARAMETERS)) == flat
    assert list(layout(first=0).to_user(PARAMETERS))[:2] == ["W0", "b0"]
    as_list = layout(parameters="list").to_user(PARAMETERS)
    assert [a.shape for a in as_list] == [
        (6, 5),
        *[(5,)] * 3,
        (5, 4),
        *[(4,)] * 3,
        (4, 3),
        (3,),
    ]
    layers = layout(parameters="layers", names={"W": "weights"}).to_user(PARAMETERS)
    assert [list(layer) for layer in layers] == [["weights", "b", "gamma", "beta"]] * 2 + [["weights", "b"]]
    lists = layout(parameters="lists").to_user(PARAMETERS)
    assert {key: len(value) for key, value in lists.items()} == {"W": 3, "b": 3, "gamma": 2, "beta": 2}


def test_orientations() -> None:
    theirs = layout(**COLUMNS, labels="one_hot")
    parameters = theirs.to_user(PARAMETERS)
    assert parameters["W1"].shape == (5, 6)
    assert parameters["b1"].shape == parameters["gamma1"].shape == (5, 1)
    np.testing.assert_array_equal(parameters["W1"], PARAMETERS["affine_1"]["W"].T)
    np.testing.assert_array_equal(theirs.inputs_to_user(X), X.T)
    np.testing.assert_array_equal(theirs.labels_to_user(LABELS), np.eye(3)[LABELS].T)
    np.testing.assert_array_equal(layout(labels="one_hot").labels_to_user(LABELS), np.eye(3)[LABELS])
    assert layout().labels_to_user(LABELS).dtype.kind == "i"
    assert theirs.inputs_to_user(X > 0).dtype == bool
    assert layout(biases="row").to_user(PARAMETERS)["b1"].shape == (1, 5)


def test_float32_code_gets_and_is_read_as_float32() -> None:
    theirs = layout(dtype="float32", labels="one_hot")
    parameters = theirs.to_user(PARAMETERS)
    assert {a.dtype for a in parameters.values()} == {np.dtype(np.float32)}
    assert theirs.inputs_to_user(X).dtype == theirs.labels_to_user(LABELS).dtype == np.float32
    came = {key: value.astype(np.float64) for key, value in parameters.items()}
    assert theirs.from_user(came)["affine_1"]["W"].dtype == np.float32
    assert layout().from_user(parameters)["affine_1"]["W"].dtype == np.float32


def test_what_is_handed_over_and_back_are_copies() -> None:
    theirs = layout()
    parameters = theirs.to_user(PARAMETERS)
    back = theirs.from_user(parameters)
    before = back["affine_1"]["W"].copy()
    for value in parameters.values():
        value += 1
    np.testing.assert_array_equal(back["affine_1"]["W"], before)
    np.testing.assert_array_equal(PARAMETERS["affine_1"]["W"], before)


def test_names_are_the_codes_own() -> None:
    assert layout().name("affine_2", "W") == "W2"
    assert layout(first=0, names={"gamma": "g_{i}"}).name("batch_norm_2", "gamma") == "g_1"
    assert layout(parameters="layers", names={"W": "weights"}).name("affine_1", "W") == "weights1"


@pytest.mark.parametrize("settings", [{}, COLUMNS, {"biases": "row"}])
def test_an_entry_is_found_where_the_code_has_it(settings: dict[str, Any]) -> None:
    theirs = layout(**settings)
    parameters = theirs.to_user(PARAMETERS)
    for place, index in ((theirs.places[0], (4, 2)), (theirs.places[2], (3,))):
        value = PARAMETERS[place.layer][place.parameter]
        assert parameters[place.path[0]][theirs.index(place, index)] == value[index]
    assert theirs.index(theirs.places[0], ()) == ()


@pytest.mark.parametrize("prefix", ["d", "d_", "grad_"])
def test_gradients_may_be_named_as_derivatives(prefix: str) -> None:
    theirs = layout()
    came = {f"{prefix}{key}": value for key, value in theirs.to_user(PARAMETERS).items()}
    assert theirs.from_user(came).keys() == PARAMETERS.keys()


def wrong(change: Any, **settings: Any) -> str:
    theirs = layout(**settings)
    gradients = theirs.to_user(PARAMETERS)
    with pytest.raises(SubmissionError) as caught:
        theirs.from_user(change(gradients))
    return str(caught.value)


def test_every_misfit_is_listed_at_once() -> None:
    def change(g: dict[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in g.items() if key not in ("b3", "gamma2")} | {
            "gamm2": g["gamma2"],
            "W1": g["W1"].T,
            "b1": None,
            "gamma1": g["gamma1"][:, None],
            "b2": np.ones((5, 4)),
            "W2": np.ones((5, 4), int),
            "beta1": [[1.0], [1.0, 2.0]],
            "beta2": np.array(["a"] * 4),
            "X": 1.0,
        }

    message = wrong(change)
    assert message.splitlines()[1:-1] == [
        "  gradients['gamma2'] is missing ('gamm2' came)",
        "  gradients['b3'] is missing",
        "  gradients['gamm2'] is no parameter of the network",
        "  gradients['X'] is no parameter of the network",
        "  W1: shape (5, 6) came; expected (6, 5): its transpose would fit",
        "  b1: None came; expected an array of shape (5,)",
        "  gamma1: shape (5, 1) came; expected (5,): the same numbers in another shape, see `biases` in "
        "[submission]",
        "  beta1: a list that is no array came; expected shape (5,)",
        "  W2: whole numbers (int64) came; a gradient is floats (was its array made of ints?)",
        "  b2: shape (5, 4) came; expected (4,): one for each example came; sum over the examples",
        "  beta2: <U1 came; expected floats",
    ]


@pytest.mark.parametrize(
    ("change", "settings", "expected"),
    [
        (lambda g: None, {}, "None (is a `return` missing?) came; expected a dict with the keys W1, b1"),
        (lambda g: (1.0, g), {}, "a tuple of float, dict (return the gradients alone) came"),
        (lambda g: list(g.values()), {}, "a list came; expected a dict"),
        (lambda g: np.zeros(3), {}, "an array of shape (3,) came; expected a dict"),
        (lambda g: g[:-1], {"parameters": "list"}, "a list of 9 came; expected 10"),
        (lambda g: {"W1": 0}, {"parameters": "list"}, "a dict came; expected a list of 10"),
        (lambda g: [g[0], g[1], None], {"parameters": "layers"}, "gradients[2]: None (is a `return`"),
        (lambda g: {**g, "W": g["W"][:2]}, {"parameters": "lists"}, "gradients['W']: a list of 2 came"),
    ],
)
def test_another_structure_is_described(change: Any, settings: Any, expected: str) -> None:
    assert expected in wrong(change, **settings)


def test_a_tuple_is_a_list_and_whole_zeros_are_zeros() -> None:
    theirs = layout(parameters="list")
    came = (*theirs.to_user(PARAMETERS)[:-1], np.zeros(3, int))
    assert theirs.from_user(came)["affine_3"]["b"].dtype == np.float64


@pytest.mark.parametrize(
    ("layers", "why"),
    [
        ([BatchNorm(), Affine(4)], "a batch norm stands in front of the first affine map"),
        ([Affine(4), BatchNorm(), ReLU(), BatchNorm()], "two arrays would both be ['gamma1']"),
    ],
)
def test_a_network_without_a_place_in_the_structure(layers: list[Any], why: str) -> None:
    network = compose_layers((6,), 3, layers, SoftmaxCrossEntropy())
    with pytest.raises(NetworkError) as caught:
        layout(network)
    assert why in str(caught.value)
    assert 'Use parameters = "list"' in str(caught.value)
    assert layout(network, parameters="list").places


def test_kernels_and_images_keep_their_axes() -> None:
    layers = [Convolution(3, (2, 1)), Tanh(), AveragePool(2)]
    network = compose_layers((5, 4, 2), 4, layers, SoftmaxCrossEntropy())
    kernels = np.arange(12.0).reshape(2, 1, 2, 3)
    dense = np.arange(48.0).reshape(12, 4)
    parameters = {"convolution_1": {"W": kernels, "b": np.ones(3)}, "affine_1": {"W": dense, "b": np.ones(4)}}
    theirs = Layout(network, weights="outputs_first")
    given = theirs.to_user(parameters)
    assert given["W1"].shape == (3, 2, 2, 1)  # (F, C, K, L)
    assert given["W1"][2, 1, 0, 0] == kernels[0, 0, 1, 2]
    assert theirs.index(theirs.places[0], (0, 0, 1, 2)) == (2, 1, 0, 0)
    back = theirs.from_user(given)
    assert all(np.array_equal(back[n][k], v) for n, own in parameters.items() for k, v in own.items())
    images = np.zeros((6, 5, 4, 2))
    assert theirs.inputs_to_user(images).shape == images.shape

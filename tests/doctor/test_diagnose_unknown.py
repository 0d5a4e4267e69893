"""Mistakes that are not in the catalogue: where they lie, and what can be read off the numbers."""

from typing import Any

import numpy as np
import pytest

from planted import EXAMPLES, L2, as_function, backward, chain, draw, examine, network, only
from shoal.gradients import make_point
from shoal.layers import Affine, BatchNorm, Tanh

LAYERS = (1, 2, 3)


class Quartic(Tanh):
    """1 - y^4 for the derivative."""

    def backward(self, parameters: Any, saved: Any, dy: Any) -> Any:
        return (1 - saved**4) * dy, {}


def with_quartic(which, *, batch_norm=False, **handed):
    """A function whose tanh number `which` has a wrong derivative; `handed` replaces other layers."""
    layers = []
    for k in LAYERS:
        norm = [handed.get(f"batch_norm_{k}", BatchNorm())] if batch_norm else []
        layers += [Affine(5), *norm, Quartic() if k == which else handed.get(f"tanh_{k}", Tanh())]
    net = chain(*layers)
    return lambda parameters, x, y: net.cost_and_gradients(parameters, x, y, L2)[1]


class Leftover(Tanh):
    """A catalogued mistake, beside the one that is not."""

    def backward(self, parameters: Any, saved: Any, dy: Any) -> Any:
        return dy, {}


@pytest.mark.parametrize("n", [4, EXAMPLES])
@pytest.mark.parametrize("batch_norm", [False, True])
@pytest.mark.parametrize("which", LAYERS)
@pytest.mark.parametrize("as_arrays", [False, True])
def test_a_wrong_derivative_is_located_between_two_layers(which, batch_norm, n, as_arrays):
    point = draw(network(batch_norm=batch_norm), n=n)
    gradients = with_quartic(which, batch_norm=batch_norm)
    if as_arrays:
        gradients = gradients(point.parameters, point.x, point.targets)
    diagnosis = examine(point, gradients)
    assert not diagnosis.ok
    assert not diagnosis.causes
    (segment,) = diagnosis.unexplained
    assert segment.layers == (f"affine_{which + 1}", f"tanh_{which}")
    assert set(segment.blocks) == {block.name for block in diagnosis.wrong}
    assert "not in the catalogue" in segment.note


@pytest.mark.parametrize("batch_norm", [False, True])
@pytest.mark.parametrize("which", [2, 3])
def test_what_lies_in_front_is_judged_by_what_is_handed_to_it(which, batch_norm):
    """The derivative is read off the user's own dW: the mistake in front is found all the same."""
    point = draw(network(batch_norm=batch_norm))
    diagnosis = examine(point, with_quartic(which, batch_norm=batch_norm, tanh_1=Leftover()))
    assert [c.mistake.name for c in diagnosis.causes] == ["tanh-derivative-missing"]
    assert diagnosis.causes[0].where == (("tanh_1", "dx"),)
    (segment,) = diagnosis.unexplained
    assert segment.layers == (f"affine_{which + 1}", f"tanh_{which}")


def test_where_it_cannot_be_read_off_what_lies_in_front_is_left_open():
    """More examples than features: dW = x' dy does not give dy."""
    point = draw(network(), n=EXAMPLES)
    gradients = with_quartic(3)(point.parameters, point.x, point.targets)
    (segment,) = examine(point, gradients).unexplained
    assert "could not be judged" in segment.note
    (read,) = examine(draw(network(), n=5), with_quartic(3)).unexplained
    assert "could not be judged" not in read.note


@pytest.mark.parametrize("batch_norm", [False, True])
@pytest.mark.parametrize("layer", ["affine_2", "affine_3", "affine_4"])
def test_a_wrong_formula_in_one_weights_gradient(layer, batch_norm):
    point = draw(network(batch_norm=batch_norm))

    def gradients(parameters, x, y):
        found = backward(make_point(point.network, parameters, x, y, L2))
        found[layer]["W"] = np.tanh(found[layer]["W"]) + 0.1
        return found

    for came in (gradients, gradients(point.parameters, point.x, point.targets)):
        diagnosis = examine(point, came)
        (segment,) = diagnosis.unexplained
        assert segment.layers == (layer,)
        assert segment.blocks == (f"{layer}.W",)
        assert "what is handed on is right" in segment.note
        assert [block.name for block in diagnosis.wrong] == [f"{layer}.W"]
        assert not diagnosis.causes


def test_in_the_first_layer_nothing_is_handed_on():
    point = draw(network())
    came = backward(point)
    came["affine_1"]["W"] = np.tanh(came["affine_1"]["W"]) + 0.1
    (segment,) = examine(point, came).unexplained
    assert segment.layers == ("affine_1",)
    assert "handed on" not in segment.note


def test_an_unknown_formula_beside_a_known_mistake():
    point = draw(network())
    came = backward(point, {"tanh_1": {"derivative": "of y"}})
    came["affine_3"]["b"] = np.sin(came["affine_3"]["b"]) + 1
    diagnosis = examine(point, came)
    assert [c.mistake.name for c in diagnosis.causes] == ["tanh-of-activation"]
    assert [s.blocks for s in diagnosis.unexplained] == [("affine_3.b",)]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_number_that_is_none_is_said(value):
    point = draw(network())
    came = backward(point)
    came["affine_2"]["W"][1, 3] = value
    diagnosis = examine(point, came)
    assert not diagnosis.ok
    block = diagnosis.block("affine_2", "W")
    assert (block.verdict, block.error, block.worst_index) == ("WRONG", np.inf, (1, 3))
    assert block.note == "1 of 25 numbers are NaN or infinite"
    assert block.note in diagnosis.unexplained[0].note
    assert block.note in str(diagnosis)
    assert [b.name for b in diagnosis.wrong] == ["affine_2.W"]


def test_nan_from_a_layer_on_is_one_place():
    point = draw(network())
    came = backward(point)
    for name in ("affine_1", "affine_2"):
        for value in came[name].values():
            value[:] = np.nan
    (segment,) = examine(point, came).unexplained
    assert segment.layers == ("affine_3", "tanh_2")
    assert "NaN" in segment.note


@pytest.mark.parametrize("factor", [3.0, 0.3])
def test_a_constant_factor_in_front_of_the_loss_is_read_off(factor):
    point = draw(network(batch_norm=True))
    slips = {"softmax_cross_entropy": {"factor": factor}}
    for came in (backward(point, slips), as_function(point, slips)):
        cause = only(examine(point, came))
        assert (cause.mistake.name, cause.where) == (
            "constant-factor",
            (("softmax_cross_entropy", "dscores"),),
        )
        assert f"{factor:g} times" in cause.note


@pytest.mark.parametrize("l2", [0.0, L2])
@pytest.mark.parametrize("factor", [6.5, 0.1])
def test_a_constant_factor_in_front_of_one_gradient_is_read_off(factor, l2):
    """Of the whole of it, L2's term included."""
    point = draw(network(), l2=l2)
    came = backward(point)
    came["affine_2"]["W"] *= factor
    cause = only(examine(point, came))
    assert (cause.mistake.name, cause.where) == ("constant-factor", (("affine_2", "W"),))
    assert f"{factor:g} times" in cause.note


@pytest.mark.parametrize("l2", [0.0, L2])
def test_gradients_handed_out_times_the_learning_rate(l2):
    point = draw(network("relu", batch_norm=True), l2=l2)

    def gradients(parameters, x, y):
        found = backward(make_point(point.network, parameters, x, y, l2))
        return {name: {key: 0.03 * v for key, v in own.items()} for name, own in found.items()}

    for came in (gradients, gradients(point.parameters, point.x, point.targets)):
        cause = only(examine(point, came))
        assert cause.mistake.name == "constant-factor"
        assert cause.note.startswith("0.03 times")


def test_one_gradient_negated_is_a_flipped_sign():
    point = draw(network())
    came = backward(point)
    came["affine_2"]["b"] *= -1
    cause = only(examine(point, came))
    assert (cause.mistake.name, cause.where) == ("sign-flipped", (("affine_2", "b"),))


@pytest.mark.parametrize("layers", [("affine_2",), ("affine_1", "affine_2", "affine_3", "affine_4")])
@pytest.mark.parametrize("factor", [3.0, 20.0, 0.5])
def test_a_wrong_l2_coefficient_is_read_off(factor, layers):
    point = draw(network())
    cause = only(examine(point, backward(point, {name: {"l2": factor} for name in layers})))
    assert cause.mistake.name == "l2-wrong-factor"
    assert cause.where == tuple((layer, "W") for layer in layers)
    assert cause.note == f"{factor:g} l2 W in place of 2 l2 W"


@pytest.mark.parametrize("count", [100, 32, 1000])
def test_a_hard_coded_count_is_read_off(count):
    point = draw(network("sigmoid"))

    def gradients(parameters, x, y):
        slips = {"softmax_cross_entropy": {"factor": len(x) / count}}
        return backward(make_point(point.network, parameters, x, y, L2), slips)

    for came in (gradients, gradients(point.parameters, point.x, point.targets)):
        cause = only(examine(point, came))
        assert cause.mistake.name == "one-over-n-wrong-count"
        assert cause.note == f"divided by {count}"

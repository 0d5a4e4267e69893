"""Right gradients, computed in other ways and at awkward points, raise no alarm."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planted import ACTIVATIONS, CLASSES, LOSSES, as_function, backward, chain, draw, examine, network
from shoal.gradients import make_point
from shoal.layers import Affine, BatchNorm, Normal, ReLU, Tanh

few = settings(max_examples=60, deadline=None, derandomize=True)
networks = st.fixed_dictionaries(
    {
        "activation": st.sampled_from(sorted(ACTIVATIONS)),
        "hidden": st.lists(st.integers(1, 12), max_size=6),
        "loss": st.sampled_from(sorted(LOSSES)),
        "batch_norm": st.booleans(),
        "batch_norm_position": st.sampled_from(["before", "after"]),
        "dropout": st.sampled_from([None, 0.4]),
        "features": st.integers(1, 12),
    }
)
points = st.fixed_dictionaries(
    {
        "seed": st.integers(0, 2**32 - 1),
        "n": st.integers(2, 20),
        "l2": st.sampled_from([0.0, 1e-6, 0.05, 3.0]),
        "moved": st.booleans(),
    }
)


def right(diagnosis):
    assert diagnosis.ok, str(diagnosis)
    assert not diagnosis.causes
    assert not diagnosis.unexplained
    verdicts = {block.verdict for block in diagnosis.blocks}
    assert verdicts <= {"ok", "zero by construction", "rounding only"}
    return True


def in_single(net, l2):
    """The network's own gradients, all of them computed in float32."""

    def gradients(parameters, x, y, noise=None):
        def cast(value):
            return np.asarray(value, dtype=np.float32)

        own = {name: {key: cast(v) for key, v in o.items()} for name, o in parameters.items()}
        drawn = {name: cast(v) for name, v in noise.items()} if noise else None
        y = cast(y) if y.dtype.kind == "f" else y
        return net.cost_and_gradients(own, cast(x), y, np.float32(l2), drawn)[1]

    return gradients


@few
@given(networks, points)
def test_a_networks_own_gradients_are_right(settings_of_network, settings_of_point):
    net = network(**settings_of_network)
    point = draw(net, **settings_of_point)
    right(examine(point, point.gradients()[1]))
    right(examine(point, by_column(point)))


def by_column(point):
    """A function that takes the examples in another order: other sums, other rounding."""

    def gradients(parameters, x, y, noise=None):
        order = np.argsort(x[:, 0])
        drawn = {name: v[order] for name, v in (noise or {}).items()}
        return point.network.cost_and_gradients(parameters, x[order], y[order], point.l2, drawn)[1]

    return gradients


@few
@given(networks, points)
def test_gradients_computed_in_float32_are_right(settings_of_network, settings_of_point):
    net = network(**settings_of_network)
    point = draw(net, **settings_of_point)
    single = in_single(net, point.l2)
    noise = [point.noise] if point.noise else []
    diagnosis = examine(point, single(point.parameters, point.x, point.targets, *noise))
    right(diagnosis)
    assert diagnosis.precision == 2.0**-23
    right(examine(point, single))


@pytest.mark.parametrize("batch_norm", [False, True])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_vanishing_gradients_are_right_and_mistakes_in_them_are_seen(activation, batch_norm):
    net = network(activation, [8] * 5, batch_norm=batch_norm)
    point = draw(net, l2=0.0)
    for own in point.parameters.values():
        if "W" in own:
            own["W"][:] *= 1e-3
    point = make_point(net, point.parameters, point.x, point.targets, 0.0)
    if not batch_norm:
        assert np.max(np.abs(point.gradients()[1]["affine_1"]["W"])) < 1e-12
    right(examine(point, point.gradients()[1]))
    right(examine(point, by_column(point)))
    wrong = backward(point, {f"{activation}_5": {"derivative": "one"}})
    assert not examine(point, wrong).ok


@pytest.mark.parametrize("kind", ["relu", "leaky_relu"])
@pytest.mark.parametrize("moved", [False, True])
def test_inputs_on_kinks_are_right_with_our_choice(kind, moved):
    point = draw(network(kind, [6, 6]), moved=moved)
    point.x[:3] = 0.0
    right(examine(point, point.gradients()[1]))
    right(examine(point, as_function(point)))


@pytest.mark.parametrize("single", [False, True])
@pytest.mark.parametrize("value", [0.0, 0.3, 255.0])
def test_constant_features_under_batch_norm_are_right(value, single):
    net = chain(BatchNorm(), Affine(6), BatchNorm(), ReLU(), features=4)
    point = draw(net, n=9)
    point.x[:, 1] = value
    right(examine(point, in_single(net, point.l2) if single else by_column(point)))


def test_examples_that_are_all_alike_are_right():
    net = network(batch_norm=True)
    point = draw(net)
    point.x[:] = point.x[0]
    right(examine(point, point.gradients()[1]))
    right(examine(point, by_column(point)))


@pytest.mark.parametrize("n", [1, 2])
@pytest.mark.parametrize("batch_norm", [False, True])
def test_the_smallest_batches_are_right(n, batch_norm):
    for seed in range(5):
        point = draw(network("relu", batch_norm=batch_norm), seed, n=n)
        right(examine(point, point.gradients()[1]))
        right(examine(point, as_function(point)))


def test_units_that_no_example_reaches_are_right():
    point = draw(network("relu"), l2=0.0)
    point.parameters["affine_2"]["b"][:] = -100.0
    diagnosis = examine(point, point.gradients()[1])
    right(diagnosis)
    assert diagnosis.block("affine_1", "W").error == 0.0


def test_saturated_softmax_is_right():
    net = network(initial=Normal(20.0))
    point = draw(net)
    right(examine(point, point.gradients()[1]))


def test_a_bias_in_front_of_a_batch_norm_is_zero_by_construction_whatever_rounding_leaves():
    point = draw(network(batch_norm=True))
    verdicts = {b.name: b.verdict for b in examine(point, by_column(point)).blocks}
    assert {name for name, verdict in verdicts.items() if verdict == "zero by construction"} == {
        "affine_1.b",
        "affine_2.b",
        "affine_3.b",
    }
    came = point.gradients()[1]
    came["affine_1"]["b"][:] = 1e-3  # what ought to be zero, and is not
    diagnosis = examine(point, came)
    assert not diagnosis.ok
    assert diagnosis.block("affine_1", "b").verdict == "WRONG"


def test_a_network_that_begins_with_a_batch_norm_or_an_activation_is_right():
    for net in (chain(BatchNorm(), Tanh(), Affine(3)), chain(Tanh()), chain(ReLU(), BatchNorm())):
        point = draw(net)
        right(examine(point, by_column(point)))


def test_a_small_error_in_one_entry_is_not_excused_by_rounding():
    point = draw(network())
    for factor in (1 + 1e-6, 1 + 1e-8):
        came = point.gradients()[1]
        k = np.unravel_index(np.argmax(np.abs(came["affine_1"]["W"])), came["affine_1"]["W"].shape)
        came["affine_1"]["W"][k] *= factor
        diagnosis = examine(point, came)
        assert [block.name for block in diagnosis.wrong] == ["affine_1.W"]
        assert diagnosis.block("affine_1", "W").worst_index == k
        assert diagnosis.block("affine_1", "W").error == pytest.approx(factor - 1, rel=1e-3)


def test_the_same_error_in_float32_is_rounding():
    point = draw(network())
    came = {n: {k: v.astype(np.float32) for k, v in own.items()} for n, own in point.gradients()[1].items()}
    came["affine_1"]["W"][0, 0] *= np.float32(1 + 1e-6)
    right(examine(point, came))
    came["affine_1"]["W"][0] *= np.float32(1.01)
    assert [block.name for block in examine(point, came).wrong] == ["affine_1.W"]


def test_soft_targets_are_taken_as_they_are():
    for loss in ("sigmoid_cross_entropy", "squared_error"):
        point = draw(network(loss=loss))
        point.targets[:] = np.random.default_rng(3).random((len(point.x), CLASSES))
        right(examine(point, by_column(point)))

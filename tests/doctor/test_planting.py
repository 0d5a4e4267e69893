"""The backward pass that mistakes are planted in: right without them, changed by each of them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planted import (
    ACTIVATIONS,
    CLASSES,
    KINDS,
    LOSSES,
    as_function,
    backward,
    chain,
    differ,
    draw,
    draw_state,
    hidden,
    made_for,
    network,
    planted_at,
    put_on_corners,
    sites,
)
from shoal.doctor.catalogue import BY_KIND, CATALOGUE, OF_THE_WHOLE, plant
from shoal.doctor.layer_at_point import sites_of
from shoal.layers import Affine, BatchNorm, Dropout, Flatten, ReLU, Tanh
from shoal.network import Network

ROUNDING = 1e-13
VISIBLE = 1e-8
sizes = st.integers(1, 9)
seeds = st.integers(0, 2**32 - 1)
many = settings(max_examples=20, deadline=None, derandomize=True)


def make(kind, width, rate, epsilon):
    others = {
        "affine": lambda: Affine(width),
        "batch_norm": lambda: BatchNorm(epsilon=epsilon),
        "dropout": lambda: Dropout(rate),
    }
    return others[kind]() if kind in others else ACTIVATIONS[kind]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in LOSSES])
@many
@given(st.integers(2, 9), sizes, sizes, st.floats(0, 0.9), st.floats(1e-8, 1.0), seeds)
def test_without_a_mistake_a_layer_is_its_own_backward(kind, n, features, width, rate, epsilon, seed):
    layer = make(kind, width, rate, epsilon)
    point = draw(chain(layer, features=features), seed, n=n)
    site = sites_of(point, {})[0]
    dy = np.random.default_rng(seed).normal(size=site.y.shape)
    dx, gradients = layer.backward(site.own, site.saved, dy)
    planted_dx, planted = plant(site, dy, {})
    np.testing.assert_allclose(planted_dx, dx, rtol=1e-12, atol=ROUNDING * np.max(np.abs(dx)))
    assert planted.keys() == gradients.keys()
    for key, value in gradients.items():
        right = value + (2 * point.l2 * site.own["W"] if key == "W" else 0)
        np.testing.assert_allclose(planted[key], right, rtol=1e-12, atol=ROUNDING * np.max(np.abs(right)))


@pytest.mark.parametrize("kind", LOSSES)
@many
@given(sizes, st.integers(2, 9), st.floats(0.01, 30.0), st.booleans(), seeds)
def test_without_a_mistake_a_loss_is_its_own_backward(kind, n, classes, spread, soft, seed):
    loss = LOSSES[kind]
    rng = np.random.default_rng(seed)
    point = draw(Network((classes,), (Affine(classes),), loss, classes), seed, n=n)
    point.parameters["affine_1"]["W"][:] *= spread
    if soft and kind != "softmax_cross_entropy":  # these take any targets
        point.targets[:] = rng.random(point.targets.shape)
    _, saved = loss.forward(point.inputs[-1], point.targets)
    right = loss.backward(saved)
    np.testing.assert_allclose(
        plant(sites_of(point, {})[-1], None, {})[0], right, rtol=1e-12, atol=ROUNDING * np.max(np.abs(right))
    )


@many
@given(
    st.sampled_from(sorted(ACTIVATIONS)),
    st.sampled_from(sorted(LOSSES)),
    st.lists(sizes, max_size=5),
    st.booleans(),
    st.sampled_from(["before", "after"]),
    st.sampled_from([None, 0.0, 0.4]),
    st.sampled_from([None, 0.2]),
    st.integers(2, 12),
    st.sampled_from([0.0, 0.03]),
    seeds,
)
def test_the_whole_backward_is_the_networks(
    activation, loss, hidden, batch_norm, position, dropout, input_dropout, n, l2, seed
):
    net = network(
        activation,
        hidden,
        loss=loss,
        batch_norm=batch_norm,
        batch_norm_position=position,
        dropout=dropout,
        input_dropout=input_dropout,
    )
    point = draw(net, seed, n=n, l2=l2)
    largest = max(float(np.max(np.abs(v))) for own in point.gradients()[1].values() for v in own.values())
    for name, own in point.gradients()[1].items():
        for key, right in own.items():
            np.testing.assert_allclose(
                backward(point)[name][key], right, rtol=1e-8, atol=1e-12 * largest, err_msg=f"{name}.{key}"
            )


def test_images_and_flattening_are_passed_too():
    layers = (BatchNorm(), Tanh(), Dropout(0.3), Flatten(), Affine(5), ReLU(), Affine(CLASSES))
    point = draw(Network((3, 2, 4), layers, LOSSES["softmax_cross_entropy"], CLASSES))
    assert differ(backward(point), point.gradients()[1]) < 1e-12


def test_a_function_is_its_arrays():
    point = draw(network("relu", dropout=0.3))
    slips = {"relu_2": {"derivative": "one"}}
    came = as_function(point, slips)(point.parameters, point.x, point.targets, point.noise)
    assert differ(came, backward(point, slips)) == 0.0
    assert differ(came, backward(point)) > VISIBLE


@pytest.mark.parametrize("dropout", [None, 0.3])
@pytest.mark.parametrize("batch_norm", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_each_way_of_each_mistake_changes_a_number_unless_nothing_can_show_it(kind, batch_norm, dropout):
    net = made_for(kind, batch_norm, dropout)
    point, state = draw(net), draw_state(net)
    true = backward(point, state=state)
    assert bool(sites(point, kind)) == exists(kind, batch_norm, dropout)
    for site in sites(point, kind, state):
        for mistake, way in planted_at(BY_KIND[kind], site):
            changed = differ(backward(point, {site.name: way.options}, state), true)
            said = f"{mistake.name} at {site.name}: {dict(way.options)}"
            assert (changed > VISIBLE) != hidden(site, way), said


def exists(kind, batch_norm, dropout):
    return {"batch_norm": batch_norm, "dropout": bool(dropout)}.get(kind, True)


@pytest.mark.parametrize("kind", ["relu", "leaky_relu"])
def test_another_derivative_at_zero_shows_on_a_corner_alone(kind):
    point = draw(network(kind))
    put_on_corners(point)
    (mistake,) = (m for m in BY_KIND[kind] if m.harmless)
    true = backward(point)
    *below, last = sites(point, kind)
    for way in mistake.ways(last):
        assert differ(backward(point, {last.name: way.options}), true) > VISIBLE
    handed_on = kind == "leaky_relu"  # the units behind are at 0 too: a ReLU hands nothing on there
    for site in below:
        for way in mistake.ways(site):
            assert (differ(backward(point, {site.name: way.options}), true) > 0) == handed_on


def test_gamma_hides_where_it_is_one():
    start, moved = (draw(network(batch_norm=True), moved=m) for m in (False, True))
    for power in (0, 2):
        slips = {"batch_norm_2": {"gamma": power}}
        assert differ(backward(start, slips), backward(start)) == 0.0
        assert differ(backward(moved, slips), backward(moved)) > VISIBLE


def test_every_mistake_is_made_somewhere_in_the_square_networks():
    made = set()
    for kind in KINDS:
        point = draw(made_for(kind, True, 0.3))
        made |= {m.name for site in sites(point, kind) for m, _ in planted_at(BY_KIND[kind], site)}
    assert made == {mistake.name for kind in KINDS for mistake in BY_KIND[kind]}
    assert made | {m.name for m in OF_THE_WHOLE} <= set(CATALOGUE)


def test_what_needs_a_square_layer_is_not_planted_in_another():
    point = draw(network(hidden=(6, 4, 3)))
    names = {m.name for site in sites(point, "affine") for m, _ in planted_at(BY_KIND["affine"], site)}
    assert not names & {
        "weights-not-transposed",
        "weights-missing",
        "gradient-transposed",
        "input-of-network",
    }
    assert {"bias-mean", "input-before-activation", "l2-halved"} <= names

"""One mistake at a time: detected, located and named, whatever the network around it."""

from itertools import product

import numpy as np
import pytest

from planted import (
    ACTIVATIONS,
    CLASSES,
    EXAMPLES,
    KINDS,
    L2,
    LOSSES,
    as_function,
    backward,
    draw,
    draw_state,
    examine,
    hidden,
    made_for,
    names,
    network,
    only,
    put_on_corners,
    sites,
)
from shoal.doctor.catalogue import BY_KIND
from shoal.gradients.networks.structure import zero_by_construction

EVERY = [
    pytest.param(kind, mistake, id=f"{kind}: {mistake.name}")
    for kind in KINDS
    for mistake in BY_KIND[kind]
    if not mistake.harmless
]


def settings_for(kind):
    """Networks that have such a layer: (activation, batch norm, dropout)."""
    activations = [kind] if kind in ACTIVATIONS else ACTIVATIONS
    norms = [True] if kind == "batch_norm" else [False, True]
    rates = [0.3] if kind == "dropout" else [None, 0.3]
    return list(product(activations, norms, rates))


def plant_in(found, mistake, k):
    """Way number k, at those of the `found` layers where it exists and can show."""
    chosen = {}
    for site in found:
        ways = mistake.ways(site)
        if ways and not hidden(site, way := ways[k % len(ways)]):
            chosen[site.name] = way
    return chosen


@pytest.mark.parametrize("everywhere", [False, True], ids=["one layer", "all layers"])
@pytest.mark.parametrize(("kind", "mistake"), EVERY)
def test_a_mistake_is_detected_located_and_named(kind, mistake, everywhere):
    planted, surroundings = 0, settings_for(kind)
    middle = sites(draw(made_for(kind, True, 0.3)), kind)[1:2] or sites(draw(made_for(kind, True, 0.3)), kind)
    for k in range(max(len(surroundings) // 2, len(mistake.ways(middle[0])))):
        activation, norm, dropout = surroundings[(3 * k + everywhere) % len(surroundings)]
        net = made_for(kind, norm, dropout, activation)
        point, state = draw(net, k), draw_state(net)
        found = sites(point, kind, state)
        chosen = plant_in(found if everywhere else found[len(found) // 2 :][:1], mistake, k)
        slips = {name: way.options for name, way in chosen.items()}
        if not slips or divides_as_the_loss_does(mistake, norm, chosen):
            continue
        planted += 1
        zero = zero_by_construction(net)  # nothing can tell whether b there is divided once more
        as_arrays = k // 2 % 2 == 0
        came = backward(point, slips, state) if as_arrays else as_function(point, slips, state)
        diagnosis = examine(point, came, state=state)
        assert not diagnosis.ok
        cause = only(diagnosis)
        assert mistake.name in names(cause), str(diagnosis)
        planted_in = {(name, part) for name, way in chosen.items() for part in way.parts}
        assert set(cause.where) - zero == planted_in - zero
        assert cause.agreement < 1e-6
    assert planted


def divides_as_the_loss_does(mistake, norm, chosen):
    """1/N once more, or once less, in each layer of a network of nothing but those is 1/N in the loss."""
    everywhere = len(chosen) == 4 and all(set(way.parts) == {"W", "b"} for way in chosen.values())
    return mistake.name.startswith("one-over-n") and everywhere and not norm


@pytest.mark.parametrize("name", ["one-over-n-twice", "one-over-n-missing"])
def test_a_count_wrong_in_every_layer_is_one_in_the_loss(name):
    over = {"one-over-n-twice": "N", "one-over-n-missing": "1/N"}[name]
    point = draw(network())
    slips = {site.name: {"W_over": over, "b_over": over} for site in sites(point, "affine")}
    cause = only(examine(point, backward(point, slips)))
    assert (cause.mistake.name, cause.where) == (name, (("softmax_cross_entropy", "dscores"),))


@pytest.mark.parametrize(("batch_norm", "dropout"), list(product([False, True], [None, 0.3])))
def test_all_gradients_negated(batch_norm, dropout):
    point = draw(network(batch_norm=batch_norm, dropout=dropout))
    came = {name: {key: -v for key, v in own.items()} for name, own in backward(point).items()}
    cause = only(examine(point, came))
    assert (cause.mistake.name, cause.where) == ("sign-flipped", (("network", "gradients"),))


def test_without_l2_a_negated_loss_is_a_negated_gradient():
    point = draw(network(), l2=0.0)
    came = {name: {key: -v for key, v in own.items()} for name, own in backward(point).items()}
    assert only(examine(point, came)).mistake.name == "sign-flipped"


@pytest.mark.parametrize(("keys", "activation"), list(product([("W", "b"), ("W",), ("b",)], ACTIVATIONS)))
def test_two_layers_gradients_exchanged(keys, activation):
    point = draw(network(activation))
    came = backward(point)
    for key in keys:
        one, other = came["affine_1"], came["affine_3"]
        one[key], other[key] = other[key], one[key]
    cause = only(examine(point, came))
    assert cause.mistake.name == "layers-swapped"
    assert set(cause.where) == {(name, key) for name in ("affine_1", "affine_3") for key in keys}


@pytest.mark.parametrize("kept", ["affine_1", "affine_3", "affine_4"])
def test_l2_on_one_layer_only(kept):
    point = draw(network("relu", batch_norm=True))
    lacking = [site.name for site in sites(point, "affine") if site.name != kept]
    cause = only(examine(point, backward(point, {name: {"l2": 0.0} for name in lacking})))
    assert cause.mistake.name == "l2-on-one-layer-only"
    assert kept in cause.note
    assert cause.where == tuple((name, "W") for name in lacking)


def test_l2_on_one_of_two_layers_is_l2_missing_in_the_other():
    point = draw(network(hidden=(5,)))
    cause = only(examine(point, backward(point, {"affine_1": {"l2": 0.0}})))
    assert names(cause) >= {"l2-missing", "l2-on-one-layer-only"}


@pytest.mark.parametrize("key", ["W", "gamma", "beta"])
def test_a_gradient_that_was_never_filled_in(key):
    point = draw(network(batch_norm=True))
    layer = "affine_2" if key == "W" else "batch_norm_2"
    came = backward(point)
    came[layer][key][:] = 0.0
    cause = only(examine(point, came))
    assert (cause.mistake.name, cause.where) == ("gradient-zero", ((layer, key),))


@pytest.mark.parametrize("as_arrays", [False, True])
def test_dropout_switched_off_in_the_forward_pass_too(as_arrays):
    """The network without its dropout has the same layers but for those."""
    point, bare = draw(network(dropout=0.3)), network()

    def gradients(parameters, x, y, noise):
        return bare.cost_and_gradients(parameters, x, y, L2)[1]

    arrays = gradients(point.parameters, point.x, point.targets, point.noise)
    cause = only(examine(point, arrays if as_arrays else gradients))
    assert cause.mistake.name == "dropout-not-applied"
    assert {layer for layer, _ in cause.where} == {"dropout_1", "dropout_2", "dropout_3"}


def test_batch_norm_in_evaluation_mode():
    """Forward with running statistics as well, where only one layer's are known."""
    net = network(batch_norm=True, hidden=(5, 6))
    point, state = draw(net), draw_state(net)
    came = backward_in_evaluation(point, state)
    cause = only(examine(point, came, state=state))
    assert cause.mistake.name == "batch-norm-running-statistics"
    assert {layer for layer, _ in cause.where} == {"batch_norm_1", "batch_norm_2"}


def backward_in_evaluation(point, state):
    """Written out: y = gamma (x - running mean) / sqrt(running variance + epsilon) + beta."""
    p, x, tape = point.parameters, point.x, []
    for i in (1, 2):
        a, s, own = p[f"affine_{i}"], state[f"batch_norm_{i}"], p[f"batch_norm_{i}"]
        inverse = 1 / np.sqrt(s["variance"] + 1e-5)
        xhat = (x @ a["W"] + a["b"] - s["mean"]) * inverse
        y = np.tanh(own["gamma"] * xhat + own["beta"])
        tape.append((x, xhat, inverse, y))
        x = y
    scores = x @ p["affine_3"]["W"] + p["affine_3"]["b"]
    e = np.exp(scores)
    dy = (e / e.sum(axis=1, keepdims=True) - np.eye(CLASSES)[point.targets]) / EXAMPLES
    found = {"affine_3": {"W": x.T @ dy + 2 * L2 * p["affine_3"]["W"], "b": dy.sum(axis=0)}}
    dy = dy @ p["affine_3"]["W"].T
    for i, (x, xhat, inverse, y) in ((2, tape[1]), (1, tape[0])):
        dy = dy * (1 - y * y)
        found[f"batch_norm_{i}"] = {"gamma": (dy * xhat).sum(axis=0), "beta": dy.sum(axis=0)}
        dy = dy * p[f"batch_norm_{i}"]["gamma"] * inverse
        W = p[f"affine_{i}"]["W"]
        found[f"affine_{i}"] = {"W": x.T @ dy + 2 * L2 * W, "b": dy.sum(axis=0)}
        dy = dy @ W.T
    return found


def test_what_lies_in_front_of_a_mistake_is_wrong_because_of_it_and_nothing_behind_is():
    point = draw(network("sigmoid", batch_norm=True))
    norm = only(examine(point, backward(point, {"batch_norm_2": {"variance_path": False}})))
    assert norm.where == (("batch_norm_2", "dx"),)
    assert norm.own == ()
    assert "affine_2.W" in norm.blocks
    assert not [
        b for b in norm.blocks if b.startswith(("affine_3", "affine_4", "batch_norm_2", "batch_norm_3"))
    ]
    slope = only(examine(point, backward(point, {"sigmoid_1": {"derivative": "no slope"}})))
    assert (slope.mistake.name, slope.where) == ("sigmoid-slope-missing", (("sigmoid_1", "dx"),))


@pytest.mark.parametrize("loss", LOSSES)
def test_what_is_wrong_at_the_loss_makes_every_block_wrong(loss):
    point = draw(network(loss=loss))
    diagnosis = examine(point, backward(point, {loss: {"labels": 1}}))
    assert {block.because for block in diagnosis.blocks} == {("labels-shifted",)}
    assert only(diagnosis).own == ()


@pytest.mark.parametrize("kind", ["relu", "leaky_relu"])
def test_another_derivative_at_zero_is_harmless(kind):
    point = draw(network(kind))
    put_on_corners(point)
    for value in (0.5, 1.0) if kind == "relu" else (0.0, 1.0):
        diagnosis = examine(point, backward(point, {s.name: {"at_zero": value} for s in sites(point, kind)}))
        assert diagnosis.ok, str(diagnosis)
        assert [c.mistake.name for c in diagnosis.causes] == [f"{kind.replace('_', '-')}-at-zero"]
        assert diagnosis.causes[0].harmless
        assert "kink" in {block.verdict for block in diagnosis.blocks}
        assert "WRONG" not in {block.verdict for block in diagnosis.blocks}

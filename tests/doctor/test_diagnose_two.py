"""Two and three mistakes at once, and the same one in several places."""

import numpy as np
import pytest

from planted import (
    ACTIVATIONS,
    as_function,
    backward,
    differ,
    draw,
    examine,
    hidden,
    names,
    network,
    only,
    planted_at,
    put_on_corners,
    sites,
)
from shoal.doctor.catalogue import BY_KIND
from shoal.doctor.layer_at_point import sites_of

PAIRS = 36


def draw_pair(seed):
    """A network, and two mistakes of different names at two of its layers (or a layer and the loss)."""
    rng = np.random.default_rng([seed, 5])
    activation = str(rng.choice(sorted(ACTIVATIONS)))
    dropout = 0.3 if rng.random() < 0.3 else None
    point = draw(network(activation, batch_norm=bool(rng.integers(2)), dropout=dropout), seed)
    chosen = {}
    for i in rng.permutation(len(sites_of(point, {}))):
        site = sites_of(point, {})[i]
        ways = [
            (mistake, way)
            for mistake, way in planted_at(BY_KIND[site.kind], site)
            if not mistake.harmless and way.rank == 0 and not hidden(site, way)
        ]
        taken = {mistake.name for mistake, _ in chosen.values()}
        ways = [pair for pair in ways if pair[0].name not in taken]
        if ways and len(chosen) < 2:
            chosen[site.name] = ways[int(rng.integers(len(ways)))]
    return point, chosen


def found_of(diagnosis, chosen):
    """How many of the planted mistakes are named, each at its layer."""
    return sum(
        any(mistake.name in names(c) and layer in {place for place, _ in c.where} for c in diagnosis.causes)
        for layer, (mistake, _) in chosen.items()
    )


def test_of_random_pairs_both_mistakes_are_found():
    both = []
    for seed in range(PAIRS):
        point, chosen = draw_pair(seed)
        slips = {layer: way.options for layer, (_, way) in chosen.items()}
        diagnosis = examine(point, as_function(point, slips))
        assert not diagnosis.ok
        both.append(found_of(diagnosis, chosen) == 2)
    assert np.mean(both) >= 0.9, f"both named in {sum(both)} of {PAIRS}"


TWO = {
    "l2-halved, bias-mean": {"affine_2": {"l2": 1.0}, "affine_4": {"b_over": "N"}},
    "batch-norm-variance-path-missing, one-over-n-missing": {
        "batch_norm_1": {"variance_path": False},
        "softmax_cross_entropy": {"count": "1"},
    },
    "tanh-of-activation, tanh-derivative-missing": {
        "tanh_1": {"derivative": "of y"},
        "tanh_3": {"derivative": "one"},
    },
    "weights-not-transposed, batch-norm-dgamma-mean": {
        "affine_3": {"through": "W"},
        "batch_norm_3": {"dgamma_over": "N"},
    },
    "tanh-square-missing, batch-norm-gamma-missing": {  # with no parameters between them
        "tanh_2": {"derivative": "no square"},
        "batch_norm_2": {"gamma": 0},
    },
}


@pytest.mark.parametrize("as_arrays", [False, True], ids=["function", "arrays"])
@pytest.mark.parametrize("both", TWO)
def test_two_mistakes_are_two_causes(both, as_arrays):
    point, slips = draw(network(batch_norm=True)), TWO[both]
    diagnosis = examine(point, backward(point, slips) if as_arrays else as_function(point, slips))
    assert not diagnosis.unexplained
    found = {c.mistake.name: {layer for layer, _ in c.where} for c in diagnosis.causes}
    assert found == {name: {layer} for name, layer in zip(both.split(", "), slips, strict=True)}


def test_the_mistake_nearest_to_the_loss_comes_first():
    point = draw(network(batch_norm=True))
    slips = {"tanh_3": {"derivative": "one"}, "batch_norm_1": {"mean_path": False}}
    diagnosis = examine(point, backward(point, slips))
    assert [c.mistake.name for c in diagnosis.causes] == [
        "tanh-derivative-missing",
        "batch-norm-mean-path-missing",
    ]
    block = diagnosis.block("affine_1", "W")
    assert block.because == ("tanh-derivative-missing", "batch-norm-mean-path-missing")
    assert diagnosis.block("affine_2", "W").because == ("tanh-derivative-missing",)
    assert diagnosis.block("affine_4", "W").because == ()


@pytest.mark.parametrize("layers", [(1, 2), (1, 3), (2, 3), (1, 2, 3)])
@pytest.mark.parametrize(
    ("kind", "options", "name"),
    [
        ("tanh", {"derivative": "one"}, "tanh-derivative-missing"),
        ("batch_norm", {"variance_path": False}, "batch-norm-variance-path-missing"),
        ("affine", {"l2": 4.0}, "l2-doubled"),
        ("affine", {"W_over": "N"}, "one-over-n-twice"),
        ("dropout", {"mask": False}, "dropout-mask-missing"),
    ],
)
def test_the_same_mistake_at_several_layers_is_one_cause(kind, options, name, layers):
    point = draw(network(batch_norm=True, dropout=0.3))
    places = {f"{kind}_{k}" for k in layers}
    cause = only(examine(point, backward(point, dict.fromkeys(places, options))))
    assert cause.mistake.name == name
    assert {layer for layer, _ in cause.where} == places


def test_three_mistakes():
    point = draw(network(batch_norm=True))
    slips = {
        "tanh_1": {"derivative": "of y"},
        "batch_norm_2": {"variance_path": False},
        "affine_4": {"l2": 1.0},
    }
    diagnosis = examine(point, as_function(point, slips))
    assert {c.mistake.name: c.where[0][0] for c in diagnosis.causes} == {
        "tanh-of-activation": "tanh_1",
        "batch-norm-variance-path-missing": "batch_norm_2",
        "l2-halved": "affine_4",
    }
    assert not diagnosis.unexplained


def test_a_mistake_of_the_whole_beside_one_in_a_layer():
    point = draw(network())
    came = {
        name: {key: -v for key, v in own.items()}
        for name, own in backward(point, {"tanh_2": {"derivative": "one"}}).items()
    }
    diagnosis = examine(point, came)
    assert {c.mistake.name for c in diagnosis.causes} == {"sign-flipped", "tanh-derivative-missing"}


def test_a_harmless_choice_beside_a_mistake_does_not_excuse_it():
    point = draw(network("relu"))
    put_on_corners(point)
    slips = {site.name: {"at_zero": 1.0} for site in sites(point, "relu")}
    diagnosis = examine(point, backward(point, {**slips, "affine_4": {"l2": 0.0}}))
    assert not diagnosis.ok
    assert {c.mistake.name: c.harmless for c in diagnosis.causes} == {
        "relu-at-zero": True,
        "l2-missing": False,
    }
    assert diagnosis.block("affine_4", "W").verdict == "WRONG"
    assert diagnosis.block("affine_3", "b").verdict == "kink"


def test_pairs_are_pairs():
    """Of the random pairs, each mistake changes what the other one alone would give."""
    for seed in range(0, PAIRS, 6):
        point, chosen = draw_pair(seed)
        slips = {layer: way.options for layer, (_, way) in chosen.items()}
        assert len(slips) == 2
        for layer in slips:
            alone = {layer: slips[layer]}
            assert differ(backward(point, slips), backward(point, alone)) > 1e-8

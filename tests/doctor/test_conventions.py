"""A loss that is the network's cost in another convention is recognized, and its gradients brought back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from shoal.doctor.submissions.explain import explain
from shoal.gradients import Point, draw_point
from shoal.layers import (
    BatchNorm,
    HeNormal,
    Loss,
    ReLU,
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
    SquaredError,
)
from shoal.network import compose

L2 = 0.01
Cost = Callable[[Point], float]


@cache
def points(*, squared: bool = False, batch_norm: bool = True) -> tuple[Point, ...]:
    network = compose(
        (4,),
        3,
        hidden=[5, 4],
        activation=ReLU(),
        batch_norm=BatchNorm() if batch_norm else None,
        initial=HeNormal(),
        loss=SquaredError() if squared else SoftmaxCrossEntropy(),
    )
    found = []
    for seed, n in enumerate((12, 12, 19, 6)):
        rng = np.random.default_rng(seed)
        x, labels = rng.standard_normal((n, 4)), rng.integers(0, 3, n)
        found.append(draw_point(network, x, network.loss.targets_from_labels(labels, 3, x), L2, seed))
    return tuple(found)


def squares(point: Point, key: str = "W") -> float:
    return sum(float(np.sum(own[key] ** 2)) for own in point.parameters.values() if key in own)


def loss(point: Point) -> float:
    return point.cost - L2 * squares(point)


def with_epsilon(point: Point, epsilon: float, divisor: int = 0) -> float:
    """The cost with another epsilon, and the variance's sum divided by N - `divisor`."""
    x = point.x
    for name, layer in zip(point.network.names, point.network.layers, strict=True):
        own = point.parameters.get(name, {})
        if isinstance(layer, BatchNorm):
            variance = x.var(axis=0, ddof=divisor)
            x = own["gamma"] * (x - x.mean(axis=0)) / np.sqrt(variance + epsilon) + own["beta"]
        else:
            x, _ = layer.forward(own, x)
    return float(point.network.loss.forward(x, point.targets)[0]) + L2 * squares(point)


@pytest.mark.parametrize(
    ("cost", "said", "varies"),
    [
        (lambda p: p.cost, [], False),
        (lambda p: loss(p) + L2 / 2 * squares(p), ["has an L2 cost of l2/2 * sum(W**2)"], False),
        (loss, ["has no L2 cost"], False),
        (lambda p: loss(p) + L2 / 2 / len(p.x) * squares(p), ["has an L2 cost of l2/(2 N)"], True),
        (lambda p: loss(p) + 0.0345 * squares(p), ["has an L2 cost of 0.0345 * sum(W**2)"], False),
        (lambda p: len(p.x) * loss(p) + L2 * squares(p), ["sums over the examples"], True),
        (lambda p: len(p.x) * loss(p), ["sums over the examples", "has no L2 cost"], False),
        (lambda p: with_epsilon(p, 1e-8), ["has an epsilon of 1e-08 in batch norm"], False),
        (lambda p: with_epsilon(p, 0.0), ["has an epsilon of 0 in batch norm"], False),
        (lambda p: with_epsilon(p, 1e-5, 1), ["divides batch norm's variance by N - 1"], True),
        (lambda p: with_epsilon(p, 1e-3, 1), ["has an epsilon of 1e-03"], True),
    ],
)
def test_each_convention_is_recognized(cost: Cost, said: list[str], varies: bool) -> None:
    found = explain(points(), [cost(p) for p in points()])
    assert found.exact
    assert found.apart < 1e-12
    assert found.convention is not None
    assert len(found.convention.said) == len(said)
    assert all(words in sentence for words, sentence in zip(said, found.convention.said, strict=True))
    assert found.convention.varies is varies


@pytest.mark.parametrize(
    ("scale", "said"),
    [
        (lambda n: 0.5, "has a factor 1/2"),
        (lambda n: 1 / 3, "takes the mean over the classes too"),
        (lambda n: n / 2, "sums over the examples and has a factor 1/2"),
    ],
)
def test_squared_errors_come_in_many_scales(scale: Callable[[int], float], said: str) -> None:
    at = points(squared=True)
    found = explain(at, [scale(len(p.x)) * loss(p) + L2 * squares(p) for p in at])
    assert found.convention is not None
    assert found.convention.said[0].startswith(said)
    assert len(found.convention.said) == 1


def test_l2_on_the_biases_is_seen_and_no_network_has_it() -> None:
    found = explain(points(), [p.cost + L2 * squares(p, "b") for p in points()])
    assert found.convention is not None
    assert found.convention.biases


def test_a_loss_that_nothing_explains_says_how_far_off_it_is() -> None:
    found = explain(points(), [p.cost * 1.25 + 0.1 * np.sin(k) for k, p in enumerate(points())])
    assert found.convention is None
    assert 0.1 < found.apart < 0.4


def test_a_small_number_inside_a_logarithm_is_nearly_equal() -> None:
    found = explain(points(), [p.cost * (1 + 3e-8 * k) for k, p in enumerate(points())])
    assert found.convention is not None
    assert found.convention.said == ()
    assert not found.exact


@pytest.mark.parametrize("inside", [1e-8, 1e-5])
@pytest.mark.parametrize("kind", [SoftmaxCrossEntropy, SigmoidCrossEntropy])
def test_a_guard_inside_the_logarithm(kind: type[Loss], inside: float) -> None:
    costs, at = [], []
    for point in points(batch_norm=False):
        labels = np.asarray(point.targets)
        network = replace(point.network, loss=kind())
        s, _ = network.forward(point.parameters, point.x)
        if kind is SoftmaxCrossEntropy:
            p = np.exp(s) / np.exp(s).sum(axis=1, keepdims=True)
            cost = -np.mean(np.log(p[np.arange(len(s)), labels] + inside))
        else:
            t, p = np.eye(3)[labels], 1 / (1 + np.exp(-s))
            cost = -np.sum(t * np.log(p + inside) + (1 - t) * np.log(1 - p + inside)) / len(s)
        costs.append(float(cost) + L2 * squares(point))
        targets = network.loss.targets_from_labels(labels, 3, point.x)
        at.append(replace(point, network=network, targets=targets))
    found = explain(at, costs)
    assert found.convention is not None
    assert found.convention.inside_log == inside
    assert found.convention.said == (f"adds {inside:.0e} inside the logarithm, which is left out here",)
    assert not found.exact  # the gradients are not quite those of the loss without it


def test_float32_is_held_to_what_float32_can_say() -> None:
    for off, exact in ((1e-7, True), (1e-5, False)):
        at = points(batch_norm=False)
        found = explain(at, [p.cost * (1 + off) for p in at], float32=True)
        assert found.convention is not None
        assert found.convention.said == ()
        assert found.exact is exact


@pytest.mark.parametrize("divisor", [0, 1])
def test_gradients_are_brought_back_to_the_network_that_is_seen(divisor: int) -> None:
    """Against central differences of the loss in its own convention."""
    at = points()[0]
    costs = [len(p.x) * (with_epsilon(p, 1e-4, divisor) - L2 * squares(p)) for p in points()]
    convention = explain(points(), costs).convention
    assert convention is not None
    n = len(at.x)
    network, parameters = convention.seen(at.network, at.parameters, n)
    _, expected, *_ = network.cost_and_gradients(
        parameters, at.x, at.targets, convention.l2_seen(n, 3), at.noise
    )
    for layer, key in [
        ("affine_1", "W"),
        ("batch_norm_1", "gamma"),
        ("batch_norm_2", "beta"),
        ("affine_3", "b"),
    ]:
        value = at.parameters[layer][key]
        index = (0,) * value.ndim
        numeric = np.zeros_like(value)
        for step in (1e-5, -1e-5):
            moved = {name: dict(own) for name, own in at.parameters.items()}
            moved[layer][key] = value.copy()
            moved[layer][key][index] += step
            point = replace(at, parameters=moved)
            own = n * (with_epsilon(point, 1e-4, divisor) - L2 * squares(point))
            numeric[index] += own / (2 * step)
        came = convention.brought_back({layer: {key: numeric}}, n, 3)[layer][key][index]
        assert came == pytest.approx(expected[layer][key][index], rel=1e-6)

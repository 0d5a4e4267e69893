"""The suite that measures the gradient doctor: its own backward is right, its mistakes are mistakes."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "benchmarks"))  # a benchmark is run from its own folder

from doctor_suite import score  # noqa: E402
from doctor_suite.case import Case, draw_pair, draw_planted  # noqa: E402
from doctor_suite.catalogue import ENTRIES  # noqa: E402
from doctor_suite.correct import FAMILIES, draw_correct  # noqa: E402
from doctor_suite.draw import draw_point, draw_specimen  # noqa: E402
from doctor_suite.equivalent import reproduces  # noqa: E402
from doctor_suite.forward import cost  # noqa: E402
from doctor_suite.handed import as_arrays, as_function  # noqa: E402
from doctor_suite.peers.problem import problem  # noqa: E402
from doctor_suite.point import Point, differs, gradients_at, rounding  # noqa: E402
from doctor_suite.slip import Slip  # noqa: E402
from doctor_suite.specimen import Specimen, as_shoal  # noqa: E402

STEP = 1e-5


def slope(net: Specimen, point: Point, layer: str, key: str, direction: np.ndarray) -> float:
    """The cost's central difference along a direction in one block."""
    ends = []
    for sign in (1, -1):
        own = point.parameters[layer] | {key: point.parameters[layer][key] + sign * STEP * direction}
        ends.append(cost(net, point.parameters | {layer: own}, point.x, point.y, point.noise))
    return float(ends[0] - ends[1]) / (2 * STEP)


@pytest.mark.parametrize("draw", range(12))
@pytest.mark.parametrize("stepwise", [False, True])
def test_the_backward_pass_is_the_costs_central_difference(draw: int, stepwise: bool) -> None:
    rng = np.random.default_rng([draw, 7])
    smooth = tuple((k, 2.0) for k in rng.choice(["sigmoid", "tanh"], 3))
    net = draw_specimen(rng, hidden=(5, 4, 6), activations=smooth, stepwise=stepwise)
    point = draw_point(net, rng, 9)
    for layer, own in gradients_at(net, point).items():
        for key, g in own.items():
            direction = rng.normal(size=g.shape)
            numeric = slope(net, point, layer, key, direction)
            assert np.sum(g * direction) == pytest.approx(numeric, rel=1e-6, abs=1e-8), (layer, key)


@pytest.mark.parametrize("draw", range(len(FAMILIES) * 3))
def test_the_suite_and_shoal_mean_the_same_network(draw: int) -> None:
    case = draw_correct(draw, 1)
    net, point = case.net, case.point
    shoal = as_shoal(net)
    targets = shoal.loss.targets_from_labels(point.y, net.classes, point.x)
    costs, true, _, _ = shoal.cost_and_gradients(point.parameters, point.x, targets, net.l2, point.noise)
    assert float(costs.cost) == pytest.approx(
        float(cost(net, point.parameters, point.x, point.y, point.noise))
    )
    assert not differs(true, gradients_at(net, point), rounding(net, point), 1e-9), case.describe()


@pytest.mark.parametrize("name", ENTRIES)
def test_each_planted_mistake_changes_the_gradient_where_it_is_made(name: str) -> None:
    case = draw_planted(name, 0, 0)
    true = gradients_at(case.net, case.point)
    assert differs(as_arrays(case), true, rounding(case.net, case.point), 1e-7), case.describe()
    assert all(case.wanted)
    assert draw_planted(name, 0, 0).describe() == case.describe()


def test_a_function_gives_the_arrays_numbers() -> None:
    for name in ("l2-halved", "dropout-mask-missing", "batch-norm-wrong-axis"):
        case = draw_planted(name, 1, 0)
        point = case.point
        noise = [] if point.noise is None else [point.noise]
        came = as_function(case)(point.parameters, point.x, point.y, *noise)
        for layer, own in as_arrays(case).items():
            for key, g in own.items():
                np.testing.assert_array_equal(came[layer][key], g)


def test_code_with_memory_remembers_the_batch_before() -> None:
    for name in ("stale-cache", "accumulated"):
        case = next(c for c in (draw_planted(name, i, 0) for i in range(20)) if c.slips[0].variant != "call")
        if case.slips[0].variant == "activations":
            continue
        point, function = case.point, as_function(case)
        noise = [] if point.noise is None else [point.noise]
        function(point.parameters, *point.previous, *noise)
        came = function(point.parameters, point.x, point.y, *noise)
        assert not differs(came, as_arrays(case), rounding(case.net, point), 1e-12)


def test_a_pair_is_two_mistakes_of_which_none_covers_the_other() -> None:
    for draw in range(5):
        case = draw_pair(draw, 0)
        a, b = case.slips
        noise = rounding(case.net, case.point)
        for alone in (a, b):
            assert differs(as_arrays(case), gradients_at(case.net, case.point, (alone,)), noise, 1e-7)


def test_float32_stays_float32() -> None:
    for draw in range(len(FAMILIES)):
        arrays = as_arrays(draw_correct(draw, 0, np.float32))
        assert {g.dtype for own in arrays.values() for g in own.values()} == {np.dtype("float32")}


def equal(
    claims: list[tuple[str, tuple[str, ...]]], net: Specimen, planted: tuple[Slip, ...], n: int
) -> bool:
    """Whether the claims give the planted mistakes' numbers at one batch of n."""
    rng = np.random.default_rng(3)
    case = Case("", net, draw_point(net, rng, n), (draw_point(net, rng, n + 3),), planted)
    return reproduces(case, [(name, frozenset(layers)) for name, layers in claims], as_arrays=True)


NET = Specimen(4, (5, 5), 3, (("sigmoid", 2.0), ("sigmoid", 2.0)), 1e-3, 0.5, "squared_error", 0.01)
SHALLOW = Specimen(4, (5,), 3, (("tanh", 0.0),), None, None, "softmax_cross_entropy", 0.01)
NORMS, AFFINES = ("batch_norm_1", "batch_norm_2"), ("affine_1", "affine_2", "affine_3")
EQUAL = [
    ([("l2-missing", ("affine_2",))], SHALLOW, (Slip("l2-on-one-layer-only", ("affine_1",)),), 7),
    ([("l2-missing", AFFINES[:2])], NET, (Slip("l2-on-one-layer-only", ("affine_3",)),), 7),
    ([("sigmoid-slope-missing", ("sigmoid_1",))], NET, (Slip("dropout-scale-missing", ("dropout_1",)),), 7),
    (
        [("batch-norm-variance-path-missing", NORMS), ("batch-norm-mean-path-missing", NORMS)],
        NET,
        (Slip("batch-norm-paths-missing", NORMS),),
        7,
    ),
    (
        [("batch-norm-dgamma-mean", NORMS), ("batch-norm-dbeta-mean", NORMS), ("one-over-n-twice", AFFINES)],
        NET,
        (Slip("one-over-n-twice", ("squared_error",), "dscores"),),
        7,
    ),
    (
        [("sign-flipped", ("squared_error",)), ("l2-wrong-sign", AFFINES)],
        NET,
        (Slip("sign-flipped", ("network",), "everything"),),
        7,
    ),
    ([("l2-divided-by-n", AFFINES)], NET, (Slip("l2-halved", AFFINES),), 2),
    ([("one-over-n-twice", ("squared_error",))], NET, (Slip("loss-factor-missing", ("squared_error",)),), 2),
    (
        [("one-over-n-wrong-count", ("squared_error",))],
        NET,
        (Slip("loss-factor-missing", ("squared_error",)),),
        16,
    ),
    (
        [("one-over-n-wrong-count", ("squared_error",))],
        NET,
        (Slip("one-over-n-missing", ("squared_error",)),),
        2,
    ),
    (
        [("one-over-n-wrong-count", ("squared_error",))],
        NET,
        (Slip("one-over-n-twice", ("squared_error",), "dscores"),),
        10,
    ),
]


@pytest.mark.parametrize(("claims", "net", "planted", "n"), EQUAL)
def test_mistakes_that_give_the_same_numbers_count_as_one(
    claims: list[tuple[str, tuple[str, ...]]], net: Specimen, planted: tuple[Slip, ...], n: int
) -> None:
    assert equal(claims, net, planted, n)
    assert not equal([("bias-missing", ("affine_3",))], net, planted, n)


def said(monkeypatch: pytest.MonkeyPatch, *causes: tuple[str, tuple[tuple[str, str], ...]]) -> None:
    """From here on every diagnosis names these mistakes at these places."""
    found = [
        SimpleNamespace(mistake=SimpleNamespace(name=name), where=where, equivalents=(), harmless=False)
        for name, where in causes
    ]
    diagnosis = SimpleNamespace(ok=not found, causes=found, unexplained=())
    monkeypatch.setattr(score, "diagnose", lambda case, handed: diagnosis)


def test_only_a_right_diagnosis_scores(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    slips = (Slip("l2-on-one-layer-only", ("affine_1",)),)
    wanted = (((("affine_1", ("W",)),), (("affine_2", ("W",)),)),)
    case = Case("", SHALLOW, draw_point(SHALLOW, rng, 5), (), slips, wanted)

    said(monkeypatch, ("l2-on-one-layer-only", (("affine_1", "W"),)))
    right = score.examine(case, "arrays")
    assert (right.detected, right.located, right.named, right.extra) == (True, [True], [True], 0)

    said(monkeypatch, ("l2-missing", (("affine_2", "W"),)))
    same = score.examine(case, "arrays")
    assert same.equal
    assert same.named == [True]

    said(monkeypatch, ("l2-halved", (("affine_2", "W"),)), ("bias-mean", (("affine_1", "b"),)))
    wrong = score.examine(case, "arrays")
    assert (wrong.detected, wrong.located, wrong.named, wrong.extra) == (True, [True], [False], 1)

    said(monkeypatch)
    assert not score.examine(case, "arrays").detected


def test_peers_get_the_same_cost_and_gradients() -> None:
    case = draw_planted("bias-mean", 0, 0)
    given = problem(case)
    arrays = given.unflatten(given.flat())
    point = case.point
    assert given.cost(arrays) == cost(case.net, point.parameters, point.x, point.y, point.noise)
    for (layer, key), g in zip(given.blocks, given.gradients(arrays), strict=True):
        np.testing.assert_array_equal(g, as_arrays(case)[layer][key])

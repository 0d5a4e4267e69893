"""What the doctor asks a function for, what it notices in its manners, and what it refuses."""

import numpy as np
import pytest
from planted import CLASSES, L2, as_function, backward, draw, examine, network, only

from shoal.errors import GradientError, NetworkError, ShoalError
from shoal.gradients import diagnose


@pytest.fixture
def point():
    return draw(network())


def copied(gradients):
    return {name: {key: v.copy() for key, v in own.items()} for name, own in gradients.items()}


class Accumulating:
    """Adds to what it has, as code does that never sets its gradients to zero."""

    def __init__(self, point, slips=None):
        self.right, self.total = as_function(point, slips), None

    def __call__(self, *arguments):
        came = self.right(*arguments)
        before = self.total or {n: {k: 0 * v for k, v in own.items()} for n, own in came.items()}
        self.total = {n: {k: v + before[n][k] for k, v in own.items()} for n, own in came.items()}
        return copied(self.total)


class Stale:
    """Answers with what the call before asked for."""

    def __init__(self, point, slips=None):
        self.right, self.last = as_function(point, slips), None

    def __call__(self, *arguments):
        asked = self.last or arguments
        self.last = arguments
        return self.right(*asked)


def test_gradients_that_accumulate(point):
    cause = only(examine(point, Accumulating(point)))
    assert (cause.mistake.name, cause.where) == ("accumulated", (("network", "gradients"),))


def test_a_stale_cache(point):
    diagnosis = examine(point, Stale(point))
    assert not diagnosis.ok
    assert only(diagnosis).mistake.name == "stale-cache"


@pytest.mark.parametrize("function", [Accumulating, Stale])
def test_a_mistake_beside_a_memory_is_found_too(point, function):
    diagnosis = examine(point, function(point, {"tanh_2": {"derivative": "one"}}))
    memory = {Accumulating: "accumulated", Stale: "stale-cache"}[function]
    assert {c.mistake.name for c in diagnosis.causes} == {memory, "tanh-derivative-missing"}


def test_arrays_of_the_batch_before_are_a_stale_cache(point):
    before = draw(network(), 5)
    came = as_function(point)(point.parameters, before.x, before.targets)
    previous = (before.x, before.targets)
    cause = only(examine(point, came, previous=previous))
    assert (cause.mistake.name, cause.where) == ("stale-cache", (("network", "gradients"),))
    assert "stale-cache" not in {c.mistake.name for c in examine(point, came).causes}


def test_arrays_with_those_of_the_batch_before_added_are_accumulated(point):
    before = draw(network(), 5)
    right = as_function(point)
    one, other = right(point.parameters, before.x, before.targets), backward(point)
    came = {n: {k: v + other[n][k] for k, v in own.items()} for n, own in one.items()}
    assert only(examine(point, came, previous=(before.x, before.targets))).mistake.name == "accumulated"


@pytest.mark.parametrize("times", [2, 3])
def test_arrays_of_several_calls_on_one_batch_are_accumulated(point, times):
    came = {n: {k: times * v for k, v in own.items()} for n, own in backward(point).items()}
    cause = only(examine(point, came))
    assert (cause.mistake.name, cause.note) == ("accumulated", f"{times} times")


def test_right_arrays_stay_right_whatever_came_before(point):
    before = draw(network(), 5)
    assert examine(point, backward(point), previous=(before.x, before.targets)).ok


def test_random_gradients_are_refused(point):
    rng, right = np.random.default_rng(0), as_function(point)

    def gradients(*arguments):
        return {
            n: {k: v * rng.normal(1, 0.1) for k, v in own.items()} for n, own in right(*arguments).items()
        }

    with pytest.raises(GradientError, match=r"random.*other numbers at the second call; expected the same"):
        examine(point, gradients)


def test_a_function_that_draws_its_own_dropout_is_refused():
    point, rng = draw(network(dropout=0.4)), np.random.default_rng(0)
    right = as_function(point)

    def gradients(parameters, x, y, noise):
        return right(parameters, x, y, {name: rng.random(v.shape) for name, v in noise.items()})

    with pytest.raises(GradientError, match="random") as raised:
        examine(point, gradients)
    assert "Take dropout masks" in raised.value.remedy


def test_rounding_between_two_calls_is_not_random(point):
    rng, right = np.random.default_rng(0), as_function(point)

    def gradients(*arguments):
        came = right(*arguments)
        return {n: {k: v * (1 + 1e-14 * rng.normal()) for k, v in own.items()} for n, own in came.items()}

    assert examine(point, gradients).ok


def test_a_function_is_asked_at_other_batches_too(point):
    """Batches of other sizes with the network's own shapes, and at least one batch twice."""
    asked = []

    def gradients(parameters, x, y):
        asked.append((x.copy(), y.copy()))
        return as_function(point)(parameters, x, y)

    diagnosis = examine(point, gradients)
    assert diagnosis.points > 1
    assert len({len(x) for x, _ in asked}) >= 3
    assert all(len(x) == len(y) and x.shape[1:] == (5,) for x, y in asked)
    assert sum(np.array_equal(x, point.x) for x, _ in asked) >= 2
    assert {y.dtype.kind for _, y in asked} == {"i"}


def test_dropout_noise_comes_as_the_fourth_argument():
    point, seen = draw(network(dropout=0.4)), []

    def gradients(parameters, x, y, noise):
        seen.append({name: v.shape for name, v in noise.items()} == point.network.draw_shapes(len(x)))
        return as_function(point)(parameters, x, y, noise)

    assert examine(point, gradients).ok
    assert seen
    assert all(seen)


@pytest.mark.parametrize("what", ["x", "y", "affine_2.W", "noise"])
def test_a_function_that_changes_its_arguments_gets_copies(what):
    point = draw(network(dropout=0.4))
    right = as_function(point)
    kept = (copied(point.parameters), point.x.copy(), point.targets.copy())
    noise = {name: value.copy() for name, value in point.noise.items()}

    def gradients(parameters, x, y, drawn):
        came = right(parameters, x, y, drawn)
        handed = {"x": x, "y": y, "affine_2.W": parameters["affine_2"]["W"], "noise": drawn["dropout_1"]}
        handed[what][...] = 0
        return came

    diagnosis = examine(point, gradients)
    assert diagnosis.ok
    (remark,) = diagnosis.remarks
    assert "change their arguments" in remark
    assert what in remark
    assert remark in str(diagnosis)
    for key, value in kept[0]["affine_2"].items():
        np.testing.assert_array_equal(point.parameters["affine_2"][key], value)
    np.testing.assert_array_equal(point.x, kept[1])
    np.testing.assert_array_equal(point.targets, kept[2])
    for name, value in noise.items():
        np.testing.assert_array_equal(point.noise[name], value)


def test_a_function_that_changes_nothing_gets_no_remark(point):
    assert examine(point, as_function(point)).remarks == ()


def test_gradients_in_one_array_that_is_used_again(point):
    """The same memory for every answer: each is read before the next call."""
    held, right = copied(backward(point)), as_function(point)

    def gradients(*arguments):
        for name, own in right(*arguments).items():
            for key, value in own.items():
                held[name][key][...] = value
        return held

    assert examine(point, gradients).ok


def says(error, *parts):
    """What came, what was expected, what to do."""
    for part in parts:
        assert part in str(error), str(error)
    assert error.remedy


def spoil(point, change):
    """Gradients as arrays, and a function that returns them, after `change`."""
    came = change(backward(point))
    return [came, lambda parameters, x, y: change(as_function(point)(parameters, x, y))]


def without_block(came):
    del came["affine_3"]["b"]
    return came


def without_layer(came):
    del came["affine_3"]
    return came


def transposed(came):
    came["affine_4"]["W"] = came["affine_4"]["W"].T
    return came


def with_a_none(came):
    came["affine_3"]["W"] = None
    return came


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (without_block, ["No gradient came for b of affine_3", "expected shape (5,)"]),
        (without_layer, ["No gradient came for W of affine_3", "expected shape (5, 5)"]),
        (transposed, ["shape (4, 5) came for W of affine_4", "expected shape (5, 4)"]),
        (with_a_none, ["No gradient came for W of affine_3"]),
    ],
    ids=["block missing", "layer missing", "transposed", "None"],
)
def test_gradients_that_do_not_fit_are_refused(point, change, words):
    for gradients in spoil(point, change):
        with pytest.raises(NetworkError) as raised:
            examine(point, gradients)
        says(raised.value, *words)


@pytest.mark.parametrize("returned", [None, [1.0], np.zeros(3), 2.5], ids=lambda v: type(v).__name__)
def test_a_function_that_returns_something_else_is_refused(point, returned):
    with pytest.raises(GradientError) as raised:
        examine(point, lambda parameters, x, y: returned)
    says(raised.value, f"came as {type(returned).__name__}", "expected the structure of the parameters")


@pytest.mark.parametrize("returned", [[1.0], np.zeros(3)], ids=lambda v: type(v).__name__)
def test_arrays_that_are_something_else_are_refused(point, returned):
    with pytest.raises(GradientError) as raised:
        examine(point, returned)
    says(raised.value, f"came as {type(returned).__name__}", "expected the structure of the parameters")


@pytest.mark.parametrize(
    "returned", [{"affine_1": None}, {"affine_1": np.zeros(3)}, {"affine_1": [1, 2]}], ids=str
)
def test_layers_that_are_no_dictionaries_are_refused(point, returned):
    for gradients in (returned, lambda parameters, x, y: returned):
        with pytest.raises(ShoalError) as raised:
            examine(point, gradients)
        says(raised.value, "affine_1", "came", "expected")


@pytest.mark.parametrize("label", [-1, CLASSES])
def test_labels_out_of_range_are_refused(point, label):
    point.targets[2] = label
    with pytest.raises(GradientError) as raised:
        examine(point, as_function(point))
    says(raised.value, f"{label}", "came; expected 0 to 3", "from 0")


def test_labels_of_another_number_are_refused(point):
    with pytest.raises(GradientError, match=r"6 labels came for 7 examples"):
        diagnose(point.network, L2, point.parameters, point.x, point.targets[:6], backward(point))


def test_a_cost_that_is_no_number_is_refused(point):
    point.x[0, 0] = np.nan
    with pytest.raises(GradientError) as raised:
        examine(point, as_function(point))
    says(raised.value, "The cost is nan", "expected finite numbers", "Look for NaN")


def test_an_infinite_input_behind_a_saturated_layer_is_refused(point):
    point.x[0, 0] = np.inf
    with pytest.raises(GradientError) as raised:
        examine(point, as_function(point))
    says(raised.value, "x holds NaN or infinite numbers", "expected finite numbers")


def test_a_batch_before_that_does_not_fit_is_refused(point):
    with pytest.raises(GradientError, match="6 labels came for 7 examples"):
        examine(point, backward(point), previous=(point.x, point.targets[1:]))


def test_dropout_without_noise_is_refused():
    point = draw(network(dropout=0.4))
    with pytest.raises(NetworkError, match="dropout_1 draws noise and was given none"):
        diagnose(point.network, L2, point.parameters, point.x, point.targets, backward(point))


def test_a_network_that_does_not_fit_is_refused(point):
    with pytest.raises(NetworkError, match=r"(?i)inputs of shape \(7, 4\) came; expected"):
        diagnose(point.network, L2, point.parameters, point.x[:, :4], point.targets, backward(point))


def test_what_the_function_raises_comes_out(point):
    def gradients(parameters, x, y):
        raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        examine(point, gradients)


def test_a_seed_repeats_a_diagnosis(point):
    gradients = as_function(point, {"tanh_2": {"derivative": "of y"}})
    first, second = (examine(point, gradients, seed=3).to_json() for _ in range(2))
    assert {**first, "seconds": 0} == {**second, "seconds": 0}


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda p: {name: own for name, own in p.items() if name != "affine_2"}, "affine_2.W: nothing came"),
        (lambda p: {**p, "affine_2": {**p["affine_2"], "W": p["affine_2"]["W"][:, 1:]}}, "affine_2.W: shape"),
        (lambda p: list(p.values()), "affine_1.W: nothing came"),
    ],
)
def test_parameters_of_another_network_are_listed(spoil, said):
    point = draw(network())
    with pytest.raises(NetworkError, match=said):
        diagnose(point.network, L2, spoil(point.parameters), point.x, point.targets, backward(point))

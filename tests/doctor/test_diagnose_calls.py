"""What the doctor asks a function for, and what it notices in its manners."""

import numpy as np
import pytest

from planted import as_function, backward, draw, examine, network, only
from shoal.errors import GradientError


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


def test_what_the_function_raises_comes_out(point):
    def gradients(parameters, x, y):
        raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        examine(point, gradients)


def test_a_seed_repeats_a_diagnosis(point):
    gradients = as_function(point, {"tanh_2": {"derivative": "of y"}})
    first, second = (examine(point, gradients, seed=3).to_json() for _ in range(2))
    assert {**first, "seconds": 0} == {**second, "seconds": 0}

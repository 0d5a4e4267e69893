"""Gradient descent as a plain loop: the update rule, the generator and what has to be given."""

import numpy as np
import pytest

from shoal.errors import NetworkError
from shoal.layers import BatchNorm, GlorotUniform, HeNormal, Normal, ReLU, SoftmaxCrossEntropy
from shoal.network import by_name, compose, parameter_names
from shoal.training.descent import descend, draw_parameters

X = np.random.default_rng(1).normal(size=(12, 4))
LABELS = np.arange(12) % 3
ORDER = np.random.default_rng(2).integers(0, 12, (5, 6))


def network(**settings):
    return compose(
        (4,),
        3,
        **{
            "hidden": [5],
            "activation": ReLU(),
            "initial": HeNormal(),
            "loss": SoftmaxCrossEntropy(),
            **settings,
        },
    )


def test_one_step_goes_down_the_gradient_of_the_cost():
    net = network()
    start = draw_parameters(net, np.random.default_rng(0))
    (step,) = descend(net, X, LABELS, ORDER[:1], 0.3, l2=0.1, parameters=start)
    batch = X[ORDER[0]], LABELS[ORDER[0]]
    costs, gradients, _, _ = net.cost_and_gradients(start, *batch, 0.1)
    assert step.costs == costs
    for name, gradient in by_name(gradients).items():
        np.testing.assert_array_equal(
            by_name(step.parameters)[name], by_name(start)[name] - 0.3 * gradient, err_msg=name
        )


def test_the_rate_may_be_a_function_of_the_step():
    rates = [
        step.rate for step in descend(network(), X, LABELS, ORDER, lambda t: 1 / (t + 1), generator=rng())
    ]
    assert rates == [1, 1 / 2, 1 / 3, 1 / 4, 1 / 5]


def test_it_learns_and_keeps_running_statistics():
    net = network(batch_norm=BatchNorm())
    steps = list(descend(net, X, LABELS, [np.arange(12)] * 200, 0.5, generator=rng()))
    assert steps[-1].costs.loss < 0.1 * steps[0].costs.loss
    assert not np.allclose(steps[0].state["batch_norm_1"]["mean"], steps[-1].state["batch_norm_1"]["mean"])


def test_parameters_that_were_handed_in_stay_as_they_are():
    start = draw_parameters(network(), rng())
    kept = {name: value.copy() for name, value in by_name(start).items()}
    list(descend(network(), X, LABELS, ORDER, 0.5, parameters=start))
    for name, value in by_name(start).items():
        np.testing.assert_array_equal(value, kept[name])


@pytest.mark.parametrize("make", [np.random.default_rng, np.random.RandomState])
def test_initial_weights_are_the_generator_s_next_numbers_in_the_order_of_the_layers(make):
    drawn = draw_parameters(network(initial=Normal(0.1)), make(7))
    same = make(7)
    np.testing.assert_array_equal(drawn["affine_1"]["W"], 0.1 * same.standard_normal((4, 5)))
    np.testing.assert_array_equal(drawn["affine_2"]["W"], 0.1 * same.standard_normal((5, 3)))
    assert not drawn["affine_1"]["b"].any()


def test_uniform_weights_come_from_the_generator_s_uniform_numbers():
    drawn = draw_parameters(network(hidden=[], initial=GlorotUniform()), rng())
    expected = np.sqrt(6 / 7) * rng().uniform(-1, 1, (4, 3))
    np.testing.assert_allclose(drawn["affine_1"]["W"], expected, rtol=1e-15)


def test_the_same_generator_gives_the_same_training_with_dropout():
    net = network(dropout=0.5)

    def trained(seed):
        *_, last = descend(net, X, LABELS, ORDER, 0.5, generator=np.random.default_rng(seed))
        return np.concatenate([value.ravel() for value in by_name(last.parameters).values()])

    np.testing.assert_array_equal(trained(3), trained(3))
    assert not np.allclose(trained(3), trained(4))


def test_what_must_be_drawn_needs_a_generator():
    with pytest.raises(NetworkError, match="no generator to draw initial weights from"):
        list(descend(network(), X, LABELS, ORDER, 0.1))
    dropping = network(dropout=0.5)
    start = draw_parameters(dropping, rng())
    with pytest.raises(NetworkError, match="no generator to draw the noise of dropout_1 from"):
        list(descend(dropping, X, LABELS, ORDER, 0.1, parameters=start))


def test_parameters_that_do_not_fit_are_listed():
    wrong = {"affine_1": {"W": np.zeros((4, 5))}}
    with pytest.raises(NetworkError, match=r"affine_1\.b: missing") as caught:
        list(descend(network(), X, LABELS, ORDER, 0.1, parameters=wrong))
    assert len(caught.value.what.splitlines()) == len(parameter_names(network()))


def rng() -> np.random.Generator:
    return np.random.default_rng(0)

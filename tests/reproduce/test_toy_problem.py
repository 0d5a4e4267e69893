"""Report 004's toy problem to the last digits: as a plain loop in NumPy, and as a study in float64."""

import numpy as np
import pytest

from shoal.data import Dataset, Part, split
from shoal.gradients.networks.check import check_network
from shoal.layers import Normal, ReLU, SoftmaxCrossEntropy
from shoal.layers.softmax_cross_entropy import softmax
from shoal.network import by_name, compose, given_parameters
from shoal.population.plan import plan_study
from shoal.population.train import train_chunk
from shoal.study.load import load_study
from shoal.training.descent import descend, draw_parameters

SCORES = (0.3644621, 0.22911264, 0.40642526)  # of the first example, softmax included
COST = 1.3037878913298202  # with L2 coefficient 0.05
LAST_COST = 0.017149607938732093  # of the last of 100 batches, with 5e-6
REPORTED_ERRORS = {
    "affine_1.W": 6.257855e-9,
    "affine_1.b": 1.250659e-9,
    "affine_2.W": 3.440708e-9,
    "affine_2.b": 3.86506e-11,
}
NETWORK = compose((4,), 3, hidden=[10], activation=ReLU(), initial=Normal(0.1), loss=SoftmaxCrossEntropy())
X = 10 * np.random.RandomState(1).randn(5, 4)
LABELS = np.array([0, 1, 2, 2, 1])

STUDY = """
question = "Does a study train on given weights and batches alone?"
[data]
standardize = "none"
validation = 0
test = 0
[network]
hidden = [10]
weights = "weights.npz"
[training]
order = "order.npz"
steps = 99
schedule = { kind = "step_decay", rate = 0.1, factor = 0.95, every_steps = 1 }
l2 = 5e-6
precision = "float64"
[vary]
seed = 1
"""


@pytest.fixture
def generator() -> np.random.RandomState:
    """The report's own: it draws the weights first and then every batch."""
    return np.random.RandomState(0)


def cost_at(parameters: dict) -> float:
    return NETWORK.costs(parameters, X, LABELS, 0.05).cost


def test_scores_and_cost_before_training(generator):
    parameters = draw_parameters(NETWORK, generator)
    costs, _, _, scores = NETWORK.cost_and_gradients(parameters, X, LABELS, 0.05)
    np.testing.assert_allclose(softmax(scores)[0], SCORES, rtol=0, atol=1e-7)
    assert costs.cost == pytest.approx(COST, abs=1e-12)


def test_the_last_of_a_hundred_batches_as_a_plain_loop(generator):
    """One generator for weights and batches, which are drawn as they are needed."""
    batches = (generator.choice(5, 200) for _ in range(100))
    *_, last = descend(NETWORK, X, LABELS, batches, lambda t: 0.1 * 0.95**t, l2=5e-6, generator=generator)
    assert last.step == 99
    assert last.costs.cost == pytest.approx(LAST_COST, abs=1e-12)


def test_the_same_as_a_study(generator, tmp_path):
    """The compiled step, on weights and order from files: 99 steps, then the cost of the hundredth batch."""
    parameters = draw_parameters(NETWORK, generator)
    order = np.stack([generator.choice(5, 200) for _ in range(100)])
    data = Dataset("toy", Part(X, LABELS), None, ("a", "b", "c"))
    train = split(data, validation=0, test=0).train
    place = np.array([np.flatnonzero((train.inputs == row).all(axis=1))[0] for row in X])
    np.savez(tmp_path / "weights.npz", **by_name(parameters))
    np.savez(tmp_path / "order.npz", order=place[order])
    (tmp_path / "toy.toml").write_text(STUDY)

    (chunk,) = plan_study(load_study(tmp_path / "toy.toml"), dataset=data).chunks
    weights = {name: value[0, 0] for name, value in train_chunk(chunk).weights.items()}

    *_, last = descend(
        NETWORK, X, LABELS, order[:99], lambda t: 0.1 * 0.95**t, l2=5e-6, parameters=parameters
    )
    for name, value in by_name(last.parameters).items():
        np.testing.assert_allclose(weights[name], value, rtol=0, atol=1e-12, err_msg=name)
    batch = order[99]
    found = NETWORK.costs(given_parameters(NETWORK, weights), X[batch], LABELS[batch], 5e-6)
    assert found.cost == pytest.approx(LAST_COST, abs=1e-12)


def test_the_report_s_table_of_gradient_errors(generator):
    """Central differences with step 1e-5, |a - n| / max(1e-8, |a| + |n|), the largest of each parameter.

    That of W2 is the reported number in every digit; the others are rounding of the same size.
    """
    parameters = draw_parameters(NETWORK, generator)
    _, gradients, _, _ = NETWORK.cost_and_gradients(parameters, X, LABELS, 0.05)
    analytic, errors = by_name(gradients), {}
    for name, value in by_name(parameters).items():
        errors[name] = max(_error(parameters, value, i, analytic[name][i]) for i in np.ndindex(value.shape))
    assert errors.keys() == REPORTED_ERRORS.keys()
    assert errors["affine_2.W"] == pytest.approx(REPORTED_ERRORS["affine_2.W"], abs=1e-12)
    for name, reported in REPORTED_ERRORS.items():
        assert reported / 10 < errors[name] < 10 * reported, name


def test_our_own_table_of_gradient_errors(generator):
    """Differences of several steps and autodiff: smaller by two orders, and every parameter right."""
    parameters = draw_parameters(NETWORK, generator)
    found = check_network(NETWORK, parameters, X, LABELS, 0.05)
    assert found.ok
    assert {f"{block.layer}.{block.parameter}" for block in found.blocks} == REPORTED_ERRORS.keys()
    assert all(block.error_difference < 1e-10 and block.error_autodiff < 1e-12 for block in found.blocks)


def _error(parameters: dict, value: np.ndarray, at: tuple[int, ...], analytic: float) -> float:
    kept, h = value[at], 1e-5
    value[at] = kept + h
    above = cost_at(parameters)
    value[at] = kept - h
    below = cost_at(parameters)
    value[at] = kept
    numeric = (above - below) / (2 * h)
    return abs(analytic - numeric) / max(1e-8, abs(analytic) + abs(numeric))

"""What a network is worth on a whole split, block by block."""

import jax.numpy as jnp
import numpy as np
import pytest

from shoal.layers import BatchNorm, HeNormal, ReLU, SigmoidCrossEntropy, SoftmaxCrossEntropy, SquaredError
from shoal.network import compose
from shoal.training.measure import evaluate_split, population_state
from shoal.training.randomness import initial_noise, seed_key
from shoal.training.splits import DeviceSplit, Standardization, standardize

pytestmark = pytest.mark.usefixtures("float64")

N = 23
LABELS = (
    np.arange(N) % 4
)  # the fourth of five classes is never predicted by chance alone, the fifth never seen
PIXELS = np.random.default_rng(0).integers(0, 256, size=(N, 2, 3, 1), dtype=np.uint8)
X = (PIXELS.astype(float) - 128) / 64


def on_device(dtype=np.float64):
    """The examples as they came, and the scale that makes X of them."""
    scale = Standardization(jnp.full((2, 3, 1), 128, dtype), jnp.full((2, 3, 1), 1 / 64, dtype))
    return DeviceSplit(jnp.asarray(PIXELS), jnp.asarray(LABELS, jnp.int32)), scale


def trained_network(loss=None):
    """A network with numbers in it: weights, and running statistics that are not their defaults."""
    net = compose(
        (2, 3, 1), 5, hidden=[7, 6], activation=ReLU(), batch_norm=BatchNorm(), initial=HeNormal(),
        loss=loss or SoftmaxCrossEntropy(),
    )  # fmt: skip
    parameters = net.initialize(initial_noise(net, seed_key(0), np.float64))
    state = {name: {"mean": own["mean"] + 0.1, "variance": own["variance"] * 2}
             for name, own in net.initial_state(jnp.zeros(())).items()}  # fmt: skip
    return net, parameters, state


@pytest.mark.parametrize(
    ("loss", "block"),
    [
        (SoftmaxCrossEntropy(), 7),
        (SoftmaxCrossEntropy(), 1000),
        (SigmoidCrossEntropy(), 22),
        (SquaredError(), 22),
    ],
    ids=str,
)
def test_evaluation_by_blocks_is_evaluation_at_once(loss, block):
    net, parameters, state = trained_network(loss)
    split, scale = on_device()
    scores = net.evaluate(parameters, state, jnp.asarray(X))
    targets = net.loss.targets_from_labels(split.labels, 5, scores)
    predicted = np.argmax(np.asarray(scores), axis=1)
    confusion = np.zeros((5, 5), int)
    np.add.at(confusion, (LABELS, predicted), 1)

    found = evaluate_split(net, parameters, state, split, scale, block)
    assert float(found["loss"]) == pytest.approx(float(net.loss.forward(scores, targets)[0]), rel=1e-13)
    assert found["accuracy"] == pytest.approx(np.mean(predicted == LABELS), abs=1e-15)
    assert found["confusion"].tolist() == confusion.tolist()


@pytest.mark.parametrize("block", [5, 1000])
def test_population_statistics_are_those_of_the_whole_training_split(block):
    net, parameters, _ = trained_network()
    found = population_state(net, parameters, *on_device(), block)
    expected = net.population_state(parameters, jnp.asarray(X))
    assert found.keys() == expected.keys() == {"batch_norm_1", "batch_norm_2"}
    for name, own in expected.items():
        np.testing.assert_allclose(found[name]["mean"], own["mean"], rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(found[name]["variance"], own["variance"], rtol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_pixels_stay_bytes_until_a_step_makes_numbers_of_the_training_s_dtype(dtype):
    split, scale = on_device(dtype)
    found = standardize(split.inputs, scale)
    assert split.inputs.dtype == np.uint8
    assert found.dtype == dtype
    np.testing.assert_array_equal(found, X)

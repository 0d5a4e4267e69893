"""First products side by side: the numbers of each network's own."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shoal.kernels.wide_product import products, shared_product, weight_gradients, with_handed_product
from shoal.layers import BatchNorm, HeNormal, ReLU, Sigmoid, SoftmaxCrossEntropy, Tanh, l2_gradient
from shoal.network import compose

N, SHAPE, CLASSES, L2 = 7, (2, 3), 3, 0.1
WIDTHS = st.lists(st.integers(1, 12), min_size=1, max_size=3)


def network(hidden, activation, batch_norm=False, dropout=None, input_dropout=None):
    return compose(
        SHAPE, CLASSES, hidden=hidden, activation=activation, batch_norm=BatchNorm() if batch_norm else None,
        dropout=dropout, input_dropout=input_dropout, initial=HeNormal(), loss=SoftmaxCrossEntropy(),
    )  # fmt: skip


def drawn(shapes, rng):
    return {name: rng.uniform(size=shape) for name, shape in shapes.items()}


@settings(deadline=None)
@given(
    hidden=st.lists(WIDTHS, min_size=1, max_size=4),
    activation=st.sampled_from([ReLU(), Tanh(), Sigmoid(2.0)]),
    batch_norm=st.booleans(),
    dropout=st.sampled_from([None, 0.4]),
    seed=st.integers(0, 99),
)
def test_networks_of_any_widths_learn_from_a_batch_what_each_learns_alone(
    hidden, activation, batch_norm, dropout, seed
):
    rng = np.random.default_rng(seed)
    x, labels = rng.normal(size=(N, *SHAPE)), rng.integers(0, CLASSES, N)
    networks = [network(widths, activation, batch_norm, dropout) for widths in hidden]
    parameters = [
        one.initialize(
            {a: {k: rng.normal(size=s) for k, (s, _) in b.items()} for a, b in one.parameter_noise().items()}
        )
        for one in networks
    ]
    noises = [drawn(one.draw_shapes(N), rng) for one in networks]
    flat = x.reshape(N, -1)
    handed = products(flat, [own["affine_1"]["W"][:, None, :] for own in parameters])  # of one member each
    learned = [
        with_handed_product(one).cost_and_gradients(
            {**own, "affine_1": {"P": product[:, 0], "b": own["affine_1"]["b"]}}, x, labels, L2, noise
        )
        for one, own, product, noise in zip(networks, parameters, handed, noises, strict=True)
    ]
    first = weight_gradients(flat, [found[1]["affine_1"].pop("P")[:, None, :] for found in learned])
    for one, own, noise, found, dW in zip(networks, parameters, noises, learned, first, strict=True):
        costs, gradients, _, scores = one.cost_and_gradients(own, x, labels, L2, noise)
        assert found[0].loss == pytest.approx(costs.loss, rel=1e-12)
        np.testing.assert_allclose(found[3], scores, rtol=1e-12, atol=1e-12)
        found[1]["affine_1"]["W"] = dW[:, 0] + l2_gradient(L2, own["affine_1"]["W"])
        assert found[1].keys() == gradients.keys()
        for name, expected in gradients.items():
            for key, value in expected.items():
                np.testing.assert_allclose(found[1][name][key], value, rtol=1e-10, atol=1e-12)


def test_members_of_one_structure_keep_their_places():
    rng = np.random.default_rng(0)
    x, W = rng.normal(size=(5, 4)), [rng.normal(size=(4, m, h)) for m, h in ((2, 3), (1, 6), (3, 1))]
    for product, own in zip(products(x, W), W, strict=True):
        np.testing.assert_allclose(product, np.einsum("nd,dmh->nmh", x, own), atol=1e-12)
    for found, dP in zip(weight_gradients(x, (dPs := products(x, W))), dPs, strict=True):
        np.testing.assert_allclose(found, np.einsum("nd,nmh->dmh", x, dP), atol=1e-12)


def test_a_network_keeps_its_names_and_shapes():
    one = network([4, 2], ReLU(), batch_norm=True, dropout=0.1)
    handed = with_handed_product(one)
    assert (handed.names, handed.shapes) == (one.names, one.shapes)


@pytest.mark.parametrize(
    ("hidden", "input_dropout", "expected"),
    [([4], None, "affine_1"), ([], None, "affine_1"), ([4], 0.1, None)],
)
def test_nothing_but_flatten_stands_between_the_batch_and_a_shared_product(hidden, input_dropout, expected):
    assert shared_product(network(hidden, ReLU(), input_dropout=input_dropout)) == expected

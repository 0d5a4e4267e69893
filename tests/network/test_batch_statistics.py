"""Batch norm's statistics of all training examples, exactly."""

from functools import reduce

import jax
import numpy as np
import pytest

from networks import draw_batch, small_network
from shoal.network import batch_statistics_by_chunks


def assert_same(came, expected):
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12), came, expected)


@pytest.fixture(params=["before", "after"])
def network(request):
    return small_network(batch_norm_position=request.param, dropout=0.4)


def test_each_batch_norm_gets_the_statistics_of_its_own_input(rng, network):
    p, x, *_ = draw_batch(network, rng, n=40)
    state = network.population_state(p, x)
    for name in ("batch_norm_1", "batch_norm_2"):
        own_input = network.evaluate(p, state, x, until=name)
        assert_same(state[name], {"mean": own_input.mean(axis=0), "variance": own_input.var(axis=0)})


def test_evaluating_the_population_equals_training_on_all_of_it(xp, rng):
    network = small_network()
    p, x, *_ = draw_batch(network, rng, n=40)
    evaluated = xp(lambda p, x: network.evaluate(p, network.population_state(p, x), x), p, x)
    assert_same(evaluated, network.forward(p, x)[0])


def test_chunks_of_any_size_give_the_same(xp, rng, network):
    p, x, *_ = draw_batch(network, rng, n=40)
    chunks = [x[:3], x[3:30], x[30:]]

    def by_chunks(p, chunks):
        return batch_statistics_by_chunks(
            network, p, chunks[0], lambda step, start: reduce(step, chunks, start)
        )

    assert_same(xp(by_chunks, p, chunks), network.population_state(p, x))


@pytest.mark.usefixtures("float64")
def test_the_fold_may_be_a_compiled_scan(rng, network):
    p, x, *_ = draw_batch(network, rng, n=40)

    @jax.jit
    def by_scan(p, chunks):
        def fold(step, start):
            return jax.lax.scan(lambda total, x: (step(total, x), None), start, chunks)[0]

        return batch_statistics_by_chunks(network, p, chunks, fold)

    assert_same(by_scan(p, x.reshape(4, 10, 4)), network.population_state(p, x))


def test_a_network_without_batch_norm_has_no_state(rng):
    network = small_network(batch_norm=None)
    p, x, *_ = draw_batch(network, rng)
    assert network.population_state(p, x) == {}

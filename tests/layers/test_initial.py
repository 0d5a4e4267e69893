"""Initial weights: W = scale(fan_in, fan_out) * noise."""

from math import sqrt

import numpy as np
import pytest

from proofs import close
from shoal.errors import NetworkError
from shoal.layers import (
    Affine,
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    LecunNormal,
    LecunUniform,
    Normal,
    Uniform,
)


@pytest.mark.parametrize(
    ("initial", "distribution", "scale"),
    [
        (Normal(0.01), "normal", 0.01),
        (Uniform(0.2), "uniform", 0.2),
        (HeNormal(), "normal", sqrt(2 / 300)),
        (HeUniform(), "uniform", sqrt(6 / 300)),
        (GlorotNormal(), "normal", sqrt(2 / 400)),
        (GlorotUniform(), "uniform", sqrt(6 / 400)),
        (LecunNormal(), "normal", sqrt(1 / 300)),
        (LecunUniform(), "uniform", sqrt(3 / 300)),
    ],
)
def test_scale_from_300_inputs_to_100_units(initial, distribution, scale):
    assert initial.distribution == distribution
    assert initial.scale(300, 100) == pytest.approx(scale, rel=1e-15)


@pytest.mark.parametrize(
    ("normal", "uniform"), [(HeNormal, HeUniform), (GlorotNormal, GlorotUniform), (LecunNormal, LecunUniform)]
)
def test_normal_and_uniform_have_one_variance(normal, uniform):
    assert uniform().scale(7, 5) ** 2 / 3 == pytest.approx(normal().scale(7, 5) ** 2)


@pytest.mark.parametrize("rule", [Normal, Uniform])
def test_sigma_and_bound_may_be_traced(xp, rng, rule):
    noise = rng.normal(size=(3, 2))
    W = xp(
        lambda size, n: Affine(2, rule(size)).initial_parameters((3,), {"W": n}, n)["W"], np.array(0.5), noise
    )
    close(W, 0.5 * noise, 0, 0)


@pytest.mark.parametrize("size", [-1.0, float("inf"), float("nan")])
def test_refuses_a_negative_or_infinite_size(size):
    with pytest.raises(NetworkError, match="sigma"):
        Normal(size)
    with pytest.raises(NetworkError, match="bound"):
        Uniform(size)

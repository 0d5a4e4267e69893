"""Slopes along a line, with an error that can be believed."""

import math

import numpy as np
import pytest

from shoal.gradients.differences import Line, Sample, noise_level, slope


def line_of(f) -> Line:
    return lambda t: Sample(float(f(t)))


def slope_of(f, step: float = 0.05, **options):
    line = line_of(f)
    return slope(line, step, 1e-6 * step, noise_level(line, 1e-12), **options)


@pytest.mark.parametrize(
    ("f", "derivative"),
    [
        (math.exp, 1.0),
        (lambda t: 3 * t**3 - 2 * t + 5, -2.0),
        (lambda t: math.tanh(100 * t), 100.0),
        (lambda t: math.log(2 + math.cos(t + 1)), -math.sin(1) / (2 + math.cos(1))),
        (lambda _: 2.5, 0.0),
    ],
)
def test_slope_of_a_smooth_function(f, derivative):
    found = slope_of(f)
    assert found.value == pytest.approx(derivative, rel=1e-9, abs=1e-12)
    assert not found.corner


def test_the_estimated_error_covers_the_error(rng):
    outside = 0
    for _ in range(300):
        size, frequency, phase, offset = 10 ** rng.uniform([-9, -1, -1, -2], [1, 1.5, 0.5, 1])
        found = slope_of(lambda t, a=size, w=frequency, p=phase, c=offset: c + a * math.sin(w * t + p))
        outside += abs(found.value - size * frequency * math.cos(phase)) > found.error
    assert outside == 0


def test_a_slope_too_small_beside_the_function_is_known_to_be_unknown():
    found = slope_of(lambda t: 2.3 + 1e-18 * t)
    assert abs(found.value - 1e-18) <= found.error
    assert found.error > 1e-16


def test_noise_is_measured_and_not_the_function(rng):
    noisy = noise_level(lambda t: Sample(1 + 5 * t + 1e-9 * float(rng.standard_normal())), 1e-12)
    assert 2e-10 < noisy < 5e-9
    assert noise_level(line_of(lambda t: 1 + 5 * t + t * t), 1e-12) < 1e-15


def test_a_corner_at_the_point_has_two_slopes():
    found = slope_of(lambda t: max(t, 0) + 3 * t + t * t)
    assert found.corner
    assert (found.left, found.right) == pytest.approx((3, 4), rel=1e-6)


@pytest.mark.parametrize("distance", [0.04, 1e-3, 1e-5])
def test_a_corner_nearby_is_not_taken_for_one_at_the_point(distance):
    found = slope_of(lambda t: max(t - distance, 0) + 3 * t)
    assert not found.corner
    assert found.value == pytest.approx(3, rel=1e-8)


@pytest.mark.parametrize("distance", [0.04, 1e-3, 1e-5])
def test_a_step_that_crosses_a_known_corner_is_tried_again_smaller(distance):
    def line(t: float) -> Sample:
        return Sample(max(t - distance, 0) + math.exp(t), bytes([t > distance]))

    found = slope(line, 0.05, 5e-8, noise_level(line, 1e-12))
    assert found.crossings > 0
    assert found.step < distance
    assert found.value == pytest.approx(1, rel=1e-8)


def test_a_known_corner_at_the_point_has_two_slopes():
    def line(t: float) -> Sample:
        return Sample(max(t, 0) + math.exp(t), bytes([t > 0]))

    found = slope(line, 0.05, 5e-8, noise_level(line, 1e-12))
    assert found.corner
    assert (found.left, found.right) == pytest.approx((1, 2), rel=1e-6)


def test_steps_larger_than_the_features_of_the_function_are_not_believed():
    found = slope_of(lambda t: math.tanh(1e12 * t) + t)
    assert found.corner or math.isinf(found.error)


def test_target_sets_how_much_work_is_done():
    counted = []

    def line(t: float) -> Sample:
        counted.append(t)
        return Sample(math.exp(t))

    slope(line, 0.05, 5e-8, 1e-16, target=1e-3)
    few = len(counted)
    slope(line, 0.05, 5e-8, 1e-16, target=1e-12)
    assert len(counted) - few > few
    assert np.isfinite(counted).all()

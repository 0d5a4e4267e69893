"""Complex steps where the code is analytic; a plain reason, and differences, where it is not."""

import numpy as np
import pytest

from functions_to_check import network
from shoal.gradients.functions import check

P = {"w": np.linspace(0.2, 1.4, 5), "v": np.linspace(-1, 1, 4)}


def loss(p):
    return np.sum(np.sin(p["w"])) * np.exp(np.sum(p["v"] ** 2))


def gradients(p):
    e = np.exp(np.sum(p["v"] ** 2))
    return {"w": np.cos(p["w"]) * e, "v": 2 * p["v"] * np.sum(np.sin(p["w"])) * e}


def test_slopes_are_known_to_the_last_digits():
    found = check(loss, gradients, P, complex_step=True)
    assert found.ok
    assert found.method == "complex steps"
    assert all(block.error < 1e-14 for block in found.blocks)


def test_a_whole_network_by_complex_steps():
    sample = network(5, 6, 3)
    with_errors = check(sample.loss, sample.gradients, sample.parameters, complex_step=True)
    assert with_errors.ok
    found = check(sample.loss, sample.wrong(W1=lambda g, p: -g), sample.parameters, complex_step=True)
    assert [finding.name for finding in found.findings] == ["sign-flipped"]


@pytest.mark.parametrize(
    ("unfit", "reason"),
    [
        (lambda p: float(np.real(loss(p))), "imaginary part is dropped"),
        (lambda p: loss({k: v.astype(float) for k, v in p.items()}), "casts complex numbers"),
        (lambda p: loss({k: np.array([float(x) for x in v]) for k, v in p.items()}), "complex"),
        (lambda p: loss({**p, "w": np.conj(p["w"])}), "by central differences"),
    ],
    ids=["drops", "casts", "raises", "not analytic"],
)
@pytest.mark.filterwarnings("ignore::numpy.exceptions.ComplexWarning")
def test_where_the_code_does_not_allow_it_that_is_said_and_differences_are_used(unfit, reason):
    found = check(unfit, gradients, P, complex_step=True)
    assert found.ok
    assert "No complex step for" in found.notes[0]
    assert reason in found.notes[0]
    assert "central differences" in found.method


def test_a_corner_is_recognized_although_a_complex_step_sees_one_side_of_it():
    def corner(p):
        return np.sum(np.maximum(p, 0)) + np.sum(p**2)

    for value in (0.0, 0.4, 1.0):
        assert check(corner, np.array([value, 2.0]), np.array([0.0, 0.5]), complex_step=True).ok
    assert not check(corner, np.array([1.5, 2.0]), np.array([0.0, 0.5]), complex_step=True).ok

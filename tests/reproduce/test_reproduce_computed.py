"""Numbers that no training gives: known values, and mistakes that leave the pattern that a report printed."""

import numpy as np
import pytest

from shoal.gradients import check_point
from shoal.network import by_name
from shoal.reproduce.adapt import Mode
from shoal.reproduce.claims import JUDGES
from shoal.reproduce.computed import COMPUTED
from shoal.reproduce.computed.gradients import central_differences, draw, error, spoilt
from shoal.reproduce.evidence import ReproductionData


@pytest.fixture(scope="module")
def tables():
    return COMPUTED["gradients"](Mode(2, quick=True))


def test_the_toy_problem_comes_out_to_the_last_digit():
    found = COMPUTED["toy"](Mode())
    assert found["toy.cost"][0] == pytest.approx(1.3037878913298202, abs=1e-12)
    assert found["toy.final_training_loss"][0] == pytest.approx(0.01714960793873205, abs=1e-12)
    assert found["toy.W2"][0] == pytest.approx(3.440708e-9, abs=1e-12)


def test_both_softmax_formulas_and_the_sigmoid_s_derivative_are_exact_by_complex_steps():
    found = COMPUTED["derivations"](Mode())
    assert all(found[f"softmax.{name}"].max() < 1e-14 for name in ("jacobian", "gradient", "ours"))
    np.testing.assert_allclose(found["sigmoid.ratio"], 2, rtol=1e-13)


def test_plain_differences_agree_with_the_gradient_check():
    point = draw("2_layer_bn", 0)
    assert check_point(point).ok
    differences, corners = central_differences(point)
    for block, analytic in by_name(point.gradients()[1]).items():
        np.testing.assert_allclose(analytic[~corners[block]], differences[block][~corners[block]], atol=1e-9)


def test_a_backward_pass_without_mistakes_is_the_network_s_own():
    point = draw("3_layer_bn", 1)
    planted = spoilt(point, {})
    for block, analytic in by_name(point.gradients()[1]).items():
        np.testing.assert_allclose(planted[block], analytic, atol=1e-14)


def test_the_error_is_the_mean_of_relative_errors():
    assert error(np.array([1.0, 2.0]), np.array([1.0, 1.0])) == pytest.approx((0 + 1 / 3) / 2)
    assert error(np.array([0.0]), np.array([1e-9])) == pytest.approx(1e-3)


def test_a_path_left_out_spoils_what_is_in_front_of_the_last_batch_norm_and_nothing_behind(tables):
    for block in ("W.0", "W.1", "gamma.0", "beta.0", "b.0", "b.1"):
        assert (tables[f"both paths.3_layer_bn.{block}"] > 0.2).all()
    for block in ("W.2", "b.2", "gamma.1", "beta.1"):
        assert (tables[f"both paths.3_layer_bn.{block}"] < 1e-7).all()
    assert (tables["variance path.3_layer_bn.b.0"] < 1e-3).all()  # still 0: only the mean's path makes it so
    assert tables["smooth.3_layer_bn.W.1"].max() < 1e-7


def test_the_reports_gradient_tables_are_judged_by_them(tables):
    evidence = ReproductionData(Mode(2, quick=True), {}, tables)
    found = JUDGES["wrong_batch_norm"](evidence)
    assert found.word == "holds"
    assert "the path through the batch mean left out" in found.cause
    assert "variance left out" not in found.cause
    assert JUDGES["bias_before_batch_norm"](evidence).word == "holds"
    assert JUDGES["errors_before_batch_norm"](evidence).word == "holds"

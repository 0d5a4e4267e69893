"""Final loss against a factor."""

import numpy as np
import pytest

from shoal.analysis import factors, final_values, level_means
from shoal.report.figures import draw_figures
from shoal.report.figures.axes import axis_label, level_axis
from shoal.report.summary import summarize
from synthetic import make_result


def losses(result):
    return {group.name: group for group in draw_figures(summarize(result))}.get("factor-losses")


def test_level_means_are_means_of_the_members_final_losses():
    result = make_result(("l2",), 3, steps=4)
    (factor,) = factors(result)
    means = level_means(result, factor, "train_loss")
    expected = final_values(result, "train_loss").transpose("l2", "seed").values
    assert [m.mean for m in means] == pytest.approx(expected.mean(axis=1))
    assert all(m.low < m.mean < m.high and m.n == 3 for m in means)


def test_levels_are_averaged_over_the_other_factors():
    result = make_result(("batch_norm", "l2"), 2, steps=2)
    factor = factors(result)[1]
    means = level_means(result, factor, "validation_loss")
    expected = final_values(result, "validation_loss").mean(("batch_norm", "seed"))
    assert [m.mean for m in means] == pytest.approx(list(expected.values))


def test_a_numeric_factor_gets_training_and_validation_loss_with_a_legend():
    (drawn,) = losses(make_result(("l2",), 2, steps=3)).drawings
    assert drawn.title == "Final loss against L2"
    assert [key.text for key in drawn.legend] == ["training", "validation"]
    assert "final loss (nat)" in drawn.svg


def test_a_factor_of_names_gets_none():
    assert losses(make_result(("initial",), 2, steps=3)) is None


def test_levels_whose_networks_all_diverged_are_left_out_and_said_to_be():
    result = make_result(("l2",), 2, steps=3)
    result["diverged"][{"l2": -1}] = True
    (drawn,) = losses(result).drawings
    assert "every network diverged" in drawn.caption


def test_an_axis_of_powers_of_two_says_so():
    result = make_result(("l2",), 2, steps=2)
    (factor,) = factors(result.assign_coords(l2=("l2", 2 ** np.arange(5, 9), result["l2"].attrs)))
    assert axis_label(level_axis(factor)).endswith("(log2 scale)")
    (factor,) = factors(result)
    assert axis_label(level_axis(factor)).endswith("(log scale)")

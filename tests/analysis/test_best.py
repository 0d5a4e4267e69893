import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from shoal.analysis import rank_cells
from synthetic import make_result


def with_finals(accuracies, **more):
    """A result of one factor whose final validation accuracies (cells, seeds) are given."""
    accuracies = np.asarray(accuracies, dtype=np.float32)
    levels = {"l2": [10.0**-i for i in range(len(accuracies))]}
    result = make_result(("l2",), seeds=accuracies.shape[1], levels=levels, **more)
    result["validation_accuracy"].values[:, :, -1] = accuracies
    return result


def test_ranked_by_mean_with_the_lead_paired_by_seed():
    # Seeds differ by 0.1 and move both cells alike: the paired lead is tight although the means are wide.
    ranking = rank_cells(with_finals([[0.3, 0.4, 0.5], [0.511, 0.611, 0.71], [0.5, 0.6, 0.7]], data=""))
    assert ranking.order == (1, 2, 0)
    assert ranking.lead.mean == pytest.approx(0.032 / 3, abs=1e-6)
    assert ranking.lead.low > 0
    assert ranking.more_than_noise
    assert ranking.tied == set()


def test_p_values_are_paired_t_tests_adjusted_by_holm():
    finals = np.random.default_rng(1).normal(0.5, 0.02, size=(3, 6)).astype(np.float32)
    ranking = rank_cells(with_finals(finals, data=""))
    best, *others = ranking.order
    raw = sorted(stats.ttest_rel(finals[best].astype(float), finals[o].astype(float)).pvalue for o in others)
    expected = [min(1, 2 * raw[0]), min(1, max(2 * raw[0], raw[1]))]
    np.testing.assert_allclose(sorted(ranking.p_adjusted[others]), expected, rtol=1e-6)
    assert np.isnan(ranking.p_adjusted[best])


def test_noise_is_called_noise():
    ranking = rank_cells(with_finals([[0.50, 0.52, 0.51], [0.51, 0.50, 0.53], [0.1, 0.1, 0.1]]))
    assert not ranking.more_than_noise
    assert ranking.tied == {0}


def test_one_seed_can_rank_but_not_compare():
    ranking = rank_cells(with_finals([[0.5], [0.6]]))
    assert ranking.best == 1
    assert not ranking.seen_noise
    assert not ranking.more_than_noise
    assert ranking.tied == set()


def test_two_seeds_that_agree_on_one_example_are_a_tie():
    ranking = rank_cells(with_finals([[0.90, 0.90], [0.90 + 1 / 300, 0.90 + 1 / 300]]))
    assert ranking.tied == {0}


def test_a_cell_whose_members_diverged_is_erratic_and_not_tied():
    ranking = rank_cells(make_result(("l2",), seeds=3, diverged=((3, 0), (3, 1))))
    assert ranking.p_adjusted[3] > 0.05  # two at chance and one at work: a t-test cannot tell
    assert ranking.erratic == {3}
    assert 3 not in ranking.tied


def test_a_cell_that_learns_on_one_seed_of_three_is_erratic():
    ranking = rank_cells(with_finals([[0.53, 0.54, 0.54], [0.10, 0.10, 0.44], [0.53, 0.53, 0.54]], data=""))
    assert ranking.p_adjusted[1] > 0.05
    assert ranking.erratic == {1}
    assert len(ranking.tied) == 1


def test_a_cell_whose_mean_is_among_the_seeds_of_the_best_is_tied_however_it_scatters():
    ranking = rank_cells(with_finals([[0.50, 0.54, 0.54], [0.40, 0.56, 0.58]], data=""))
    assert ranking.erratic == set()
    assert len(ranking.tied) == 1


def test_unfinished_cells_are_not_ranked():
    ranking = rank_cells(make_result(("l2",), unfinished=((1, 4), (2, 0))))
    assert set(ranking.order) == {0, 3}


def test_a_single_cell_has_no_rival():
    ranking = rank_cells(make_result(()))
    assert (ranking.best, ranking.next, ranking.lead) == (0, None, None)


def test_nothing_finished():
    everyone = tuple((cell, seed) for cell in range(4) for seed in range(2))
    assert rank_cells(make_result(("l2",), seeds=2, unfinished=everyone)).best is None


def test_a_tie_to_the_last_digit_goes_to_the_cell_that_the_result_names():
    finals = [[0.5, 0.6], [0.6, 0.5], [0.1, 0.2]]
    assert rank_cells(with_finals(finals, best_cell="")).best == 0
    assert rank_cells(with_finals(finals, best_cell=json.dumps({"training.l2": "0.1"}))).best == 1


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(st.floats(0, 1, width=32), min_size=3, max_size=3), min_size=2, max_size=6))
def test_best_has_the_highest_mean_and_every_other_cell_is_tied_or_beaten(finals):
    ranking = rank_cells(with_finals(finals))
    means = np.asarray(finals, dtype=float).mean(axis=1)
    assert means[ranking.best] >= means.max() - 1e-6
    beaten = {c for c in ranking.order[1:] if ranking.p_adjusted[c] < 0.05}
    assert beaten | ranking.tied | ranking.erratic == set(ranking.order[1:])
    assert len(beaten) + len(ranking.tied) + len(ranking.erratic) == len(finals) - 1


def test_the_truly_best_cell_is_hardly_ever_ruled_out():
    random = np.random.default_rng(0)
    ruled_out = 0
    for _ in range(60):
        ranking = rank_cells(with_finals(0.5 + 0.01 * random.normal(size=(8, 4)), steps=2))
        ruled_out += ranking.best != 0 and 0 not in ranking.tied  # all are equal; cell 0 stands for any
    assert ruled_out <= 5

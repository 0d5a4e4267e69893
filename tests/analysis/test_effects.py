import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from shoal.analysis import factor_effects, paired_difference, rank_cells
from synthetic import make_result


def test_paired_difference_by_hand():
    interval = paired_difference([0.5, 0.6, 0.7], [0.4, 0.5, 0.5])
    differences = [0.1, 0.1, 0.2]
    assert interval.mean == pytest.approx(0.4 / 3)
    assert interval.half == pytest.approx(stats.t.ppf(0.975, 2) * stats.sem(differences))


def test_a_pair_with_a_gap_is_left_out():
    assert paired_difference([0.5, 0.6, 0.9], [0.4, 0.5, np.nan]).n == 2


@given(
    arrays(np.float64, (2, 5), elements=st.floats(0, 1)), st.lists(st.floats(-1, 1), min_size=5, max_size=5)
)
def test_what_a_seed_does_to_both_cancels(pair, shift):
    plain, shifted = paired_difference(*pair), paired_difference(pair[0] + shift, pair[1] + shift)
    assert plain.mean == pytest.approx(shifted.mean, abs=1e-9)
    assert plain.half == pytest.approx(shifted.half, abs=1e-7)


def factorial(effect_of_batch_norm, seeds=4):
    """batch_norm x dropout x seed: accuracies are a sum of effects, the seed's own among them."""
    result = make_result(("batch_norm", "dropout"), seeds=seeds, data="")
    final = np.zeros((2, 3, seeds))
    final += np.array([0.0, 0.02, 0.01])[None, :, None] + np.linspace(0.4, 0.5, seeds)
    final[1] += np.asarray(effect_of_batch_norm)
    result["validation_accuracy"].values[..., -1] = final
    return result


def test_a_two_level_effect_is_averaged_over_the_other_factors_and_paired():
    wobble = np.array([0.001, -0.001, 0.002, -0.002])
    batch_norm, _ = factor_effects(factorial(0.03 + wobble))
    assert batch_norm.best == 1
    assert [f.name for f in batch_norm.averaged_over] == ["dropout"]
    assert batch_norm.settings == 3
    difference = batch_norm.against(0)
    expected = paired_difference(0.03 + wobble, np.zeros(4))
    assert difference.interval.mean == pytest.approx(0.03, abs=1e-6)
    assert difference.interval.half == pytest.approx(expected.half, rel=1e-3)
    assert difference.p_adjusted == pytest.approx(stats.ttest_1samp(0.03 + wobble, 0).pvalue, rel=1e-3)
    assert difference.more_than_noise


def test_of_one_factor_the_levels_that_tie_are_the_cells_that_tie():
    result = make_result(("l2",), seeds=3, data="")
    noise = 0.004 * np.random.default_rng(2).standard_normal(result["validation_accuracy"].shape[:2])
    levels = np.linspace(0.5, 0.45, len(noise))[:, None]
    result["validation_accuracy"].values[..., -1] = levels + noise
    (effect,), ranking = factor_effects(result), rank_cells(result)
    assert effect.best == ranking.order[0]
    others = [d.level for d in effect.differences]
    np.testing.assert_allclose([d.p_adjusted for d in effect.differences], ranking.p_adjusted[others])


def test_the_range_of_an_effect_over_the_other_factors_is_told():
    batch_norm, _ = factor_effects(factorial(np.array([[0.0], [0.01], [0.05]])))
    difference = batch_norm.against(0)
    assert (difference.smallest, difference.largest) == pytest.approx((0.0, 0.05), abs=1e-6)


def test_several_levels_get_simultaneous_intervals_and_holm():
    result = make_result(("dropout",), seeds=5, data="", noise=0.01)
    (effect,) = factor_effects(result)
    finals = result["validation_accuracy"].values[..., -1].astype(float)
    level = effect.differences[0].level
    d = finals[effect.best] - finals[level]
    assert effect.against(level).interval.half == pytest.approx(
        stats.t.ppf(1 - 0.0125, 4) * stats.sem(d), rel=1e-4
    )
    with pytest.raises(KeyError):
        effect.against(effect.best)


def test_one_seed_gives_means_and_no_verdict():
    effect = factor_effects(make_result(("l2",), seeds=1))[0]
    assert not effect.means[0].known
    assert effect.tied == ()
    assert not effect.differences[0].more_than_noise


def test_unfinished_settings_are_left_out_at_every_level():
    (batch_norm, _) = factor_effects(make_result(("batch_norm", "dropout"), unfinished=((0, 1), (3, 2))))
    assert (batch_norm.settings, batch_norm.left_out) == (3, 1)
    assert [mean.n for mean in batch_norm.means] == [5, 5]


def test_seeds_with_gaps_are_left_out_where_that_costs_less():
    (batch_norm, dropout) = factor_effects(
        make_result(("batch_norm", "dropout"), unfinished=((0, 1), (4, 2)))
    )
    assert [mean.n for mean in dropout.means] == [3, 3, 3]
    assert (batch_norm.left_out, batch_norm.means[0].n) == (0, 3)


def test_nothing_finished_is_no_effect():
    everyone = tuple((cell, seed) for cell in range(4) for seed in range(2))
    assert factor_effects(make_result(("l2",), seeds=2, unfinished=everyone)) == ()


def test_levels_that_are_not_finished_are_left_out():
    result = make_result(("l2",), unfinished=((3, 1), (3, 4)))
    (effect,) = factor_effects(result)
    assert [mean.n for mean in effect.means] == [5, 5, 5, 0]
    assert {d.level for d in effect.differences} == {0, 1, 2} - {effect.best}

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from shoal.analysis import factors, pair_means
from shoal.analysis.averages import complete_block
from shoal.statistics.intervals import mean_interval
from synthetic import make_result


@given(arrays(np.float64, (3, 3, 4), elements=st.sampled_from([0.5, np.nan])))
def test_a_complete_block_has_no_gap(values):
    block = complete_block(values, least_levels=2)
    assert not np.isnan(block.values).any()
    assert block.values.size == 0 or len(block.values) == len(block.levels) >= 2


def test_what_has_gaps_goes_whichever_way_keeps_most():
    values = np.full((4, 3, 5), 0.5)
    values[1, 2, 0] = np.nan  # a seed has 12 values, a level 15, a setting 20
    assert complete_block(values).values.shape == (4, 3, 4)
    values[1, :, :] = np.nan
    assert complete_block(values).levels.tolist() == [0, 2, 3]


def test_pair_means_average_the_other_factors_within_each_seed():
    result = make_result(("batch_norm", "l2", "dropout"), data="")
    batch_norm, l2, _ = factors(result)
    pair = pair_means(result, l2, batch_norm)
    assert pair.mean.shape == (4, 2)
    assert [f.name for f in pair.averaged_over] == ["dropout"]
    by_seed = result["validation_accuracy"][1, 2, :, :, -1].astype(float).mean("dropout")
    expected = mean_interval(by_seed)
    found = pair.mean[2, 1], pair.low[2, 1], pair.high[2, 1], pair.n[2, 1]
    assert found == pytest.approx((expected.mean, expected.low, expected.high, 5))


def test_pairs_of_a_two_factor_study_show_whatever_is_finished():
    result = make_result(("batch_norm", "l2"), unfinished=((0, 0), (1, 0), (1, 1), (1, 2), (1, 3), (1, 4)))
    pair = pair_means(result, *factors(result))
    assert pair.n.tolist() == [[4, 0, 5, 5], [5, 5, 5, 5]]
    assert np.isnan(pair.mean[0, 1])


def test_settings_with_gaps_are_left_out_of_every_average():
    result = make_result(("batch_norm", "l2", "dropout"), unfinished=tuple((4, seed) for seed in range(5)))
    pair = pair_means(result, *factors(result)[:2])
    assert pair.settings_left_out in (0, 1)
    assert np.isnan(pair.mean).sum() in (0, 1)

"""A zoom: levels, the next box, and when it stops; against a score that is known at every point."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from searches import search_study, trial
from shoal.search.strategy import LOSS
from shoal.search.zoom import ZoomStrategy, all_tied, paired_intervals

PATH = "training.l2"
RATE = "training.learning_rate"


def zoom(over=None, **keys):
    return ZoomStrategy(search_study(over=over or {PATH: {"log": [1e-4, 1.0]}}, **keys).search)


def play(strategy, score, seeds=3, noise=0.0, first=1):
    """Ask and tell once: a score at each point, the same noise for all seeds of a level but for `noise`."""
    rng = np.random.default_rng(first)
    points = strategy.ask()
    trials = [
        trial(
            first + i,
            point,
            score(**{k.split(".")[1]: v for k, v in point.items()}) + noise * rng.normal(size=seeds),
        )
        for i, point in enumerate(points)
    ]
    return trials, strategy.tell(trials)


def peak(l2):
    return 0.9 - 0.1 * (np.log10(l2) + 2) ** 2


SCORES = np.array([[0.5, 0.53, 0.51, 0.55], [0.45, 0.5, 0.5, 0.52], [0.3, 0.31, 0.29, 0.28]])


def test_the_first_levels_span_the_range_evenly_and_later_ones_lie_within():
    strategy = zoom(levels=5, keep=1)
    trials, verdict = play(strategy, peak)
    np.testing.assert_allclose([t.point[PATH] for t in trials], [1e-4, 1e-3, 1e-2, 1e-1, 1.0], rtol=1e-5)
    assert verdict.ranges[PATH] == pytest.approx((1e-3, 1e-1))
    assert verdict.kept == {3}
    assert set(verdict.dropped) == {1, 5}  # those on the edges stay known
    inner = [point[PATH] for point in strategy.ask()]
    np.testing.assert_allclose(inner, np.geomspace(1e-3, 1e-1, 7)[1:-1], rtol=1e-5)


def test_linear_levels_take_equal_steps():
    strategy = zoom({PATH: {"linear": [0.0, 1.0]}}, levels=5)
    assert [point[PATH] for point in strategy.ask()] == [0.0, 0.25, 0.5, 0.75, 1.0]


def test_it_closes_in_on_the_best_by_the_neighbours_of_those_kept():
    strategy = zoom(levels=5, keep=2, rounds=3)
    first = 1
    for _ in range(3):
        trials, verdict = play(strategy, peak, first=first)
        first += len(trials)
    assert strategy.ask() == []
    assert verdict.words == "All 3 rounds are done."
    best = max(strategy.known, key=lambda t: t.merit)
    assert best.point[PATH] == pytest.approx(1e-2, rel=0.1)


def test_the_last_round_says_where_a_further_one_could_not_tell_its_levels_apart():
    strategy = zoom(levels=5, keep=2, rounds=1)
    points = strategy.ask()
    verdict = strategy.tell([trial(i, p, [0.9 + 0.01 * (i % 2), 0.91, 0.9]) for i, p in enumerate(points)])
    assert "All 1 rounds are done. A further one could not tell its levels apart: none of" in verdict.words


def test_two_factors_make_a_grid_and_a_box():
    strategy = zoom({PATH: {"log": [1e-4, 1.0]}, RATE: {"linear": [0.1, 0.5]}}, levels=5, keep=1)
    assert strategy.sizes == (25, 25, 25)
    trials, verdict = play(strategy, lambda l2, learning_rate: peak(l2) - (learning_rate - 0.3) ** 2)
    assert len(trials) == 25
    assert verdict.ranges == {PATH: pytest.approx((1e-3, 1e-1)), RATE: pytest.approx((0.2, 0.4))}


def test_it_stops_where_the_next_levels_could_not_be_told_apart_and_says_so_with_numbers():
    strategy = zoom(levels=5, keep=2)
    _, verdict = play(strategy, lambda l2: 0.5, noise=0.01)
    assert strategy.ask() == []
    assert verdict.words.startswith("Stopped after round 1 of 3.")
    assert "none of the" in verdict.words
    assert "± " in verdict.words
    assert "95 % interval, paired over 3 seeds, simultaneous" in verdict.words


def test_it_goes_on_where_an_edge_of_the_next_box_is_told_from_the_best():
    strategy = zoom(levels=5, keep=1)
    play(strategy, peak, noise=0.001)
    assert strategy.ask()


def test_one_seed_never_stops_it_early():
    strategy = zoom(levels=4, keep=1, rounds=2)
    play(strategy, lambda l2: 0.5, seeds=1)
    assert len(strategy.ask()) == 4


def test_a_diverged_neighbour_is_told_apart_by_that():
    points = [{PATH: 0.1}, {PATH: 0.2}, {PATH: 0.3}]
    fine = [trial(i, point, [0.5, 0.51, 0.49]) for i, point in enumerate(points)]
    assert all_tied(fine[0], fine, fine) is not None
    fine[2] = trial(2, points[2], [0.5, 0.51, 0.49], diverged=1)
    assert all_tied(fine[0], fine, fine) is None


def test_the_best_at_an_end_of_the_range_is_pointed_out():
    _, verdict = play(zoom(levels=4), lambda l2: -l2, noise=1e-4)
    assert f"The best lies at the end of the range of {PATH}: look beyond it." in verdict.words


def test_the_interval_of_one_difference_is_the_plain_paired_one():
    best, other = (trial(i, {PATH: i + 1.0}, own) for i, own in enumerate(SCORES[:2]))
    means, halves = paired_intervals(best, [other], [best, other])
    low, high = stats.ttest_rel(*SCORES[:2]).confidence_interval()
    assert (means[0] - halves[0], means[0] + halves[0]) == pytest.approx((low, high))


def test_intervals_of_more_are_wider_by_tukeys_studentized_range():
    trials = [trial(i, {PATH: i + 1.0}, own) for i, own in enumerate(SCORES)]
    means, halves = paired_intervals(trials[0], trials[1:], trials)
    np.testing.assert_allclose(means, [0.03, 0.2275])
    for half, own in zip(halves, SCORES[1:], strict=True):
        error = np.std(SCORES[0] - own, ddof=1) / 2
        assert half == pytest.approx(5.910 / np.sqrt(2) * error, rel=1e-3)  # q of 3 means, 3 degrees: tables


def test_of_equal_levels_the_luckiest_is_told_from_another_in_five_of_a_hundred_searches():
    rng, apart = np.random.default_rng(5), 0
    for _ in range(400):
        scores = 0.5 + 0.01 * rng.standard_normal((8, 3))
        trials = [trial(i, {PATH: i + 1.0}, own) for i, own in enumerate(scores)]
        best = max(trials, key=lambda t: t.mean)
        apart += all_tied(best, trials, trials) is None
    assert 0.02 <= apart / 400 <= 0.09


def test_of_losses_less_is_better():
    low, high = (trial(i, {PATH: i + 1.0}, own, LOSS) for i, own in enumerate([[0.1, 0.2], [0.9, 1.1]]))
    means, _ = paired_intervals(low, [high], [low, high])
    assert low.merit > high.merit
    assert means[0] == pytest.approx(0.85)


@settings(max_examples=40, deadline=None)
@given(
    centre=st.floats(-3.9, -0.1),
    levels=st.integers(4, 9),
    keep=st.integers(1, 3),
    noise=st.sampled_from([0.0, 1e-4, 1e-2]),
)
def test_boxes_only_shrink_hold_the_best_and_new_levels_lie_within(centre, levels, keep, noise):
    strategy, first, box = zoom(levels=levels, keep=keep, rounds=4), 1, (1e-4, 1.0)
    while points := strategy.ask():
        assert all(box[0] <= point[PATH] <= box[1] for point in points)
        trials, verdict = play(strategy, lambda l2: -((np.log10(l2) - centre) ** 2), noise=noise, first=first)
        first += len(trials)
        if verdict.ranges:
            low, high = verdict.ranges[PATH]
            assert box[0] <= low < high <= box[1]
            best = max(
                (t for t in strategy.known if box[0] <= t.point[PATH] <= box[1]), key=lambda t: t.merit
            )
            assert low <= best.point[PATH] <= high
            box = (low, high)

"""The benchmark of searches: everybody spends the same, and the tables say what was measured."""

import sys
from dataclasses import asdict
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "benchmarks"))  # a benchmark is run from its own folder

from search_tables import as_markdown  # noqa: E402
from search_tasks import BUDGET, Sizes, cost, most_trials, race, strategies, study_of  # noqa: E402
from shoal.search.strategies import strategy_of  # noqa: E402
from shoal.study.load import make_study  # noqa: E402

SIZES = Sizes(steps=16, seeds=2, train=1000, validation=500)


def test_a_halving_begins_with_as_many_trials_as_the_budget_allows():
    assert most_trials(BUDGET) == 160
    assert cost(160) == pytest.approx(BUDGET)  # 160/8 + 80/8 + 40/4 + 20/2
    assert cost(161) > BUDGET


@pytest.mark.parametrize("name", strategies(0))
def test_no_search_may_spend_more_than_the_budget_and_none_much_less(name):
    settings = strategies(3)[name]
    study = make_study(study_of(settings, SIZES, 3))
    strategy = strategy_of(study)
    trials = sum(strategy.sizes)
    strategy.close()
    spent = cost(trials) if name == "halving" else trials
    assert BUDGET - 1 <= spent <= BUDGET
    assert list(study.seeds) == [1006, 1007]


def test_the_race_is_between_the_same_points():
    one, other = (strategy_of(make_study(study_of(s, SIZES, 2))).ask() for s in race(2).values())
    assert one == other
    assert len(one) == 64


def line(part, name, repeat, seconds, fresh, **changes):
    told = {"part": part, "name": name, "repeat": repeat, "sizes": asdict(SIZES), "trials": 50, "diverged": 0}
    told |= {"score": 0.52, "fresh": fresh, "network_steps": 1600, "seconds": seconds}
    return {**told, "seconds_compile": 2.0, "others": 0.0, **changes}


def test_the_tables_give_means_differences_and_whether_the_aim_is_reached():
    lines = [line("quality", "random", r, 10, [0.50, 0.50]) for r in range(2)]
    lines += [line("quality", "zoom", r, 10, [0.51 + 0.002 * r] * 2) for r in range(2)]
    lines += [line("wall", "to the end", r, 22.0, [0.5, 0.52]) for r in range(2)]
    lines += [line("wall", "halving", r, 7.0 + r, [0.5, 0.52], others=0.5) for r in range(2)]
    text = as_markdown(lines, "a machine")
    assert "1,600 network-steps: 50 trials to the end" in text
    assert "51.00, 51.20 | 1.10 ± 1.27" in text
    assert "| 3.14 | 4.00 |" in text
    assert "2.95 (median), reached" in text
    assert "no measurable loss" in text
    assert "not quiet" not in text

"""A reported figure beside ours: picked at its levels, with the interval that fits what it is."""

import numpy as np
import pytest

from made_results import evidence, result
from shoal.reproduce.compare import compared
from shoal.reproduce.evidence import NoLevel
from shoal.reproduce.model import Column, Grid, Row, Table, rows_of

STUDY = "some-study"


@pytest.fixture(scope="module")
def one():
    """Accuracies 0.5 at l2 1e-3 and 0.4 at 1e-2; with batch norm 0.1 more."""

    def value(name, step, l2, batch_norm):
        if name == "train_loss":
            return 2.0 if step == 0 else 0.5
        return (0.5 if l2 == 1e-3 else 0.4) + 0.1 * batch_norm - 0.2 * (step == 0)

    names = ("validation_accuracy", "test_accuracy", "train_loss")
    return evidence({STUDY: result({"l2": [1e-3, 1e-2], "batch_norm": [False, True]}, value, names=names)})


def beside(one, unit="accuracy", drawn=False, **row):
    row = {"name": "a row", "study": STUDY, "value": "validation_accuracy", **row}
    return compared(Row(**row), Table(title="a table", unit=unit, drawn=drawn), one)


def test_the_levels_named_are_picked_the_nearest_for_a_rounded_number(one):
    assert beside(one, at={"l2": 1.07e-3, "batch_norm": False}).mean.mean == pytest.approx(0.5)
    assert beside(one, at={"l2": 1e-2, "batch_norm": True}).mean.mean == pytest.approx(0.5)
    with pytest.raises(NoLevel, match=r"l2 = 0\.001, 0\.01; 0\.05 was asked for"):
        beside(one, at={"l2": 0.05, "batch_norm": True})


def test_the_first_record_the_last_and_one_between(one):
    at = {"l2": 1e-3, "batch_norm": False}
    assert beside(one, "nat", value="train_loss", at=at, take="first").mean.mean == pytest.approx(2.0)
    assert beside(one, "nat", value="train_loss", at=at).mean.mean == pytest.approx(0.5)
    assert beside(one, at=at, take="max").mean.mean == pytest.approx(0.5)
    assert beside(one, at=at, step=100).mean.mean == pytest.approx(0.5)


def test_the_best_of_all_records_is_not_that_of_the_untrained_network():
    untrained_best = result(
        {"l2": [0.0]}, lambda step, **_: 0.3 if step == 0 else step / 1000, names=("validation_accuracy",),
        steps=(0, 100, 200),
    )  # fmt: skip
    of = evidence({STUDY: untrained_best})
    assert beside(of, take="max").mean.mean == pytest.approx(0.2)


def test_each_seed_chooses_its_own_best_on_validation_data(one):
    at = {"batch_norm": False}
    assert beside(one, at=at, best="l2").mean.mean == pytest.approx(0.5)
    assert beside(one, at=at, best="l2", value="test_accuracy").mean.mean == pytest.approx(0.5)
    assert beside(one, "number", at=at, best="l2", value="level").values.tolist() == [1e-3] * 5


@pytest.mark.parametrize(("reported", "word"), [(0.5, "agrees"), (0.49, "higher"), (0.51, "lower")])
def test_the_word_is_by_the_interval_of_one_more_run(one, reported, word):
    found = beside(one, reported=reported, at={"l2": 1e-3, "batch_norm": False})
    assert found.word == word
    assert found.single.half > found.mean.half


def test_another_draw_of_images_is_noise_too(one):
    at = {"l2": 1e-3, "batch_norm": False}
    assert beside(one, reported=0.49, at=at, drawn=True).word == "agrees"
    same, drawn = beside(one, at=at).single.half, beside(one, at=at, drawn=True).single.half
    assert drawn**2 - same**2 == pytest.approx(1.96**2 * 2 * 0.25 / 5000, rel=1e-3)


def test_what_was_not_run_says_so_and_what_was_not_reported_has_no_word(one):
    assert beside(one, study="another", reported=0.5).word == "not run"
    assert beside(one, at={"l2": 1e-3, "batch_norm": False}).word == ""


def test_a_figure_without_chance_agrees_within_its_tolerance():
    one = evidence(computed={"pi": np.array([3.14159265])})
    row = {"name": "pi", "value": "pi", "tolerance": 1e-6}
    table = Table(title="a table", unit="number")
    assert compared(Row(**row, reported=3.1415926), table, one).word == "agrees"
    assert compared(Row(**row, reported=3.1415), table, one).word == "higher"
    assert compared(Row(**row), table, one).word == ""


def test_a_share_of_networks_has_wilson_s_interval():
    one = evidence(computed={"collapsed": np.array([1.0] * 950 + [0.0] * 50)})
    row, table = Row(name="share", value="collapsed", reported=0.954), Table(title="a table", unit="share")
    found = compared(row, table, one)
    assert (found.mean.low, found.mean.high) == pytest.approx((0.9347, 0.9619), abs=1e-4)
    assert found.word == "agrees"
    assert found.single.low < found.mean.low < found.mean.high < found.single.high


def test_errors_are_compared_by_their_logarithm():
    one = evidence(computed={"error": np.array([1e-9, 1e-8, 1e-10])})
    table = Table(title="a table", unit="error", scale="log")
    found = compared(Row(name="error", value="error", reported=1e-3), table, one)
    assert found.mean.mean == pytest.approx(1e-9)
    assert found.word == "lower"
    assert found.single.low > 0


def test_a_grid_is_written_out_with_its_levels_and_notes():
    grid = Grid(
        of="kept",
        along="dropout",
        named="kept {}",
        complement=True,
        columns=(Column(), Column(name="wide", at={"hidden": "100"})),
        rows=((0.25, 0.34, 0.376),),
        notes={"0.25": "why"},
    )
    first, second = rows_of(Table(title="a table", study=STUDY, value="test_accuracy", grid=(grid,)))
    assert (first.name, first.of, first.reported, first.at) == (
        "kept 0.25",
        "kept.0.1",
        0.34,
        {"dropout": 0.75},
    )
    assert second.name == "kept 0.25, wide"
    assert (second.of, second.at) == ("kept.0.2", {"hidden": "100", "dropout": 0.75})
    assert (first.study, first.value, first.note) == (STUDY, "test_accuracy", "why")
    assert first.settings == {"kept.0.0": 0.25}

"""`[search]` as it is written: what is read, and what is refused with its path and a suggestion."""

from pathlib import Path

import pytest

from searches import L2, search_study
from shoal.errors import StudyError
from shoal.lr_range.ramp import Ramp, grid_study, ramp_study
from shoal.study.load import load_study, make_study
from shoal.study.settings.search import Draws, Zoom
from small_studies import raw_study

ROOT = Path(__file__).parents[2]


def wrong(search, **tables):
    with pytest.raises(StudyError) as caught:
        make_study(raw_study(search=search, **tables))
    return str(caught.value)


def over(**ranges):
    return {"strategy": "zoom", "over": {path.replace("__", "."): own for path, own in ranges.items()}}


def test_a_zoom_is_read_with_its_defaults():
    search = search_study().search
    assert isinstance(search, Zoom)
    assert (search.rounds, search.levels, search.keep, search.confirm, search.finalists) == (3, 8, 2, 5, 3)
    assert search.over["training.l2"].ends == (1e-4, 1.0)


def test_dotted_keys_and_tables_of_a_file_read_alike(tmp_path):
    text = '[training]\nsteps = 3\nlearning_rate = 0.1\n[search]\nstrategy = "sobol"\n'
    first, second = tmp_path / "a.toml", tmp_path / "b.toml"
    first.write_text(text + '[search.over]\n"training.l2" = { log = [1e-3, 1.0] }\n')
    second.write_text(text + "over.training.l2.log = [1e-3, 1.0]\n")
    assert load_study(first).search == load_study(second).search
    assert isinstance(load_study(first).search, Draws)


def test_a_setting_that_is_searched_need_not_be_written_elsewhere():
    raw = raw_study(
        training={"learning_rate": None}, search=over(training__learning_rate={"log": [0.01, 1.0]})
    )
    assert make_study(raw).base.training.learning_rate == 0.01


def test_choices_may_be_structural():
    study = search_study(strategy="random", over={"network.batch_norm": [False, True], **L2})
    assert study.search.over["network.batch_norm"] == (False, True)


@pytest.mark.parametrize(
    ("search", "said"),
    [
        (3, "search: got 3; expected a table"),
        ({"over": L2}, "search.strategy: is required and missing; expected one of zoom, random"),
        ({"strategy": "zom", "over": L2}, "search.strategy: got 'zom'; expected one of"),
        ({"strategy": "zom", "over": L2}, "did you mean `zoom`?"),
        ({"strategy": "zoom"}, 'search.over: names no factor; write for example "training.l2" ='),
        (
            over(training__l2={"log": [1.0, 1e-3]}),
            'search.over."training.l2": the range [1.0, 0.001] is empty',
        ),
        (over(training__l2={"linear": [0.5, 0.5]}), "is empty; expected [lowest, highest]"),
        (over(training__l2={"log": [0, 1]}), "a log range needs two positive ends; [0.0, 1.0] came"),
        (over(training__l2={"log": [1e-3, 1], "count": 3}), 'over."training.l2".count: unknown key'),
        (over(training__l2=3), "got 3; expected { log = [lowest, highest] }"),
        (over(training__l2=[0.1]), "has one choice; expected two or more"),
        (over(training__l2=[0.1, 0.2]), 'search: a zoom needs a range for "training.l2"'),
        (
            over(training__l2={"linear": [-1, 1]}),
            'search.over."training.l2", -1.0: got -1.0; expected 0 or more',
        ),
        (over(training__l22={"log": [1e-3, 1]}), 'search.over."training.l22": unknown key'),
        (over(network__batchnorm={"log": [1e-3, 1]}), "did you mean `batch_norm`?"),
        (over(l2={"log": [1e-3, 1]}), "did you mean `training.l2`?"),
        (over(training__batch_size={"linear": [2, 9]}), "a range needs a setting that changes numbers only"),
        (
            {"strategy": "random", "trails": 8, "over": L2},
            "search.trails: unknown key; did you mean `trials`?",
        ),
        ({"strategy": "random", "trials": 1, "over": L2}, "search.trials: got 1; expected 2 or more"),
        ({"strategy": "zoom", "keep": 8, "over": L2}, "keep = 8 of 8 levels"),
        (
            over(
                training__l2={"log": [1e-3, 1]},
                training__learning_rate={"log": [1e-3, 1]},
                network__dropout={"linear": [0, 0.5]},
            ),
            "a zoom is over one or two factors; 3 came",
        ),
    ],
)
def test_a_mistake_is_told_with_its_path(search, said):
    assert said in wrong(search)


def test_nothing_but_seeds_varies_beside_a_search():
    said = wrong({"strategy": "zoom", "over": L2}, vary={"network.batch_norm": [False, True]})
    assert 'vary."network.batch_norm": a search chooses its members itself; only `seed` can vary' in said


def test_a_search_needs_validation_data():
    assert "data.validation: is 0; a search ranks by accuracy" in wrong(
        {"strategy": "zoom", "over": L2}, data={"validation": 0}
    )


def test_a_search_trains_with_batches():
    training = {
        "optimizer": "l-bfgs",
        "iterations": 3,
        "steps": None,
        "learning_rate": None,
        "batch_size": None,
    }
    said = wrong({"strategy": "zoom", "over": L2}, training=training)
    assert 'training.optimizer: "l-bfgs" trains one member after another' in said


@pytest.mark.parametrize(
    "make",
    [lambda study: ramp_study(study, Ramp(1e-3, 1.0, 5, "linear")), lambda s: grid_study(s, 1e-3, 1.0, 3)],
)
def test_a_learning_rate_range_is_refused(make):
    with pytest.raises(StudyError, match=r"\[search\]"):
        make(search_study())


@pytest.mark.parametrize("name", ["zoom", "halving"])
def test_the_shipped_studies_are_those_of_the_documentation(name):
    text = (ROOT / f"studies/search/{name}.toml").read_text()
    assert f"```toml\n{text}```" in (ROOT / "docs/searching.md").read_text()
    assert load_study(ROOT / f"studies/search/{name}.toml").search.strategy == name


def test_the_zoom_on_report_001_looks_over_the_range_of_its_50_values():
    zoomed = load_study(ROOT / "studies/reports/001-l2-zoom.toml")
    listed = load_study(ROOT / "studies/reports/001-search.toml")
    levels = listed.factors[0].levels
    assert zoomed.search.over["training.l2"].ends == pytest.approx((min(levels), max(levels)))
    assert zoomed.base.training.schedule == listed.base.training.schedule

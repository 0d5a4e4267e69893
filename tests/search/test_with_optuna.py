"""Optuna's samplers through ask and tell: a population at a time, kept in its own storage, played again."""

import importlib.util
import warnings

import numpy as np
import pytest

from searches import L2, search_study, untrained
from shoal.data.inputs import Loader
from shoal.errors import RunError, StudyError
from shoal.population.progress import NullListener
from shoal.search import with_optuna
from shoal.search.loop import SearchInterrupted, plan_search, run_search
from shoal.search.strategies import strategy_of
from small_studies import blobs

optuna = pytest.importorskip("optuna")
OVER = {**L2, "training.learning_rate": {"log": [1e-3, 1.0]}}


def score(l2, learning_rate, seed):
    return 0.9 - 0.05 * ((np.log10(l2) + 2) ** 2 + (np.log10(learning_rate) + 1) ** 2)


def study(strategy="tpe", **keys):
    return search_study(strategy=strategy, **{"population": 3, "rounds": 2, "over": OVER, **keys})


def run(own, folder, train=None, resume=False):
    return run_search(own, folder, Loader(dataset=blobs()), NullListener(), train or untrained(score), resume)


def trials_in(folder):
    url = f"sqlite:///{folder / 'optuna.db'}"
    storage = optuna.storages.RDBStorage(url)
    found = optuna.load_study(study_name=folder.name, storage=storage).trials
    storage.remove_session()
    storage.engine.dispose()
    return found


@pytest.mark.parametrize("strategy", ["tpe", "gp", "cma-es"])
def test_each_sampler_is_asked_for_whole_populations(strategy):
    needs = {"gp": "torch", "cma-es": "cmaes", "tpe": "optuna"}[strategy]
    if importlib.util.find_spec(needs) is None:
        pytest.skip(f"{needs} is not installed")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what torch and Optuna say among themselves
        found = run(study(strategy), None)
    assert found.search["round"].values.tolist() == [0, 0, 0, 1, 1, 1]
    assert found.search["l2"].min() >= 1e-4
    assert found.search["l2"].max() <= 1.0


def test_the_trials_stand_in_optunas_own_storage_with_every_seeds_score(tmp_path):
    found = run(study(), tmp_path / "run")
    kept = trials_in(tmp_path / "run")
    assert len(kept) == 6
    np.testing.assert_allclose([t.value for t in kept], found.search["score"].mean("seed").values)
    assert kept[0].user_attrs["scores"] == found.search["score"].values[0].tolist()
    assert kept[0].params["training.l2"] == pytest.approx(float(found.search["l2"][0]), rel=1e-5)


def test_a_search_that_was_interrupted_asks_the_same_when_it_is_played_again(tmp_path):
    whole = run(study(), tmp_path / "whole").search

    def stops_in_the_second(own, folder):
        if folder.name == "01":
            raise KeyboardInterrupt
        return untrained(score)(own, folder)

    with pytest.raises(SearchInterrupted):
        run(study(), tmp_path / "run", stops_in_the_second)
    again = run(study(), tmp_path / "run", resume=True).search
    for name in ("l2", "score", "round"):
        np.testing.assert_array_equal(again[name].values, whole[name].values)
    assert len(trials_in(tmp_path / "run")) == 6


def test_any_url_of_a_database_will_do_but_not_one_that_holds_something_else(tmp_path):
    url = f"sqlite:///{tmp_path / 'shared.db'}"
    run(study(storage=url), tmp_path / "a" / "run")
    assert (tmp_path / "shared.db").exists()
    assert not (tmp_path / "a" / "run" / "optuna.db").exists()
    with pytest.raises(RunError, match='a study named "run", of something else'):
        run(study(storage=url), tmp_path / "b" / "run")


def test_a_storage_that_cannot_be_opened_is_told_without_a_traceback(tmp_path):
    with pytest.raises(StudyError, match=r"search\.storage = 'nowhere' cannot be opened"):
        run(study(storage="nowhere"), tmp_path / "run")


def test_choices_are_handed_back_as_they_were_written():
    over = {"network.hidden": [[4], [4, 4]], "network.batch_norm": [False, True]}
    strategy = strategy_of(study(over=over))
    for point in strategy.ask():
        assert point["network.hidden"] in ([4], [4, 4])
        assert isinstance(point["network.batch_norm"], bool)


def test_looking_ahead_writes_nothing(tmp_path):
    def plan_of(own):
        return own  # its points are all that matters here

    ahead = plan_search(study(storage=f"sqlite:///{tmp_path / 'a.db'}"), plan_of)
    assert [one.points for one in ahead] == [3, 3, 3]
    assert not (tmp_path / "a.db").exists()


@pytest.mark.parametrize(
    ("strategy", "missing", "remedy"),
    [
        ("tpe", "optuna", r"shoal\[search\]"),
        ("gp", "torch", "pip install torch"),
        ("cma-es", "cmaes", "cmaes"),
    ],
)
def test_a_missing_package_is_named_with_what_to_install(strategy, missing, remedy, monkeypatch):
    real = importlib.util.find_spec
    gone = lambda name: None if name == missing else real(name) or object()  # noqa: E731
    monkeypatch.setattr(with_optuna.importlib.util, "find_spec", gone)
    with pytest.raises(StudyError, match=f"needs the package {missing}.*\n.*{remedy}"):
        strategy_of(study(strategy))


def test_cma_es_wants_two_ranges():
    with pytest.raises(StudyError, match="cma-es needs two ranges or more"):
        study("cma-es", over=L2)

"""Studies as they are asked for, and their run folders: gone on with, found again, never mixed up."""

import pytest

from shoal.errors import RunError
from shoal.population.progress import NullListener
from shoal.reproduce.adapt import Mode, study_for
from shoal.reproduce.model import part_names, reports
from shoal.reproduce.running import Interrupted, Runs, estimate, network_steps
from shoal.study.load import make_study

STUDIES = sorted({name for report in reports() for part in report.part.values() for name in part.studies})


def tiny(seeds=2, l2=0.0):
    """A study of two programs that trains in no time."""
    return make_study(
        {
            "question": "Does it go on?",
            "data": {"name": "digits", "train": 60, "validation": 30, "test": 30},
            "network": {"hidden": [3]},
            "training": {"steps": 4, "batch_size": 20, "learning_rate": 0.1, "l2": l2},
            "record": {"points": 1},
            "vary": {"network.activation": ["relu", "tanh"], "training.batch_size": [20, 30], "seed": seeds},
        }
    )


class StopsAtSecond(NullListener):
    """Ctrl-C when the second chunk begins."""

    def chunk_started(self, chunk):
        if chunk.index == 1:
            raise KeyboardInterrupt


@pytest.fixture(scope="module", autouse=True)
def own_cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SHOAL_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Runs in which the tiny study was interrupted and then finished."""
    runs, mode = Runs(tmp_path_factory.mktemp("runs")), Mode(seeds=2, quick=True)
    with pytest.raises(Interrupted):
        runs.train("tiny", tiny(), mode, None, StopsAtSecond())
    assert runs.find("tiny", tiny()) is None
    assert runs.train("tiny", tiny(), mode, None, None).trained
    return runs


def test_an_interrupted_study_goes_on_and_is_then_found(finished):
    log = (finished.folder / "tiny" / "log.jsonl").read_text()
    assert log.count('"event": "started"') == 2
    found = finished.find("tiny", tiny())
    assert found.results.attrs["status"] == "complete"
    assert not found.trained


def test_spaces_and_fewer_seeds_make_no_other_study(finished, tmp_path):
    spaced = tiny().model_copy(update={"text": tiny().text.replace(" = ", "  =  ") + "# a comment\n"})
    assert finished.find("tiny", spaced) is not None
    assert Runs(tmp_path, (finished.folder,)).find("tiny", tiny(seeds=1)).folder == finished.folder / "tiny"


def test_another_setting_or_more_seeds_do(finished):
    assert finished.find("tiny", tiny(l2=0.1)) is None
    assert finished.find("tiny", tiny(seeds=3)) is None
    assert finished.train("tiny", tiny(seeds=3), Mode(seeds=3, quick=True), None, None).folder.name == (
        "tiny-3-seeds"
    )


def test_a_folder_with_another_study_is_never_written(tmp_path):
    for name in ("tiny", "tiny-2-seeds"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "study.toml").write_text(tiny(l2=0.1).text)
    with pytest.raises(RunError, match="holds the run of another study"):
        Runs(tmp_path).train("tiny", tiny(), Mode(seeds=2), None, None)


@pytest.mark.parametrize("name", STUDIES)
def test_every_study_loads_shortened_and_on_digits(name):
    whole, quick, digits = (
        study_for(name, mode) for mode in (Mode(), Mode(2, quick=True), Mode(2, quick=True, digits=True))
    )
    assert len(whole.seeds) == 5
    assert len(quick.seeds) == 2
    assert network_steps(quick) < network_steps(whole)
    for cell in digits.cells():
        assert cell.settings.data.name in ("digits", "function")
    assert estimate(name, whole) > estimate(name, quick) > 0


def test_a_quick_run_has_a_tenth_of_the_steps():
    study = study_for("004-iterations", Mode(2, quick=True))
    assert study.base.training.steps == 1000
    assert study.base.record.steps == tuple(range(100, 1001, 100))
    assert study_for("001-search", Mode(2, quick=True)).base.training.schedule.half_cycle == 225


@pytest.mark.parametrize(("name", "points"), [("001-search", 5), ("003-cyclical", 5), ("003-dying-relu", 1)])
def test_a_quick_run_is_seldom_measured(name, points):
    assert study_for(name, Mode(2, quick=True)).base.record.points == points
    assert study_for(name, Mode(2)).base.record.points >= points


def test_a_whole_run_is_the_shipped_study_with_the_seeds_asked_for():
    study = study_for("001-three-layer", Mode(7))
    assert (study.base.training.cycles, study.base.training.schedule.half_cycle) == (2, 2250)
    assert len(study.seeds) == 7
    assert len(study_for("003-dying-relu", Mode(7), own_seeds=True).seeds) == 1000


def test_labels_say_what_is_not_the_report_s_own_setting():
    assert Mode().labels == ()
    assert Mode(2, quick=True).labels == ("QUICK: a tenth of the steps and 2 seeds",)
    assert len(Mode(2, quick=True, digits=True).labels) == 2


def test_every_report_and_part_can_be_asked_for():
    assert {"000", "001.search", "003.rates-carried-on"} <= set(part_names())

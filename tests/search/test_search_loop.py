"""A whole search: its rounds as ordinary runs, the final comparison, what Ctrl-C keeps."""

import json

import numpy as np
import pytest

import shoal
from searches import L2, search_study, searched, untrained
from shoal.errors import RunError
from shoal.population.progress import NullListener
from shoal.search.loop import SearchInterrupted
from shoal.search.rounds import points_study
from shoal.study.load import make_study
from small_studies import blobs, small_study

ZOOM = {
    "levels": 4,
    "keep": 1,
    "rounds": 2,
    "confirm": 3,
    "finalists": 2,
    "over": {"training.l2": {"log": [1e-4, 10.0]}},
}


class Follower(NullListener):
    """Counts chunks, notes the names of rounds, and presses Ctrl-C when one begins."""

    def __init__(self, stop_at: str = "") -> None:
        self.rounds, self.chunks, self.stop_at = [], 0, stop_at

    def round_started(self, text: str) -> None:
        self.rounds.append(text)
        if self.stop_at and text.startswith(self.stop_at):
            raise KeyboardInterrupt

    def chunk_started(self, chunk) -> None:
        self.chunks += 1


def search(folder, watcher=None, resume=False):
    study = search_study(seeds=1, **ZOOM)
    return shoal.run(study, folder, dataset=blobs(), check=False, watcher=watcher, resume=resume)


def alone(study):
    return shoal.run(study, dataset=blobs(), check=False)


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A finished search of two rounds (one seed: it does not stop early), its result and its watcher."""
    folder, watcher = tmp_path_factory.mktemp("search") / "run", Follower()
    return folder, search(folder, watcher), watcher


def test_the_result_is_the_final_comparison_with_fresh_seeds(done):
    _, result, _ = done
    assert dict(result["diverged"].sizes) == {"l2": 2, "seed": 3}
    assert list(result["seed"].values) == [1, 2, 3]
    assert result.attrs["study"] == search_study(seeds=1, **ZOOM).text


def test_every_round_is_announced_and_an_ordinary_run(done):
    folder, _, watcher = done
    assert watcher.rounds == ["round 1 of 2", "round 2 of 2", "final comparison with 3 fresh seeds"]
    assert sorted(path.name for path in (folder / "rounds").iterdir()) == ["00", "01", "fresh"]
    first = shoal.open_run(folder / "rounds" / "00")
    assert first.results.sizes["l2"] == 4
    assert first.search is None


def test_the_path_of_the_search_is_kept_beside_it(done):
    folder, result, _ = done
    path = shoal.open_run(folder).search
    assert path.attrs["status"] == "complete"
    assert path["score"].dims == ("trial", "seed")
    assert list(path["round"].values) == [0] * 4 + [1] * 4
    assert set(path["status"].values) <= {"best", "finalist", "kept", "dropped"}
    assert (path["status"].values == "best").sum() == 1
    assert all(path["reason"].values)
    record = json.loads(path.attrs["search"])
    chosen = record["finalists_chosen"]
    assert list(path["l2"].sel(trial=chosen).values) == list(result["l2"].values)
    fresh = path["fresh_score"].sel(trial=chosen).values
    np.testing.assert_array_equal(fresh, result["validation_accuracy"].isel(step=-1).values)
    assert record["network_steps"] == (8 * 1 + 2 * 3) * 6


def test_a_trial_scores_as_the_same_member_of_an_ordinary_study(done):
    folder, _, _ = done
    path = shoal.open_run(folder).search
    levels = [float(value) for value in path["l2"].values[:4]]
    same = alone(small_study(vary={"training.l2": levels, "seed": 1}))["validation_accuracy"]
    np.testing.assert_array_equal(path["score"].values[:4], same.isel(step=-1).values.astype(float))


def test_a_finished_search_taken_up_again_trains_nothing(done):
    folder, result, _ = done
    watcher = Follower()
    again = search(folder, watcher, resume=True)
    assert watcher.chunks == 0
    assert again.drop_attrs().equals(result.drop_attrs())


def test_ctrl_c_keeps_finished_rounds_and_resume_goes_on_from_them(done, tmp_path):
    _, whole, _ = done
    folder = tmp_path / "run"
    with pytest.raises(
        SearchInterrupted, match=r"Interrupted in round 2 of 2; what was finished is kept in .*rounds"
    ):
        search(folder, Follower(stop_at="round 2"))
    assert (folder / "search.nc").exists()
    with pytest.raises(RunError, match="not the folder of a finished run"):
        shoal.open_run(folder)
    with pytest.raises(RunError, match="unfinished search"):
        search(folder)
    watcher = Follower()
    went_on = search(folder, watcher, resume=True)
    assert not (folder / "run.json").exists()
    assert watcher.rounds == ["round 2 of 2", "final comparison with 3 fresh seeds"]
    assert went_on.drop_attrs().equals(whole.drop_attrs())


def test_several_factors_and_choices_become_named_points():
    over = {"network.batch_norm": [False, True], **L2}
    study = search_study(strategy="random", trials=4, finalists=2, confirm=2, over=over)
    found = searched(study, untrained(lambda l2, batch_norm, seed: 0.5 + 0.1 * batch_norm))
    rounds = points_study(study, [{"network.batch_norm": True, "training.l2": 0.0123456}], [4, 5])
    assert rounds.factors[0].labels == ("batch norm true, L2 0.0123",)
    assert rounds.seeds == (4, 5)
    assert list(found.search["batch_norm"].values[found.search["status"].values == "best"]) == [True]


def test_a_point_that_comes_again_is_not_trained_again():
    over = {"network.batch_norm": [False, True]}
    study = search_study(strategy="random", trials=6, over=over, finalists=1)
    result = searched(study, untrained(lambda batch_norm, seed: 0.5)).results
    (record,) = json.loads(result.attrs["search"])["rounds_run"]
    assert len(record["trials"]) == 6
    assert record["network_steps"] == 2 * 2 * 6  # two points, two seeds, six steps


def test_a_trial_that_diverges_is_said_to_and_is_no_finalist():
    study = search_study(strategy="sobol", trials=16, finalists=16, confirm=1)
    found = searched(study, untrained(lambda l2, seed: 0.5, diverged=lambda l2: l2 > 0.01))
    status = list(found.search["status"].values)
    assert status.count("diverged") == 8
    assert status.count("finalist") + 1 == found.results.sizes["l2"] == 8
    because = found.search["reason"].values[status.index("diverged")]
    assert because == "2 of 2 networks diverged, the first at step 3"


def test_where_everything_diverges_the_best_of_it_is_still_compared():
    study = search_study(strategy="sobol", trials=4, finalists=2)
    found = searched(study, untrained(lambda l2, seed: 0.1, diverged=lambda l2: True))
    assert found.results.sizes["l2"] == 2


def test_the_search_stops_early_where_seeds_differ_more_than_levels():
    noise = np.random.default_rng(0).normal(size=100_000)
    study = search_study(seeds=3, levels=5)
    found = searched(study, untrained(lambda l2, seed: 0.5 + 0.01 * noise[int(1e4 * l2) + seed]))
    (only,) = json.loads(found.search.attrs["search"])["rounds_run"]
    assert only["words"].startswith("Stopped after round 1 of 3.")


def test_a_regression_is_ranked_by_its_loss():
    data = {"name": "function", "function": "abs", "range": [-1, 1], "examples": 40, "validation": 20}
    raw: dict = {
        "data": data,
        "network": {"hidden": [4], "loss": "squared_error"},
        "training": {"steps": 6, "batch_size": 10, "learning_rate": 0.1},
        "vary": {"seed": 2},
        "search": {"strategy": "sobol", "trials": 4, "confirm": 2, "over": L2},
    }
    found = searched(make_study(raw), untrained(lambda l2, seed: abs(np.log10(l2) + 2)))
    record = json.loads(found.search.attrs["search"])
    assert record["metric"] == "validation_loss"
    assert record["finalists_chosen"][0] == int(np.argmin(found.search["score"].mean("seed").values)) + 1

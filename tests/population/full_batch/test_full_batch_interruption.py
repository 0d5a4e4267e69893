"""Ctrl-C in a full-batch run: what is finished is kept, and so is what was on its way."""

import numpy as np
import pytest

import shoal
from shoal.population.progress import NullListener
from shoal.report import render
from shoal.study.load import make_study
from small_studies import blobs, raw_study

RAW = raw_study(
    training={
        "steps": None,
        "batch_size": None,
        "learning_rate": None,
        "optimizer": "cg",
        "iterations": 10**6,
    },
    vary={"seed": 3},
)


class Impatient(NullListener):
    """Presses Ctrl-C when it has heard of so many iterations."""

    def __init__(self, iterations):
        self.left = iterations

    def on_steps(self, chunk, steps, values):
        self.left -= steps
        if self.left < 0:
            raise KeyboardInterrupt


@pytest.fixture(scope="module")
def stopped(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "run"
    training = {**RAW["training"], "optimizer": {"kind": "cg", "gtol": 1e-300}}
    study = make_study({**RAW, "training": training})
    return folder, shoal.run(study, folder, dataset=blobs(), check=False, watcher=Impatient(20))


def test_members_on_their_way_are_kept_unfinished(stopped):
    _, result = stopped
    assert result.attrs["status"] == "interrupted"
    assert not result["finished"].all()
    began = result["iterations"].values > 0
    assert began.any()
    messages = result["optimizer_message"].values[began]
    assert all(m.startswith("Stopped from outside after") for m in messages)
    costs = result["train_cost"].values[began]
    assert np.isfinite(costs[:, 0]).all()
    assert (result["final_cost"].values[began] < costs[:, 0]).all()


def test_the_folder_is_one_of_a_finished_run(stopped):
    folder, result = stopped
    kept = shoal.open_run(folder)
    assert kept.results["optimizer_message"].values.tolist() == result["optimizer_message"].values.tolist()
    assert "Interrupted" in render(kept.results)

"""A disk or folder that fails underneath searches, halvings and full-batch runs: one message, no bit lost."""

import errno
import os
import shutil

import pytest

import shoal
from interrupted import same_bits
from shoal.errors import ShoalError
from shoal.study.load import make_study
from small_studies import blobs, raw_study

L2 = {"training.l2": {"log": [1e-4, 1.0]}}
KINDS = {
    "search": raw_study(
        vary={"seed": 2}, search={"strategy": "zoom", "over": L2, "levels": 3, "rounds": 1, "confirm": 2}
    ),
    "halving": raw_study(
        vary={"seed": 2}, search={"strategy": "halving", "over": L2, "trials": 4, "rungs": 1, "confirm": 2}
    ),
    "full batch": raw_study(
        training={
            "steps": None,
            "batch_size": None,
            "learning_rate": None,
            "optimizer": "l-bfgs",
            "iterations": 4,
        },
        vary={"training.l2": [0.0, 0.1], "seed": 1},
    ),
}
WRITES = (1, 4, 9, 14)  # of a run's synced files and folders
ERRORS = (errno.ENOSPC, errno.EROFS, errno.EACCES)


def same_but_for_times(one, other):
    """The attribute `search` says how long each round took."""
    for run in (one, other):
        run.results.attrs.pop("search", None)
    same_bits(one, other)


def go(study, folder, resume=False):
    return shoal.run(study, folder, dataset=blobs(), check=False, checkpoint_every=0, resume=resume)


@pytest.fixture(scope="module", params=KINDS.values(), ids=KINDS.keys())
def kind(request, tmp_path_factory):
    """A study, and its run that nothing harms."""
    study, folder = make_study(request.param), tmp_path_factory.mktemp("unharmed") / "run"
    go(study, folder)
    return study, shoal.open_run(folder)


@pytest.fixture
def fail_at(monkeypatch):
    """Act in place of the n-th sync, and say whether it came to that."""
    sync = os.fsync

    def set_to(number, act):
        count = [0]

        def fsync(handle):
            count[0] += 1
            if count[0] == number:
                act()
            sync(handle)

        monkeypatch.setattr("os.fsync", fsync)
        return lambda: count[0] >= number

    return set_to


@pytest.mark.parametrize("number", WRITES)
@pytest.mark.parametrize("code", ERRORS, ids=[errno.errorcode[code] for code in ERRORS])
def test_a_write_that_fails_ends_in_a_message_and_the_run_goes_on(kind, fail_at, tmp_path, number, code):
    study, whole = kind

    def fail():
        raise OSError(code, os.strerror(code))

    reached = fail_at(number, fail)
    with pytest.raises(ShoalError, match=os.strerror(code)) as told:
        go(study, tmp_path / "run")
    assert reached()
    assert told.value.remedy
    go(study, tmp_path / "run", resume=True)
    same_but_for_times(shoal.open_run(tmp_path / "run"), whole)


@pytest.mark.parametrize("number", [6, 14])
def test_a_folder_deleted_meanwhile_ends_in_a_message_and_the_run_goes_on(kind, fail_at, tmp_path, number):
    study, whole = kind
    reached = fail_at(number, lambda: shutil.rmtree(tmp_path / "run"))
    try:
        go(study, tmp_path / "run")
    except ShoalError as told:
        assert "deleted" in str(told) or "cannot be written" in str(told)  # noqa: PT017
    assert reached()
    go(study, tmp_path / "run", resume=True)
    same_but_for_times(shoal.open_run(tmp_path / "run"), whole)

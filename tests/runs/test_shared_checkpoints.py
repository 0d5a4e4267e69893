"""Checkpoints of a cluster's workers in the run folder: whole or not used, and the run's own in the end."""

import pytest

from shoal.errors import RunError
from shoal.runs.folder import RunFolder
from shoal.runs.shared_checkpoints import (
    NAME,
    WorkerCheckpoints,
    collect_worker_checkpoints,
    share_with_workers,
)
from small_studies import small_study

TEXT = small_study().text
STEPS = [f"checkpoints/0003-{step:012d}.safetensors" for step in (100, 200, 300)]
OTHER = "checkpoints/0004-000000000050.safetensors"


@pytest.fixture
def folder(tmp_path):
    with RunFolder(tmp_path / "run", TEXT) as found:
        found.write_text("study.toml", TEXT)
        yield found


def worker(folder, topic="run-a"):
    return WorkerCheckpoints(folder.path, topic, say=lambda line: None)


def only_file(folder, name):
    step = name.removeprefix("checkpoints/").removesuffix(".safetensors")
    return next(folder.path.glob(f"{NAME}/*/{step}-*"))


def test_another_worker_reads_what_one_wrote_the_newest_last(folder):
    with share_with_workers(folder, "run-a"):
        first, second = worker(folder), worker(folder)
        assert first.usable
        for name in reversed(STEPS):
            first.write_bytes(name, name.encode())
        first.write_bytes(OTHER, b"another team's")
        assert second.names("checkpoints/0003-") == STEPS
        assert second.read(STEPS[1]) == STEPS[1].encode()
        second.remove(STEPS[0])
        assert first.names("checkpoints/0003-") == STEPS[1:]


def test_a_damaged_checkpoint_is_not_used(folder):
    with share_with_workers(folder, "run-a"):
        own = worker(folder)
        own.write_bytes(STEPS[0], b"whole")
        only_file(folder, STEPS[0]).write_bytes(b"whale")
        assert own.read(STEPS[0]) is None
    assert folder.names("checkpoints/") == []


def test_what_is_left_becomes_the_runs_own_two_of_each_team(folder):
    with share_with_workers(folder, "run-a"):
        for name in (*STEPS, OTHER):
            worker(folder).write_bytes(name, name.encode())
    assert folder.names("checkpoints/") == [*STEPS[1:], OTHER]
    assert folder.read(STEPS[2]) == STEPS[2].encode()
    assert not (folder.path / NAME).exists()


def test_what_a_killed_client_left_is_taken_when_the_run_is_taken_up_again(folder):
    left = folder.path / NAME / "run-before"
    left.mkdir(parents=True)
    worker(folder, "run-before").write_bytes(STEPS[0], b"left")
    (left / ".half-written.part").write_bytes(b"le")
    collect_worker_checkpoints(folder)
    assert folder.read(STEPS[0]) == b"left"
    with share_with_workers(folder, "run-a"):
        assert worker(folder).read(STEPS[0]) == b"left"


def test_a_finished_team_leaves_nothing(folder):
    folder.write_bytes(STEPS[0], b"the run's own")
    with share_with_workers(folder, "run-a") as shared:
        worker(folder).write_bytes(STEPS[1], b"a worker's")
        worker(folder).write_bytes(OTHER, b"another team's")
        shared.finished([Named(3), Named(5)])
        assert worker(folder).names() == [OTHER]
    assert folder.names("checkpoints/") == [OTHER]


class Named:
    def __init__(self, index):
        self.index = index


def test_a_worker_of_a_run_that_has_ended_cannot_write_into_the_folder(folder):
    with share_with_workers(folder, "run-a"):
        forgotten = worker(folder)
    assert not forgotten.usable
    with pytest.raises(RunError, match="cannot be written"):
        forgotten.write_bytes(STEPS[0], b"too late")
    assert not (folder.path / NAME).exists()

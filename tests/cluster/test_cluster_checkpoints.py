"""Workers that see the run's folder keep checkpoints there: whoever goes on begins with the newest."""

import json
import os
import re
import signal

import pytest

import shoal
from on_clusters import DATA, RAW, Follower, assert_same_bits, once
from shoal.runs.shared_checkpoints import NAME, WorkerCheckpoints
from shoal.study.load import make_study

GIVEN = {"dataset": DATA, "check": False}
STEPS = RAW["training"]["steps"]


def press():
    raise KeyboardInterrupt


@pytest.fixture
def mortal(client):
    """The cluster, both of whose workers die when they have written a checkpoint; those after them live."""

    def die_after_the_next_checkpoint():  # in here, so that workers need not find this file
        write = WorkerCheckpoints.write_bytes

        def write_and_die(self, name, content):
            write(self, name, content)
            os.kill(os.getpid(), signal.SIGKILL)

        WorkerCheckpoints.write_bytes = write_and_die

    before = client.run(os.getpid)
    client.run(die_after_the_next_checkpoint)
    yield client
    client.wait_for_workers(2, timeout=30)
    assert not {*before.values()} & {*client.run(os.getpid).values()}


def test_a_killed_workers_chunk_goes_on_from_its_last_checkpoint_with_the_same_bits(mortal, alone, tmp_path):
    watcher = Follower()
    result = shoal.run(
        make_study(RAW), tmp_path / "run", cluster=mortal, watcher=watcher, checkpoint_every=0.01, **GIVEN
    )
    assert_same_bits(result, alone)
    from_steps = [re.search(r"Chunk (\d): .* goes on from step ([\d,]+)", line) for line in watcher.lines]
    found = {int(match[1]): int(match[2].replace(",", "")) for match in from_steps if match}
    assert set(found) == {1, 2}
    assert all(0 < step < STEPS for step in found.values())
    assert {k: watcher.steps[k] + watcher.again.get(k, 0) for k in (0, 1)} == {0: STEPS, 1: STEPS}
    assert {file.name for file in (tmp_path / "run").iterdir() if file.is_dir()} == set()


def test_an_interrupted_run_goes_on_from_its_checkpoint_here_and_there(client, tmp_path):
    longer = {
        "network": {"hidden": [100]},
        "training": {**RAW["training"], "steps": 2000},
        "vary": {"seed": 2},
    }
    study, run = make_study({**RAW, **longer}), tmp_path / "run"
    expected = shoal.run(study, dataset=DATA, check=False)
    with pytest.raises(KeyboardInterrupt):  # nothing was finished
        shoal.run(study, run, cluster=client, watcher=Follower(at_steps=once(press)), **GIVEN)
    assert any(name.startswith("checkpoints/") for name in json.loads((run / "manifest.json").read_text()))
    assert not (run / NAME).exists()

    here = Follower(at_steps=once(press))
    with pytest.raises(KeyboardInterrupt):
        shoal.run(study, run, resume=True, watcher=here, **GIVEN)
    there = Follower()
    result = shoal.run(study, run, resume=True, cluster=client, watcher=there, **GIVEN)
    assert_same_bits(result, expected)
    assert 0 < here.again[0] < there.again[0]
    assert there.again[0] + there.steps[0] == 2000

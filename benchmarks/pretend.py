"""Hundreds of workers in one process, which sleep where others train: what the client and scheduler can bear.

Orders, events, results, the client and the scheduler are those of a real run; only the training is a sleep,
and the result is zeros. So two cores show what a large cluster asks of the one process that all its workers
talk to. That process's CPU time is measured, which depends little on what else the machine does.
"""

from __future__ import annotations

import contextlib
import json
import logging
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import patch

import numpy as np

from shoal.cluster import executor
from shoal.cluster import scheduler as round_
from shoal.cluster.connect import Cluster
from shoal.cluster.optional_packages import distributed
from shoal.cluster.workers import Workers
from shoal.population.memory import limits_here
from shoal.population.plan import plan_study
from shoal.population.progress import NullListener

SECONDS_TO_START = 300.0
SECONDS_A_CALL = 0.5  # as study/train.py calls the compiled program


@contextlib.contextmanager
def pretended(workers: int) -> Iterator[Any]:
    """A client of so many workers, all of them in one other process."""
    module = distributed()
    own: dict[str, Any] = {"n_workers": 0, "host": "127.0.0.1", "dashboard_address": "127.0.0.1:0"}
    with (
        module.LocalCluster(**own, silence_logs=logging.CRITICAL) as cluster,
        module.Client(cluster, set_as_default=False) as client,
        tempfile.TemporaryDirectory() as folder,
    ):
        options = {"nthreads": 1, "host": "127.0.0.1", "dashboard": False, "memory_limit": 0}
        options["local_directory"] = folder
        each = {f"pretended-{k}": {"cls": "distributed.Worker", "opts": options} for k in range(workers)}
        spec = ["--spec", json.dumps(each)]
        command = [sys.executable, "-m", "dask", "spec", cluster.scheduler_address, *spec]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            client.wait_for_workers(workers, timeout=SECONDS_TO_START)
            yield client
        finally:
            process.terminate()
            process.wait()


def sleeper(seconds: float) -> Callable[..., dict[str, Any]]:
    """What stands in for `train_unit` of study/cluster/task.py: it makes the plan and tells as that does."""

    def train_unit(plain: dict[str, Any], unit: list[int], parcel: bytes | None = None) -> dict[str, Any]:
        from shoal.cluster import task
        from shoal.cluster.messages import EventSender
        from shoal.cluster.task import TaskSpec
        from shoal.population.train import ChunkResult
        from shoal.runs.chunk_file import pack

        order = TaskSpec.read(plain)
        plan, teller = task._planned(order, parcel), EventSender(order.topic, order.pause)
        contents = []
        for chunk in (plan.chunks[index] for index in unit):
            teller.chunk_started(chunk)
            until = time.monotonic() + seconds
            while (left := until - time.monotonic()) > 0:
                time.sleep(min(SECONDS_A_CALL, left))
                teller.on_steps(chunk, 1, {})
            size = len(chunk.cells), len(chunk.seeds)
            weights = {"all.W": np.zeros((*size, chunk.program.parameters), np.float32)}
            curves = {"train_loss": np.zeros((*size, len(chunk.program.record)), np.float32)}
            finals = {"test_accuracy": np.zeros(size, np.float32)}
            rates = np.zeros((chunk.members, len(chunk.program.record)), np.float32)
            contents.append(pack(ChunkResult(chunk, curves, finals, rates, weights, seconds, 0.0)))
            teller.chunk_finished(chunk, seconds, 0.0)
        teller.ended()
        return {"chunks": contents}

    return train_unit


class Heard(NullListener):
    """Counts what workers told on their way."""

    def __init__(self) -> None:
        self.events = 0

    def on_steps(self, chunk: Any, steps: int, values: Any) -> None:
        self.events += 1


def measure_pretended(client: Any, study: Any, memory: float, seconds: float) -> dict[str, float]:
    """Wall time of a study whose chunks take so many seconds each, and the CPU time of the client with the
    scheduler, and that of the process with the workers."""
    plan = plan_study(study, memory=memory)
    workers = len(client.scheduler_info(n_workers=-1)["workers"])
    crew = Workers(("all in one process",), workers, 1, limits_here(memory), {}, {})
    cluster, heard, came = Cluster(client, "pretended", 60.0), Heard(), []
    with patch.object(round_, "train_unit", sleeper(seconds)):
        began, busy, theirs = time.perf_counter(), time.process_time(), workers_cpu(client)
        stopped = executor.play_on_cluster(cluster, crew, plan, heard, came.append, data_dir=None, ship=False)
        wall, cpu = time.perf_counter() - began, time.process_time() - busy
    if stopped is not None:
        raise stopped
    own = {"workers": workers, "chunks": len(plan.chunks), "seconds_a_chunk": seconds}
    told = {"wall_s": wall, "client_cpu_s": cpu, "workers_cpu_s": workers_cpu(client) - theirs}
    return {**own, "events": heard.events, **told}


def workers_cpu(client: Any) -> float:
    """CPU seconds of the process in which all workers live."""
    address = next(iter(client.scheduler_info(n_workers=1)["workers"]))
    return client.run(time.process_time, workers=[address])[address]

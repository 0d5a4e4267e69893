"""From what `--cluster` says to a connected cluster with workers.

`local:2` starts two worker processes here, `tcp://HOST:PORT` (or tls://) joins a scheduler that runs
somewhere, and the name of a TOML file has a batch system start the workers (study/cluster/batch_system.py).
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shoal.cluster.optional_packages import distributed
from shoal.errors import ClusterError

SECONDS_TO_CONNECT = 10.0
SECONDS_FOR_WORKERS = 60.0
_ADDRESS = re.compile(r"(tcp|tls|ucx|ws|wss)://\S+")


@dataclass(frozen=True)
class Cluster:
    """A connected `distributed.Client`, what was asked for, and how long to wait where no worker is there."""

    client: Any
    text: str
    seconds_for_workers: float


@contextmanager
def connected(asked: Any) -> Iterator[Cluster]:
    """The cluster that was asked for, with a worker at least; what was started for it ends afterwards.

    `asked` is the text of `--cluster`, the path of a TOML file, or a `distributed.Client` or a Cluster, which
    stay open. Raises ClusterError.
    """
    if isinstance(asked, Cluster):
        yield asked
        return
    module = distributed()
    with ExitStack() as stack:
        if isinstance(asked, module.Client):
            cluster = _own(asked)
        else:
            stack.enter_context(_quiet(module))
            cluster = _opened(str(asked), stack)
        _await_workers(cluster)
        yield cluster


def _own(client: Any) -> Cluster:
    if client.asynchronous:
        raise ClusterError(
            "The client given as `cluster` is asynchronous.", "Give distributed.Client(address) without that."
        )
    address = client.scheduler.address if client.scheduler else "no scheduler"
    return Cluster(client, f"client of {address}", SECONDS_FOR_WORKERS)


def _opened(text: str, stack: ExitStack) -> Cluster:
    if text.startswith("local:"):
        from shoal.cluster.local import local_workers

        return Cluster(stack.enter_context(local_workers(_count(text))), text, SECONDS_FOR_WORKERS)
    if _ADDRESS.fullmatch(text):
        return Cluster(stack.enter_context(_client(text)), text, SECONDS_FOR_WORKERS)
    if text.endswith(".toml"):
        from shoal.cluster.batch_system import batch_workers, load_batch_system

        described = load_batch_system(Path(text))
        return Cluster(stack.enter_context(batch_workers(described)), text, described.wait)
    raise ClusterError(
        f"--cluster {text!r} names no cluster.",
        "Expected local:N (N worker processes here), tcp://HOST:PORT (a running Dask scheduler) or "
        "FILE.toml (a batch system such as SLURM; docs/scaling.md).",
    )


def _count(text: str) -> int:
    number = text.partition(":")[2]
    if not re.fullmatch(r"[1-9]\d{0,3}", number):
        raise ClusterError(
            f"--cluster {text!r}: {number or 'nothing'} is no number of workers.",
            "Expected local:N with N from 1 to 9999, as in local:2.",
        )
    return int(number)


@contextmanager
def _client(address: str) -> Iterator[Any]:
    """A client of the scheduler at an address. Raises ClusterError where none answers."""
    try:
        client = distributed().Client(address, timeout=SECONDS_TO_CONNECT, set_as_default=False)
    except (OSError, TimeoutError, ValueError, TypeError) as error:
        reason = str(error).strip().splitlines()
        raise ClusterError(
            f"No Dask scheduler answers at {address}{f': {reason[0]}' if reason else ''}.",
            "Start one there with `dask scheduler`, and workers with `dask worker ADDRESS --nthreads 1`; "
            "or use --cluster local:N.",
        ) from None
    with client:
        yield client


def _await_workers(cluster: Cluster) -> None:
    try:
        cluster.client.wait_for_workers(1, timeout=cluster.seconds_for_workers)
    except TimeoutError:
        raise no_workers(cluster) from None


def no_workers(cluster: Cluster) -> ClusterError:
    """What to say where a cluster has had no worker for so long."""
    return ClusterError(
        f"The cluster {cluster.text} has had no worker for {cluster.seconds_for_workers:.0f} s.",
        "Start some: `dask worker ADDRESS --nthreads 1` on each machine, or look why the batch system's jobs "
        "do not start (`wait` in the cluster's file gives them longer).",
    )


@contextmanager
def _quiet(module: Any) -> Iterator[None]:
    """Dask's own log lines are left out: what matters of them is said by errors and notes here."""
    with module.utils.silence_logging_cmgr(logging.CRITICAL + 1):
        yield

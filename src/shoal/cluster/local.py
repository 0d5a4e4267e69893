"""Worker processes on this machine, started as anybody would start them: `dask spec ... distributed.Nanny`.

Not by multiprocessing, which would run the caller's script again in each of them. Each has a session of its
own, so that Ctrl-C in the terminal reaches the client alone, and a nanny that restarts it when it is killed.
The cores are dealt out among the workers; each computes with as many threads as the whole machine would use,
since the bits depend on that number (training/threads.py).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from shoal.cluster.optional_packages import distributed
from shoal.errors import ClusterError
from shoal.training.runtime import threads_here

SECONDS_TO_START = 60.0
SECONDS_TO_END = 5.0


@contextmanager
def local_workers(count: int) -> Iterator[Any]:
    """A client of `count` workers, one task at a time in each.

    Where JAX can use GPUs each worker has one of its own. Raises ClusterError where there are fewer, and
    where the workers do not start.
    """
    gpus = gpus_here()
    if gpus and len(gpus) < count:
        raise ClusterError(
            f"--cluster local:{count}: this machine has {len(gpus)} GPU{'s' * (len(gpus) != 1)}.",
            f"Use local:{len(gpus)}, one worker for each; or set JAX_PLATFORMS=cpu to train on its cores.",
        )
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="shoal-workers-")))
        cluster = stack.enter_context(
            distributed().LocalCluster(
                n_workers=0,
                processes=True,
                host="127.0.0.1",
                dashboard_address="127.0.0.1:0",
                silence_logs=False,
            )
        )
        client = stack.enter_context(distributed().Client(cluster, set_as_default=False))
        nannies = [
            _start(cluster.scheduler_address, number, count, gpus[number] if gpus else None, folder)
            for number in range(count)
        ]
        stack.callback(_end, nannies)
        _await(client, nannies, folder)
        yield client


def gpus_here() -> list[str]:
    """The GPUs that JAX could use here, as CUDA_VISIBLE_DEVICES names them. Nothing is initialized."""
    from importlib.util import find_spec

    wanted = os.environ.get("JAX_PLATFORMS", "cuda")
    if not any(find_spec(f"jax_cuda{version}_plugin") for version in (12, 13)):
        return []
    if not {"cuda", "gpu"} & set(wanted.split(",")):
        return []
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return [name for name in visible.split(",") if name not in ("", "-1")]
    try:
        listed = subprocess.run(["nvidia-smi", "--list-gpus"], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return []
    lines = listed.stdout.splitlines() if listed.returncode == 0 else []
    return [str(number) for number, line in enumerate(lines) if line.startswith("GPU ")]


def _start(address: str, number: int, count: int, gpu: str | None, folder: Path) -> subprocess.Popen[bytes]:
    environment = {"NPROC": str(threads_here())}
    if gpu is not None:
        environment["CUDA_VISIBLE_DEVICES"] = gpu
    options = {
        "name": f"local-{number}",
        "nthreads": 1,
        "host": "127.0.0.1",
        "dashboard": False,
        "memory_limit": 0,  # the plan's chunks keep within a budget; Dask's limit would kill them
        "local_directory": str(folder),
        "death_timeout": SECONDS_TO_START,
        **({} if gpu is None else {"resources": {"GPU": 1}}),
    }
    spec = json.dumps({"cls": "distributed.Nanny", "opts": options})
    with (folder / f"worker-{number}.log").open("wb") as log:
        nanny = subprocess.Popen(
            [sys.executable, "-m", "dask", "spec", address, "--spec", spec],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, **environment},
            start_new_session=True,
        )
    if gpu is None and hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(nanny.pid, cores[number % len(cores) :: count])
    return nanny


def _await(client: Any, nannies: list[subprocess.Popen[bytes]], folder: Path) -> None:
    until = time.monotonic() + SECONDS_TO_START
    while len(client.scheduler_info(n_workers=-1)["workers"]) < len(nannies):
        ended = [number for number, nanny in enumerate(nannies) if nanny.poll() is not None]
        if ended or time.monotonic() > until:
            said = (folder / f"worker-{(ended or [0])[0]}.log").read_text(errors="replace").strip()
            last = said.splitlines()[-1] if said else "it said nothing"
            raise ClusterError(f"A local worker did not start: {last}", "Try `python -m dask spec --help`.")
        time.sleep(0.05)


def _end(nannies: list[subprocess.Popen[bytes]]) -> None:
    """Nannies end with their workers when they are asked to (SIGTERM), else by force."""
    for nanny in nannies:
        nanny.terminate()
    until = time.monotonic() + SECONDS_TO_END
    for nanny in nannies:
        try:
            nanny.wait(max(0.1, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            _kill_group(nanny)


def _kill_group(nanny: subprocess.Popen[bytes]) -> None:
    import signal

    try:
        os.killpg(nanny.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    nanny.wait()

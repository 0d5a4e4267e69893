"""What a worker does with one work unit: make the plan, train, send the packed results back.

Everything that comes and goes is plain: texts, numbers, bytes of safetensors files. Every worker makes the
same plan from the same description.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
import threading
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shoal.cluster.messages import EventSender, worker_name
from shoal.errors import ClusterError, RunError, ShoalError
from shoal.folder import Folder
from shoal.population.memory import DeviceLimits
from shoal.population.plan import Plan
from shoal.runs.fingerprint import data_fingerprints, plan_as_json, versions
from shoal.training.runtime import pin_threads

if TYPE_CHECKING:
    from shoal.population.program import Chunk
    from shoal.population.train import ChunkResult, Report
    from shoal.runs.checkpoints import TeamCheckpoints


@dataclass(frozen=True)
class TaskSpec:
    """The study, where its files may lie, the limits of a chunk, and what the plan must come out as.

    `origin` holds versions and data (study/origin.py) and the SHA-256 of the plan, whose description would
    grow with every chunk; `topic` names the events by which workers tell their progress, each of a chunk
    `pause` seconds after the one before it at the least. `run` is the run's folder, for workers that see it:
    they keep a checkpoint there every so many seconds.
    """

    text: str
    folder: str
    data_dir: str | None
    limits: tuple[float, int, float, float]
    threads: int
    origin: dict[str, Any]
    topic: str
    pause: float
    run: str | None
    every: float

    def plain(self) -> dict[str, Any]:
        """As values that any transport can carry."""
        return {**asdict(self), "limits": list(self.limits)}

    @classmethod
    def read(cls, plain: dict[str, Any]) -> TaskSpec:
        """The order that `plain` gave."""
        return cls(**{**plain, "limits": tuple(plain["limits"])})

    @property
    def device_limits(self) -> DeviceLimits:
        """The limits by which everybody plans."""
        return DeviceLimits(*self.limits)

    @property
    def digest(self) -> str:
        """The same for orders of the same plan."""
        told = [self.text, self.folder, self.data_dir, list(self.limits), self.origin]
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def task_spec(
    plan: Plan,
    data_dir: str | Path | None,
    limits: DeviceLimits,
    threads: int,
    *,
    topic: str,
    pause: float = 1.0,
    run: str | None = None,
    every: float = 60.0,
) -> TaskSpec:
    """The order for a plan that was made with these limits, here."""
    return TaskSpec(
        plan.study.text,
        str((plan.study.folder or Path.cwd()).resolve()),
        None if data_dir is None else str(Path(data_dir).resolve()),
        (limits.memory, limits.widest, limits.least_work, limits.bytes),
        threads,
        {"versions": versions(), "plan": digest_of(plan), "data": data_fingerprints(plan)},
        topic,
        pause,
        run,
        every,
    )


def digest_of(plan: Plan) -> str:
    """The SHA-256 of a plan's description."""
    return hashlib.sha256(json.dumps(plan_as_json(plan), sort_keys=True).encode()).hexdigest()


def other_versions(client: Mapping[str, str], worker: Mapping[str, str]) -> list[str]:
    """Which packages differ: "numpy: 2.4.1 here, 2.3.0 there"."""
    names = sorted({*client, *worker})
    return [
        f"{name}: {client.get(name, 'none')} here, {worker.get(name, 'none')} there"
        for name in names
        if client.get(name) != worker.get(name)
    ]


_ONE_AT_A_TIME = threading.Lock()
_kept: tuple[str, Plan] | None = None  # the plan of the last order: one a process


def train_unit(plain: dict[str, Any], unit: list[int], parcel: bytes | None = None) -> dict[str, Any]:
    """Train the chunks of these indices: a team, or members of a full-batch program.

    Gives {"chunks": packed results}, with "error" (class, what, remedy) for what a user can mend, which Dask
    must not try again; or {"missing": why} where the data are not to be seen here and `parcel` is needed.
    """
    order = TaskSpec.read(plain)
    try:
        plan = _planned(order, parcel)
    except _Unseen as unseen:
        return {"missing": str(unseen)}
    except ShoalError as error:
        return {"chunks": [], "error": _plain(error)}
    return _train(plan, unit, order)


def _train(plan: Plan, unit: list[int], order: TaskSpec) -> dict[str, Any]:
    from shoal.population.train import train_team
    from shoal.population.train_chunks import train_chunks

    chunks = [plan.chunks[index] for index in unit]
    results: list[bytes] = []
    teller = EventSender(order.topic, order.pause)
    full_batch = chunks[0].program.full_batch
    teams = tuple((chunk,) for chunk in chunks) if full_batch else (tuple(chunks),)
    own = replace(plan, chunks=tuple(chunks), teams=teams)

    def train(team: Sequence[Chunk], report: Report) -> list[ChunkResult]:
        return train_team(team, report, _checkpoints(team, order, teller))

    try:
        stopped = train_chunks(own, teller, train, lambda result: results.append(_packed(result)))
    except RunError as error:  # a checkpoint could not be written
        stopped = error
    teller.ended()
    if isinstance(stopped, ShoalError):
        cell = chunks[0].program.cells[chunks[0].cells[0]].label
        return {"chunks": results, "error": _plain(stopped, f" (cell {cell}, on worker {worker_name()})")}
    return {"chunks": results}


def _checkpoints(team: Sequence[Chunk], order: TaskSpec, teller: EventSender) -> TeamCheckpoints | None:
    """In the run's folder, where that is to be seen from here."""
    from shoal.runs.checkpoints import TeamCheckpoints
    from shoal.runs.shared_checkpoints import WorkerCheckpoints

    if order.run is None:
        return None
    folder = WorkerCheckpoints(Path(order.run), order.topic, teller.on_note)
    if not folder.usable:
        return None

    def told(step: int) -> None:
        for chunk in team:
            teller.resumed(chunk, step)

    return TeamCheckpoints(folder, team, order.every, told)


def _packed(result: ChunkResult) -> bytes:
    """A result without the weights that nobody asked for."""
    from shoal.runs.chunk_file import pack

    unwanted = result.chunk.program.settings.record.weights == "none"
    return pack(replace(result, weights={}) if unwanted else result)


class _Unseen(Exception):
    """The study's files are not what the client has, or not there."""


def _planned(order: TaskSpec, parcel: bytes | None) -> Plan:
    global _kept
    with _ONE_AT_A_TIME:
        if _kept is None or _kept[0] != order.digest:
            pin_threads(order.threads)
            _kept = None  # its memory is free before the next is made
            _kept = order.digest, _made(order, parcel)
        return _kept[1]


def _made(order: TaskSpec, parcel: bytes | None) -> Plan:
    """The plan of an order. Raises ClusterError where it is not what the client has."""
    from shoal.runs.fingerprint import data_fingerprints, versions

    if found := other_versions(order.origin["versions"], versions()):
        raise ClusterError(
            f"Worker {worker_name()} has other versions than the client: {'; '.join(found)}.",
            "Install the same ones in both places.",
        )
    try:
        plan = _from_files(order) if parcel is None else _from_parcel(order, parcel)
    except ShoalError as error:
        if parcel is not None:
            raise
        raise _Unseen(str(error)) from None
    if data_fingerprints(plan) != order.origin["data"]:
        if parcel is None:
            raise _Unseen("the data here are others")
        raise ClusterError(
            f"The data that reached worker {worker_name()} have another fingerprint.", "Run it again."
        )
    if digest_of(plan) != order.origin["plan"]:
        raise ClusterError(
            f"Worker {worker_name()} makes another plan of the study than the client.",
            "Is it the same Shoal? Functions that are registered in Python are known to one process only.",
        )
    return plan


def _from_files(order: TaskSpec) -> Plan:
    from shoal.data.inputs import Loader

    folder = Path(order.folder)
    return _plan(order, folder, Loader(order.data_dir, download=False, folder=folder))


def _from_parcel(order: TaskSpec, parcel: bytes) -> Plan:
    from shoal.cluster.transfer import unpack_parcel
    from shoal.data.inputs import Loader

    datasets, files = unpack_parcel(parcel)
    with tempfile.TemporaryDirectory(prefix="shoal-study-") as folder:
        with Folder.open(folder) as own:
            for name, content in files.items():
                for depth in range(1, len(parts := name.split("/"))):
                    own.make_folder("/".join(parts[:depth]))
                own.create(name, content)
        return _plan(order, Path(folder), Loader(download=False, datasets=datasets, folder=Path(folder)))


def _plan(order: TaskSpec, folder: Path, loader: Any) -> Plan:
    from shoal.population.plan import plan_within
    from shoal.study.load import make_study

    study = make_study(tomllib.loads(order.text), order.text, folder=folder)
    return plan_within(study, loader, order.device_limits)


def _plain(error: ShoalError, where: str = "") -> list[str]:
    return [type(error).__name__, error.what + where, error.remedy]

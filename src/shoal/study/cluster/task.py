"""What a worker does with one unit of a plan: make the plan, train, send the packed results back.

Everything that comes and goes is plain: texts, numbers, bytes of safetensors files.
"""

from __future__ import annotations

import tempfile
import threading
import tomllib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shoal.errors import ClusterError, RunError, ShoalError
from shoal.files import Folder
from shoal.study.cluster.order import Order, digest_of, other_versions
from shoal.study.cluster.words import Teller, worker_name
from shoal.study.plan import Plan
from shoal.training.threads import pin_threads

if TYPE_CHECKING:
    from shoal.study.checkpoints import TeamCheckpoints
    from shoal.study.program import Chunk
    from shoal.study.train import ChunkResult, Report

_ONE_AT_A_TIME = threading.Lock()
_kept: tuple[str, Plan] | None = None  # the plan of the last order: one a process


def train_unit(plain: dict[str, Any], unit: list[int], parcel: bytes | None = None) -> dict[str, Any]:
    """Train the chunks of these indices: a team, or members of a full-batch program.

    Gives {"chunks": packed results}, with "error" (class, what, remedy) for what a user can mend, which Dask
    must not try again; or {"missing": why} where the data are not to be seen here and `parcel` is needed.
    """
    order = Order.read(plain)
    try:
        plan = _planned(order, parcel)
    except _Unseen as unseen:
        return {"missing": str(unseen)}
    except ShoalError as error:
        return {"chunks": [], "error": _plain(error)}
    return _train(plan, unit, order)


def _train(plan: Plan, unit: list[int], order: Order) -> dict[str, Any]:
    from shoal.study.chunks import play_chunks
    from shoal.study.train import train_team

    chunks = [plan.chunks[index] for index in unit]
    results: list[bytes] = []
    teller = Teller(order.topic, order.pause)
    full_batch = chunks[0].program.full_batch
    teams = tuple((chunk,) for chunk in chunks) if full_batch else (tuple(chunks),)
    own = replace(plan, chunks=tuple(chunks), teams=teams)

    def train(team: Sequence[Chunk], report: Report) -> list[ChunkResult]:
        return train_team(team, report, _checkpoints(team, order, teller))

    try:
        stopped = play_chunks(own, teller, train, lambda result: results.append(_packed(result)))
    except RunError as error:  # a checkpoint could not be written
        stopped = error
    teller.ended()
    if isinstance(stopped, ShoalError):
        cell = chunks[0].program.cells[chunks[0].cells[0]].label
        return {"chunks": results, "error": _plain(stopped, f" (cell {cell}, on worker {worker_name()})")}
    return {"chunks": results}


def _checkpoints(team: Sequence[Chunk], order: Order, teller: Teller) -> TeamCheckpoints | None:
    """In the run's folder, where that is to be seen from here."""
    from shoal.study.checkpoints import TeamCheckpoints
    from shoal.study.shared_folder import SharedFolder

    if order.run is None:
        return None
    folder = SharedFolder(Path(order.run), order.topic, teller.noted)
    if not folder.usable:
        return None

    def told(step: int) -> None:
        for chunk in team:
            teller.resumed(chunk, step)

    return TeamCheckpoints(folder, team, order.every, told)


def _packed(result: ChunkResult) -> bytes:
    """A result without the weights that nobody asked for."""
    from shoal.study.chunk_file import pack

    unwanted = result.chunk.program.settings.record.weights == "none"
    return pack(replace(result, weights={}) if unwanted else result)


class _Unseen(Exception):
    """The study's files are not what the client has, or not there."""


def _planned(order: Order, parcel: bytes | None) -> Plan:
    global _kept
    with _ONE_AT_A_TIME:
        if _kept is None or _kept[0] != order.digest:
            pin_threads(order.threads)
            _kept = None  # its memory is free before the next is made
            _kept = order.digest, _made(order, parcel)
        return _kept[1]


def _made(order: Order, parcel: bytes | None) -> Plan:
    """The plan of an order. Raises ClusterError where it is not what the client has."""
    from shoal.study.origin import data_of, versions

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
    if data_of(plan) != order.origin["data"]:
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


def _from_files(order: Order) -> Plan:
    from shoal.study.inputs import Loader

    folder = Path(order.folder)
    return _plan(order, folder, Loader(order.data_dir, download=False, folder=folder))


def _from_parcel(order: Order, parcel: bytes) -> Plan:
    from shoal.study.cluster.parcel import unpack_parcel
    from shoal.study.inputs import Loader

    datasets, files = unpack_parcel(parcel)
    with tempfile.TemporaryDirectory(prefix="shoal-study-") as folder:
        with Folder.open(folder) as own:
            for name, content in files.items():
                for depth in range(1, len(parts := name.split("/"))):
                    own.make_folder("/".join(parts[:depth]))
                own.create(name, content)
        return _plan(order, Path(folder), Loader(download=False, datasets=datasets, folder=Path(folder)))


def _plan(order: Order, folder: Path, loader: Any) -> Plan:
    from shoal.study.load import make_study
    from shoal.study.run import plan_within

    study = make_study(tomllib.loads(order.text), order.text, folder=folder)
    return plan_within(study, loader, order.device_limits)


def _plain(error: ShoalError, where: str = "") -> list[str]:
    return [type(error).__name__, error.what + where, error.remedy]

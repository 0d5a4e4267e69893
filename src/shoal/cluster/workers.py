"""The workers of a cluster, asked before anything is planned: what they have must be the same everywhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from shoal.cluster.connect import Cluster, no_workers
from shoal.cluster.task import other_versions
from shoal.errors import ClusterError
from shoal.population.memory import DeviceLimits, limits_here
from shoal.runs.fingerprint import surroundings, versions
from shoal.training.runtime import pin_threads, pinned_threads, threads_here

MOST_NAMED = 5


@dataclass(frozen=True)
class Workers:
    """What the workers have in common, how many tasks they take at a time, and what is remarkable."""

    names: tuple[str, ...]
    slots: int
    threads: int
    limits: DeviceLimits
    surroundings: dict[str, Any]
    resources: dict[str, float]
    notes: tuple[str, ...] = field(default=())


def threads_of_worker() -> dict[str, Any]:
    """On a worker, before JAX begins: the versions and the threads it has or would have."""
    return {"versions": versions(), "threads": threads_here(), "pinned": pinned_threads()}


def device_of_worker(threads: int) -> dict[str, Any]:
    """On a worker: its surroundings and its device's limits, JAX begun with so many threads."""
    pin_threads(threads)
    return {**surroundings(), "limits": asdict(limits_here())}


def ask_workers(cluster: Cluster, memory: float | None) -> Workers:
    """What the workers have. `memory` stands in place of what suits the device.

    Raises ClusterError where versions differ from the client's, or where a worker cannot answer.
    """
    first = _answers(cluster, threads_of_worker)
    _require_versions(first)
    pinned = [answer["pinned"] for answer in first.values() if answer["pinned"] is not None]
    threads = min(pinned or [answer["threads"] for answer in first.values()])
    answers = _answers(cluster, device_of_worker, threads)
    common = next(iter(answers.values()))
    least = {name: min(one["limits"][name] for one in answers.values()) for name in common["limits"]}
    limits = DeviceLimits(**{**least, "memory": least["memory"] if memory is None else memory})
    known = cluster.client.scheduler_info(n_workers=-1)["workers"]
    slots = {address: known[address]["nthreads"] for address in answers if address in known}
    gpus = any(known[address]["resources"].get("GPU") for address in slots)
    return Workers(
        tuple(answers),
        len(slots) if gpus else sum(slots.values()),
        threads,
        limits,
        {name: common[name] for name in ("versions", "device", "flags")},
        {"GPU": 1} if gpus else {},
        (*_uneven(answers, common), *_crowded(slots)),
    )


def _answers(cluster: Cluster, function: Any, *arguments: Any) -> dict[str, Any]:
    try:
        found = cluster.client.run(function, *arguments, on_error="return")
    except (ModuleNotFoundError, AttributeError) as error:
        raise _no_shoal(error) from None
    except (OSError, TimeoutError) as error:
        raise ClusterError(f"The workers do not answer: {error}", "Start them anew.") from None
    if not found:
        raise no_workers(cluster)
    for address, answer in found.items():
        if isinstance(answer, ClusterError):
            raise ClusterError(f"Worker {address}: {answer.what}", answer.remedy)
        if isinstance(answer, (ModuleNotFoundError, AttributeError)):
            raise _no_shoal(answer, f" {address}")
        if isinstance(answer, BaseException):
            raise ClusterError(
                f"Worker {address} cannot begin: {type(answer).__name__}: {answer}", "Start it anew."
            )
    return found


def _no_shoal(error: Exception, where: str = "s") -> ClusterError:
    from shoal.version import __version__

    return ClusterError(
        f"The worker{where} cannot load this version of Shoal: {error}.",
        f'Install it in their Python: pip install "shoal[cluster]=={__version__}".',
    )


def _require_versions(answers: Mapping[str, Mapping[str, Any]]) -> None:
    here, wrong = versions(), []
    for address, answer in answers.items():
        found = other_versions(here, answer["versions"])
        if found:
            wrong.append(f"  {address}: {'; '.join(found)}")
    if wrong:
        more = [f"  and {len(wrong) - MOST_NAMED} more"] if len(wrong) > MOST_NAMED else []
        listed = "\n".join([*wrong[:MOST_NAMED], *more])
        raise ClusterError(
            f"Workers have other versions than the client:\n{listed}",
            "Install the same ones in both places: other versions may compute other bits.",
        )


def _uneven(answers: Mapping[str, Mapping[str, Any]], common: Mapping[str, Any]) -> list[str]:
    """Devices on which the same program may give other last digits."""
    kinds = {f"{one['device']['device']}, {one['device']['processor']}" for one in answers.values()}
    flags = {one["flags"]["XLA_FLAGS"] for one in answers.values()}
    found = []
    if len(kinds) > 1:
        found.append(
            f"The workers' devices differ ({'; '.join(sorted(kinds)[:MOST_NAMED])}): a chunk's last digits "
            "depend on who trains it."
        )
    if len(flags) > 1:
        found.append(f"The workers' XLA_FLAGS differ: {'; '.join(sorted(repr(one) for one in flags))}.")
    return found


def _crowded(slots: Mapping[str, int]) -> list[str]:
    crowded = [address for address, threads in slots.items() if threads > 1]
    if not crowded:
        return []
    return [
        f"{len(crowded)} of {len(slots)} workers take several chunks at a time, which then share their cores "
        "and memory: start workers with --nthreads 1."
    ]

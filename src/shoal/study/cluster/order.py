"""What every worker of a run is told: plain values, from which it makes the same plan as everybody."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from shoal.study.device_limits import DeviceLimits
from shoal.study.origin import data_of, plain_plan, versions
from shoal.study.plan import Plan


@dataclass(frozen=True)
class Order:
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
    def read(cls, plain: dict[str, Any]) -> Order:
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


def order_of(
    plan: Plan,
    data_dir: str | Path | None,
    limits: DeviceLimits,
    threads: int,
    *,
    topic: str,
    pause: float = 1.0,
    run: str | None = None,
    every: float = 60.0,
) -> Order:
    """The order for a plan that was made with these limits, here."""
    return Order(
        plan.study.text,
        str((plan.study.folder or Path.cwd()).resolve()),
        None if data_dir is None else str(Path(data_dir).resolve()),
        (limits.memory, limits.widest, limits.least_work, limits.bytes),
        threads,
        {"versions": versions(), "plan": digest_of(plan), "data": data_of(plan)},
        topic,
        pause,
        run,
        every,
    )


def digest_of(plan: Plan) -> str:
    """The SHA-256 of a plan's description."""
    return hashlib.sha256(json.dumps(plain_plan(plan), sort_keys=True).encode()).hexdigest()


def other_versions(client: Mapping[str, str], worker: Mapping[str, str]) -> list[str]:
    """Which packages differ: "numpy: 2.4.1 here, 2.3.0 there"."""
    names = sorted({*client, *worker})
    return [
        f"{name}: {client.get(name, 'none')} here, {worker.get(name, 'none')} there"
        for name in names
        if client.get(name) != worker.get(name)
    ]

"""What a run was begun with, as far as its bits depend on it: versions, device, plan and data."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from shoal.study.plan import Plan
from shoal.version import __version__

_VERSIONS = ("jax", "jaxlib", "numpy", "optax", "scipy", "scikit-learn")  # those that compute


def origin_of(plan: Plan, where: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """In plain values, as run.json keeps it. `where` are the surroundings of whoever trains, if not here."""
    return {**(where or surroundings()), "plan": plain_plan(plan), "data": data_of(plan)}


def surroundings() -> dict[str, Any]:
    """Versions, device and flags of this process."""
    from shoal.training.runtime import device_text
    from shoal.training.threads import threads_here

    device = device_text()
    threads = {"threads": str(threads_here())} if device.startswith("cpu") else {}
    return {
        "versions": versions(),
        "device": {"device": device, "processor": _processor(), **threads},
        "flags": {"XLA_FLAGS": os.environ.get("XLA_FLAGS", "")},
    }


def versions() -> dict[str, str]:
    """Of Shoal and of the packages that compute."""
    return {"shoal": __version__, **{name: version(name) for name in _VERSIONS}}


def plain_plan(plan: Plan) -> dict[str, Any]:
    """The plan's description as JSON would give it back."""
    return json.loads(json.dumps(plan.describe()))


def differences(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What is no longer as it was, in words: of versions, device and plan."""
    found = []
    for table in ("versions", "device", "flags"):
        before, after = then.get(table, {}), now.get(table, {})
        for name in sorted({*before, *after}):
            if name == "threads" and name not in before:  # not yet written down then
                continue
            if before.get(name) != after.get(name):
                found.append(f"{name}: {before.get(name) or 'none'}, now {after.get(name) or 'none'}")
    if then.get("plan") != now.get("plan"):
        was, chunks = len(then.get("plan", {}).get("chunks", ())), len(now["plan"]["chunks"])
        found.append(f"plan: {_chunks(was)}, now {_chunks(chunks)} of another make (--memory, or the device)")
    return found


def data_of(plan: Plan) -> list[dict[str, Any]]:
    """What the examples are, wherever they were read from."""
    where = ("source", "notes")
    each = [program.inputs.describe() for program in plan.programs]
    return json.loads(
        json.dumps([{key: value for key, value in one.items() if key not in where} for one in each])
    )


def _chunks(count: int) -> str:
    return f"{count} chunk{'s' * (count != 1)}"


def _processor() -> str:
    """The processor's name, on which compiled programs depend: "AMD EPYC 7763 ..."."""
    listed = Path("/proc/cpuinfo")
    if listed.exists():
        for line in listed.read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()

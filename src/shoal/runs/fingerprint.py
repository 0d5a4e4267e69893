"""What a run was begun with, as far as its bits depend on it: versions, device, plan and data."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from shoal.population.plan import Plan
from shoal.text import printable
from shoal.version import __version__

MOST_BYTES = 2**28  # of run.json, which lists the chunks of its plan
MOST_NOTES, MOST_NOTE = 1000, 10_000  # notes, and the characters of one
_TABLES = ("versions", "device", "flags")
_VERSIONS = ("jax", "jaxlib", "numpy", "optax", "scipy", "scikit-learn")  # those that compute


def fingerprint(plan: Plan, where: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """In plain values, as run.json keeps it. `where` are the surroundings of whoever trains, if not here."""
    return {**(where or surroundings()), "plan": plan_as_json(plan), "data": data_fingerprints(plan)}


def surroundings() -> dict[str, Any]:
    """Versions, device and flags of this process."""
    from shoal.training.runtime import device_text, threads_here

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


def plan_as_json(plan: Plan) -> dict[str, Any]:
    """The plan's description as JSON would give it back."""
    return json.loads(json.dumps(plan.describe()))


def changed_fields(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What is no longer as it was, in words: of versions, device and plan."""
    found = []
    for table in _TABLES:
        before, after = then.get(table, {}), now.get(table, {})
        for name in sorted({*before, *after}):
            if name == "threads" and name not in before:  # not yet written down then
                continue
            if before.get(name) != after.get(name):
                was, now_is = (printable(str(one.get(name) or "none")) for one in (before, after))
                found.append(f"{printable(name)}: {was}, now {now_is}")
    if then.get("plan") != now.get("plan"):
        was, chunks = len(then.get("plan", {}).get("chunks", ())), len(now["plan"]["chunks"])
        found.append(f"plan: {_chunks(was)}, now {_chunks(chunks)} of another make (--memory, or the device)")
    return found


def read_origin(content: bytes | None) -> dict[str, Any] | None:
    """What run.json told of a run's beginning, `notes` among it; None where it tells nothing of the kind."""
    try:
        found = None if content is None else json.loads(content)
    except (ValueError, RecursionError):
        return None
    if found is None or not is_origin(found):
        return None
    notes = found.setdefault("notes", [])
    if not isinstance(notes, list) or len(notes) > MOST_NOTES:
        return None
    return found if all(isinstance(note, str) and len(note) <= MOST_NOTE for note in notes) else None


def is_origin(found: Any) -> bool:
    """Whether these plain values are of the kind that `origin_of` gives."""
    if not isinstance(found, dict):
        return False
    tables, plan = [found.get(name, {}) for name in _TABLES], found.get("plan", {})
    if not all(isinstance(table, dict) for table in tables) or not isinstance(plan, dict):
        return False
    words = all(isinstance(value, str) for table in tables for value in table.values())
    return words and isinstance(plan.get("chunks", []), list) and isinstance(found.get("data"), list)


def data_fingerprints(plan: Plan) -> list[dict[str, Any]]:
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

"""Which dotted paths can vary."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shoal.study.mistakes import nearest
from shoal.study.spec.data import DataSettings
from shoal.study.spec.network import NetworkSettings
from shoal.study.spec.training import TrainingSettings

VARIED = {"data": DataSettings, "network": NetworkSettings, "training": TrainingSettings}


def wrong_path(path: str, base: Mapping[str, Any], paths: list[str]) -> str:
    """What is wrong with a path to vary, or nothing."""
    if path.split(".")[0] not in VARIED or not all(path.split(".")) or "." not in path:
        return f"no setting of data, network or training{_meant(path)}"
    if paths.count(path) > 1:
        return "is written twice; give all its levels in one list"
    below = [other for other in paths if other.startswith(f"{path}.")]
    if below:
        return f"cannot vary together with {below[0]}, which lies within it; write whole tables as its levels"
    blocked = _blocked(base, path)
    return f"{blocked} is not a table in this study, so nothing below it can vary" if blocked else ""


def _meant(path: str) -> str:
    known = [f"{name}.{key}" for name, table in VARIED.items() for key in table.model_fields]
    last = path.rsplit(".", 1)[-1]
    same = [k for k in known if last and k.endswith(f".{last}")] or known
    hint = nearest(path if same is known else same[0], same)
    return hint if "mean" in hint else "; write for example `training.l2`"


def _blocked(base: Mapping[str, Any], path: str) -> str:
    at: Any = base
    parts = path.split(".")
    for i, name in enumerate(parts[:-1]):
        at = at.get(name, {})
        if not isinstance(at, Mapping):
            return ".".join(parts[: i + 1])
    return ""

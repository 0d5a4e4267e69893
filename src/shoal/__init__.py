"""Shoal: train whole factorial studies of small networks as one compiled computation.

Importing this package loads nothing heavy; each public name loads its room on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from shoal.version import __version__ as __version__

if TYPE_CHECKING:
    from shoal.api import run as run
    from shoal.runs.read_write import open_run as open_run
    from shoal.study.load import load_study as load_study
    from shoal.study.settings.study import Study as Study


_HOME = {
    "Study": "shoal.study.settings.study",
    "load_study": "shoal.study.load",
    "run": "shoal.api",
    "open_run": "shoal.runs.read_write",
}
_ROOMS = (
    "analysis",
    "data",
    "doctor",
    "errors",
    "gradients",
    "layers",
    "network",
    "report",
    "search",
    "study",
    "training",
)
__all__ = ["Study", "__version__", "load_study", "open_run", "run"]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    if name in _ROOMS:
        return import_module(f"shoal.{name}")
    raise AttributeError(f"module 'shoal' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, *_ROOMS])

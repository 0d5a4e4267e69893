"""Shoal: train whole factorial studies of small networks as one compiled computation.

Importing this package loads nothing heavy; each public name loads its room on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from shoal.version import __version__ as __version__

if TYPE_CHECKING:
    from shoal.study.load import load_study as load_study
    from shoal.study.run import run as run
    from shoal.study.spec import Study as Study
    from shoal.study.store import open_run as open_run


_HOME = {
    "Study": "shoal.study.spec",
    "load_study": "shoal.study.load",
    "run": "shoal.study.run",
    "open_run": "shoal.study.store",
}
_ROOMS = ("analysis", "data", "errors", "gradients", "layers", "network", "report", "study", "training")
__all__ = ["Study", "__version__", "load_study", "open_run", "run"]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    if name in _ROOMS:
        return import_module(f"shoal.{name}")
    raise AttributeError(f"module 'shoal' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, *_ROOMS])

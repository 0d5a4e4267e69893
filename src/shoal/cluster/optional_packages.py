"""Packages that only a cluster needs, loaded when one is asked for."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from shoal.errors import ClusterError


def distributed() -> Any:
    """Dask's `distributed`. Raises ClusterError where it is not installed."""
    return _loaded("distributed", 'pip install "shoal[cluster]"')


def dask_jobqueue() -> Any:
    """`dask_jobqueue`. Raises ClusterError where it is not installed."""
    return _loaded("dask_jobqueue", "pip install dask-jobqueue")


def _loaded(name: str, command: str) -> Any:
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in (name, "dask"):
            raise
        raise ClusterError(f"A cluster needs {name}, which is not installed here.", command) from None

"""One small cluster for all tests of this folder: two worker processes on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import shoal
from on_clusters import DATA, RAW
from shoal.cluster.connect import connected
from shoal.study.load import make_study


@pytest.fixture(scope="session")
def client() -> Iterator[Any]:
    """A `distributed.Client` of two local workers."""
    with connected("local:2") as cluster:
        yield cluster.client


@pytest.fixture(scope="session")
def alone() -> Any:
    """The study as one machine trains it."""
    return shoal.run(make_study(RAW), dataset=DATA, check=False)

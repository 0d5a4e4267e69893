"""One small cluster for all tests of this folder: two worker processes on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from shoal.study.cluster.connect import connected


@pytest.fixture(scope="session")
def client() -> Iterator[Any]:
    """A `distributed.Client` of two local workers."""
    with connected("local:2") as cluster:
        yield cluster.client

"""No test of data reads or writes the user's own folders."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Path:
    """An empty user cache for each test, and no data folder but those that the test names."""
    if "real_data" in request.keywords:
        request.getfixturevalue("real_data_dir")  # reads the environment first
    cache = tmp_path / "user-cache"
    monkeypatch.setenv("SHOAL_CACHE_DIR", str(cache))
    monkeypatch.delenv("SHOAL_DATA_DIR", raising=False)
    return cache

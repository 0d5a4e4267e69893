"""One command proves the style too: ruff, pyright and import-linter are part of the test run."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def _run(*command: str) -> None:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def _tool(name: str) -> str:
    beside = Path(sys.executable).parent / name
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed: pip install '.[test]'")
    return found


def test_ruff_finds_nothing() -> None:
    _run(_tool("ruff"), "check", "--no-cache", ".")


def test_ruff_would_format_nothing_differently() -> None:
    _run(_tool("ruff"), "format", "--no-cache", "--check", ".")


def test_pyright_finds_nothing() -> None:
    _run(_tool("pyright"), "--pythonpath", sys.executable, "src")


def test_no_room_imports_upward() -> None:
    _run(_tool("lint-imports"), "--no-cache")

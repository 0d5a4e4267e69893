"""One command proves the style too: ruff, pyright and import-linter are part of the test run."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

# Layers and figures are one file a kind; the report and the doctor are a page, a terminal and their parts.
LARGEST_FOLDERS = {"layers": 25, "figures": 16, "report": 17, "population": 16}

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


def test_no_room_imports_upward_or_sideways() -> None:
    _run(_tool("lint-imports"), "--no-cache")


def test_no_circle_of_modules() -> None:
    """Imports within functions and for types count too."""
    grimp = pytest.importorskip("grimp")
    graph = grimp.build_graph("shoal", cache_dir=None, exclude_type_checking_imports=False)
    uses = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    assert _circles(uses) == []


def test_circles_are_found() -> None:
    assert _circles({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a", "b"}}) == [["b", "c"]]


def test_no_file_outgrows_a_concept_and_no_folder_a_glance() -> None:
    modules = list((ROOT / "src" / "shoal").rglob("*.py"))
    lengths = {str(path): len(path.read_text().splitlines()) for path in modules}
    assert {path: n for path, n in lengths.items() if n > 320} == {}
    assert len(modules) <= 350
    counts = Counter(path.parent.name for path in modules if path.name != "__init__.py")
    assert {name: n for name, n in counts.items() if n > LARGEST_FOLDERS.get(name, 15)} == {}


def _circles(uses: dict[str, set[str]]) -> list[list[str]]:
    """The sets of modules that reach each other: what is left when those that reach no circle are removed."""
    left = dict(uses)
    while True:
        reached = set().union(*left.values()) if left else set()
        ends = [m for m, used in left.items() if not used & left.keys() or m not in reached]
        if not ends:
            break
        left = {m: used for m, used in left.items() if m not in ends}
    return [sorted(left)] if left else []

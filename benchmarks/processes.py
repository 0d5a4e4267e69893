"""What only a process of its own can tell: peak memory, compilation, start-up time."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from shoal.study.toml import to_toml
from work import NINE_LAYERS, study

STARTS = 5


def measure(data_dir: Path) -> dict[str, Any]:
    """All of it. To be called while this process is still small.

    A child's peak begins at its parent's size, which is copied on the way to the child's own program.
    """
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        return {
            **_start_up(),
            **_peak_memory(base, data_dir),
            **_compilation(base, data_dir),
        }


def _peak_memory(base: Path, data_dir: Path) -> dict[str, float]:
    """A whole `shoal run` of 50 members. The number of steps does not matter to its memory."""
    table = study(False, 50, 1, steps=40)
    _, usage = _run(_shoal_run(table, base, "memory", data_dir), _environment(base / "memory-cache"))
    unit = 1 if sys.platform == "darwin" else 1024  # ru_maxrss: bytes there, KiB elsewhere
    return {"peak_bytes_50_members": usage.ru_maxrss * unit}


def _compilation(base: Path, data_dir: Path) -> dict[str, float]:
    """Nine layers with batch norm, 32 members: seconds of compilation, cold and from the cache."""
    table = study(True, 32, 1, steps=1)
    table["network"]["hidden"] = list(NINE_LAYERS)
    found = {}
    for name in ("cold", "cached"):
        command = _shoal_run(table, base, name, data_dir)
        found[f"run_seconds_nine_layers_{name}"], _ = _run(command, _environment(base / "cache"))
        found[f"compile_seconds_nine_layers_{name}"] = _seconds_compile(base / f"run-{name}")
    return found


def _start_up() -> dict[str, float]:
    commands = {
        "seconds_python": [sys.executable, "-c", "pass"],
        "seconds_import_shoal": [sys.executable, "-c", "import shoal"],
        "seconds_shoal_help": [_shoal(), "--help"],
    }
    times: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(STARTS):
        for name, command in commands.items():
            times[name].append(_run(command, dict(os.environ))[0])
    return {name: statistics.median(values) for name, values in times.items()}


def _shoal_run(table: dict[str, Any], base: Path, name: str, data_dir: Path) -> list[str]:
    file = base / f"{name}.toml"
    file.write_text(to_toml(table))
    out = ["--out", str(base / f"run-{name}"), "--data-dir", str(data_dir), "--no-check"]
    return [_shoal(), "run", str(file), *out]


def _seconds_compile(folder: Path) -> float:
    """What the run noted, read by a child so that this process stays small."""
    code = "import sys, shoal; print(shoal.open_run(sys.argv[1]).results.attrs['seconds_compile'])"
    done = subprocess.run([sys.executable, "-c", code, str(folder)], capture_output=True, check=True)
    return float(done.stdout)


def _run(command: list[str], environment: dict[str, str]) -> tuple[float, Any]:
    """Wall seconds and resource usage of a child. Raises RuntimeError where it fails."""
    with tempfile.TemporaryFile() as said:
        began = time.perf_counter()
        child = subprocess.Popen(command, env=environment, stdout=said, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        spent = time.perf_counter() - began
        if child.returncode:
            said.seek(0)
            raise RuntimeError(f"{' '.join(command)} failed:\n{said.read().decode()}")
    return spent, usage


def _environment(cache: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if k != "JAX_COMPILATION_CACHE_DIR"}
    return {**kept, "SHOAL_CACHE_DIR": str(cache)}


def _shoal() -> str:
    beside = Path(sys.executable).parent / "shoal"
    found = str(beside) if beside.exists() else shutil.which("shoal")
    if found is None:
        raise RuntimeError("No `shoal` command was found: pip install '.[bench]'")
    return found

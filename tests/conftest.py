"""Fixtures for every room: the backends (the same equation on NumPy, on the bare standard and compiled
by JAX), and the published data sets where they are at hand."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import array_api_strict
import jax
import numpy as np
import pytest
from filelock import FileLock
from hypothesis import settings

from shoal.training.runtime import keep_compiled_programs

settings.register_profile("shoal", deadline=None)  # no test times anything
settings.load_profile("shoal")


@dataclass(frozen=True)
class Backend:
    """Runs a function of NumPy arrays on one array library, and hands NumPy arrays back."""

    name: str
    asarray: Callable[[Any], Any]
    compile: Callable[[Callable], Callable]

    def __call__(self, function: Callable, *arguments: Any) -> Any:
        """`function(*arguments)`: pytrees of NumPy arrays in and out, computed by this backend in between."""
        result = self.compile(function)(*jax.tree.map(self.asarray, arguments))
        return jax.tree.map(np.asarray, result)


BACKENDS = (
    Backend("numpy", np.asarray, lambda function: function),
    Backend("array-api-strict", array_api_strict.asarray, lambda function: function),
    Backend("jax", jax.numpy.asarray, jax.jit),
)


@pytest.fixture(params=BACKENDS, ids=lambda backend: backend.name)
def xp(request: pytest.FixtureRequest) -> Iterator[Backend]:
    """Each backend in turn, in float64 and with strict promotion of dtypes."""
    with jax.enable_x64(True), jax.numpy_dtype_promotion("strict"):
        yield request.param


@pytest.fixture
def float64() -> Iterator[None]:
    """JAX in float64, with strict promotion of dtypes."""
    with jax.enable_x64(True), jax.numpy_dtype_promotion("strict"):
        yield


@pytest.fixture
def rng() -> np.random.Generator:
    """The same random numbers in every test."""
    return np.random.default_rng(20_240_501)


@pytest.fixture(scope="session")
def real_data_dir() -> Path:
    """The folder of the published data sets: SHOAL_DATA_DIR, or laid out once from ../shared/data."""
    if env := os.environ.get("SHOAL_DATA_DIR"):
        return Path(env)
    prepare = Path(__file__).resolve().parents[2] / "shared" / "data" / "prepare"
    if not prepare.is_file():
        pytest.skip("the published data sets are not at hand: set SHOAL_DATA_DIR to their folder")
    folder = Path(tempfile.gettempdir()) / "shoal-test-data"
    with FileLock(f"{folder}.lock"):  # several test processes may want it at once
        subprocess.run([sys.executable, str(prepare), str(folder)], check=True)
    return folder


@pytest.fixture(scope="session", autouse=True)
def compiled_programs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One folder of compiled programs for all test processes: no program is compiled twice."""
    here = tmp_path_factory.getbasetemp()
    shared = here.parent if os.environ.get("PYTEST_XDIST_WORKER") else here
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SHOAL_CACHE_DIR", str(shared / "shoal-cache"))
        jax.config.update("jax_compilation_cache_max_size", 2**33)  # with a limit, JAX locks the folder
        keep_compiled_programs()
        yield

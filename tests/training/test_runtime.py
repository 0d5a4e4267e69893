"""How the process is set up for training."""

import subprocess
import sys
from types import SimpleNamespace

import pytest

from shoal.training.runtime import matrix_rate

FAULTS = """
import resource
import numpy as np
from shoal.training.runtime import keep_freed_memory

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

{call}
for _ in range(2):
    before = faults()
    np.ones(2**23)
    found = faults() - before
print(found)
"""


def faults(call: str) -> int:
    done = subprocess.run([sys.executable, "-c", FAULTS.format(call=call)], capture_output=True, check=True)
    return int(done.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="page faults are counted on Linux")
def test_memory_that_was_freed_is_used_again_without_clearing_its_pages():
    assert faults("keep_freed_memory()") <= faults("")
    assert faults("keep_freed_memory()") < 16


def test_the_matrix_rate_is_that_of_the_fastest_of_five_products(monkeypatch):
    seconds = iter([0, 4, 10, 12, 20, 23, 30, 38, 40, 49])  # 4, 2, 3, 8 and 9 s of this clock
    monkeypatch.setattr("shoal.training.runtime.time", SimpleNamespace(perf_counter=lambda: next(seconds)))
    assert matrix_rate.__wrapped__() == 2 * 512 * 2048 * 512 / 2

"""How the process is set up for training."""

import subprocess
import sys

import pytest

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

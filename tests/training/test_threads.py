"""One number of threads for all workers."""

import subprocess
import sys

import jax
import pytest

from shoal.errors import ClusterError
from shoal.training.runtime import pin_threads, threads_here

COUNT = """
import hashlib, os, sys
from shoal.training.runtime import pin_threads
pin_threads(int(sys.argv[1]))
import jax, jax.numpy as jnp
jax.numpy.ones(3).block_until_ready()
names = [open(f"/proc/self/task/{t}/comm").read().strip() for t in os.listdir("/proc/self/task")]
print(sum(name.startswith("tf_XLAEigen") for name in names))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="threads are counted in /proc")
def test_xla_computes_with_as_many_threads_as_were_pinned():
    done = subprocess.run([sys.executable, "-c", COUNT, "3"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) == 3


def test_another_number_is_refused_once_jax_has_begun():
    jax.devices()
    with pytest.raises(ClusterError, match=f"begun with {threads_here()} threads"):
        pin_threads(threads_here() + 1)

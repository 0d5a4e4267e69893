"""A ramp that is interrupted, by Ctrl-C or by its device."""

import pytest

from shoal.errors import DeviceError
from shoal.lr_range import run_ramp
from shoal.population.progress import NullListener
from small_studies import blobs, small_study

TWO_CHUNKS = {"network.batch_norm": [False, True], "seed": 2}
APART = {"train": 31}  # a last batch of one is merged in front of batch norm only, so the chunks take turns


class Stops(NullListener):
    """Raises an error when a chunk begins."""

    def __init__(self, chunk: int, error: BaseException) -> None:
        self.chunk, self.error = chunk, error

    def chunk_started(self, chunk) -> None:
        if chunk.index == self.chunk:
            raise self.error


def ramp(chunk: int, error: BaseException):
    study = small_study(data=APART, vary=TWO_CHUNKS)
    return run_ramp(study, low=1e-3, high=1.0, steps=20, dataset=blobs(), watcher=Stops(chunk, error))


def test_ctrl_c_keeps_the_chunks_that_are_finished() -> None:
    found = ramp(1, KeyboardInterrupt())
    assert found.attrs["status"] == "interrupted"
    assert found["finished"].sel(batch_norm=False).all()
    assert not found["finished"].sel(batch_norm=True).any()
    assert found["loss"].sel(batch_norm=True).isnull().all()


def test_ctrl_c_before_the_first_chunk_passes_through() -> None:
    with pytest.raises(KeyboardInterrupt):
        ramp(0, KeyboardInterrupt())


def test_a_device_that_fails_is_told_of() -> None:
    with pytest.raises(DeviceError, match="no memory"):
        ramp(1, DeviceError("The device has no memory.", "Take less."))

"""Every program of these tests is compiled once, for all runs of the same members, and of no other tests."""

from typing import Any

import pytest

import shoal
from interrupted import NARROW, RAW
from shoal.population.team import CompiledTraining
from shoal.study.load import make_study
from small_studies import blobs

MADE: dict[Any, CompiledTraining] = {}


def compiled_once(chunks, dtype):
    """The functions of these chunks: they hold nothing of a run, all of which lies in the population."""
    key = (
        str(dtype),
        *(
            (
                *(chunk.index, chunk.cells, chunk.seeds, chunk.program.inputs.dataset.fingerprint),
                *(cell.settings.model_dump_json() for cell in chunk.program.cells),
            )
            for chunk in chunks
        ),
    )
    if key not in MADE:
        MADE[key] = CompiledTraining(chunks, dtype)
    return MADE[key]


@pytest.fixture(scope="module", autouse=True)
def warm():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("shoal.population.train.CompiledTraining", compiled_once)
        yield


@pytest.fixture(scope="module")
def study():
    return make_study(RAW)


@pytest.fixture(scope="module")
def whole(study, tmp_path_factory):
    """The run that nothing interrupts."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    shoal.run(study, folder, dataset=blobs(), check=False, memory=NARROW)
    return shoal.open_run(folder)

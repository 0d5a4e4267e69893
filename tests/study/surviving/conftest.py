"""Every program of these tests is compiled once, for all runs of the same members, and of no other tests."""

from typing import Any

import pytest

from shoal.study.compiled import CompiledTeam

MADE: dict[Any, CompiledTeam] = {}


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
        MADE[key] = CompiledTeam(chunks, dtype)
    return MADE[key]


@pytest.fixture(scope="module", autouse=True)
def warm():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("shoal.study.train.CompiledTeam", compiled_once)
        yield

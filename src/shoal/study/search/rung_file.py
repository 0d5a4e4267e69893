"""A halving at a rung as the bytes of one file, from which it goes on with the same bits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from shoal.errors import RunError
from shoal.study.origin import differences, origin_of
from shoal.study.plan import Plan
from shoal.study.safe_arrays import from_bytes, to_bytes
from shoal.study.search.halving import Race
from shoal.study.search.stacks import Lane
from shoal.study.store import RunFolder

_TRIALS = ("diverged_step", "trained", "rung")


class RungFolder:
    """Keeps a race in its run folder, the newest rung only.

    `force` takes up a race that was begun with other versions, on another device or by another plan of the
    same chunks.
    """

    def __init__(self, folder: RunFolder, plan: Plan, force: bool) -> None:
        self.folder, self.force, self.origin = folder, force, origin_of(plan)

    def keep(self, race: Race) -> None:
        """Keep the race, then let go of the rung before."""
        before = self.folder.manifest.names("checkpoints/")
        self.folder.write_bytes(f"checkpoints/rung-{race.rung:04d}.safetensors", pack_rung(race, self.origin))
        self.folder.remove(*before)
        self.folder.log("rung", rung=race.rung, trials=len(race.alive))

    def began(self, race: Race, dtype: Any) -> bool:
        """Put a race where it was kept last; False where there is nothing to go on from."""
        for name in reversed(self.folder.manifest.names("checkpoints/")):
            content = self.folder.read(name)
            if content is not None:
                arrays, header = from_bytes(content)
                self._refuse_changes(header["origin"])
                if unpack_rung(race, arrays, header, dtype):
                    self.folder.log("restored", file=name, rung=race.rung)
                    return True
            self.folder.say(f"{name} cannot be used: the halving begins again.")
            self.folder.remove(name)
        return False

    def _refuse_changes(self, then: Mapping[str, Any]) -> None:
        if then["data"] != self.origin["data"]:
            raise RunError(
                f"The data are not those with which the halving in {self.folder.path} was begun.",
                "Bring those back, or run the study in another folder: nothing in this one was changed.",
            )
        if (changed := differences(then, self.origin)) and not self.force:
            listed = "\n".join(f"  {line}" for line in changed)
            raise RunError(
                f"The halving in {self.folder.path} was begun under other conditions:\n{listed}",
                "Its last digits may come out different. Go on all the same with --force (from Python: "
                "force=True), or restore what changed.",
            )


def pack_rung(race: Race, origin: Mapping[str, Any]) -> bytes:
    """The race as a safetensors file: "curves/train_loss", "trained", "lanes/0/.members[0]..."."""
    found = race.found
    arrays = {f"curves/{name}": value for name, value in found.curves.items()}
    arrays |= {name: getattr(found, name) for name in _TRIALS}
    for i, lane in enumerate(race.lanes):
        arrays |= {f"lanes/{i}/{name}": value for name, value in lane.state().items()}
    header = {
        "origin": origin,
        "rung": race.rung,
        "alive": race.alive,
        "lanes": [
            {"chunk": lane.chunk.index, "cells": lane.chunk.cells, "own": lane.own} for lane in race.lanes
        ],
        "curves": list(found.curves),
        "seconds": found.seconds,
        "seconds_compile": found.seconds_compile,
    }
    return to_bytes(arrays, header)


def unpack_rung(race: Race, arrays: Mapping[str, Any], header: Mapping[str, Any], dtype: Any) -> bool:
    """Put a race where it stood; False where its plan has no such chunks."""
    found, chunks = race.found, race.plan.chunks
    if any(own["chunk"] >= len(chunks) for own in header["lanes"]):
        return False
    race.rung, race.alive = header["rung"], [(program, cell) for program, cell in header["alive"]]
    found.curves = {name: arrays[f"curves/{name}"].copy() for name in header["curves"]}
    for name in _TRIALS:
        setattr(found, name, arrays[name].copy())
    found.seconds, found.seconds_compile = header["seconds"], header["seconds_compile"]
    race.lanes = []
    for i, own in enumerate(header["lanes"]):
        chunk = replace(chunks[own["chunk"]], cells=tuple(own["cells"]))
        lane = Lane(chunk, own["own"], dtype, race.compiled)
        beginning = f"lanes/{i}/"
        lane.restore({k[len(beginning) :]: v for k, v in arrays.items() if k.startswith(beginning)})
        race.lanes.append(lane)
    for chunk in chunks:
        for cell in chunk.cells:
            steps = int(found.trained[race.at((chunk.program.index, cell))])
            race.watcher.resumed(replace(chunk, cells=(cell,)), steps)
    return True

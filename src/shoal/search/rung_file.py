"""A halving at a rung as the bytes of one file, from which it goes on with the same bits."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from shoal.errors import RunError
from shoal.population.layout import Shape, Shapes
from shoal.population.plan import Plan
from shoal.population.program import Chunk, Layout, Shaped
from shoal.runs.fingerprint import changed_fields, fingerprint, is_origin
from shoal.runs.folder import RunFolder
from shoal.runs.pieces import (
    are_counts,
    are_names,
    is_count,
    is_seconds,
    most_bytes,
    reading,
    refuse,
    require_arrays,
    require_header,
    require_range,
    shown,
)
from shoal.runs.safe_arrays import ArrayFileError, from_bytes, to_bytes
from shoal.search.halving import SuccessiveHalving
from shoal.search.halving_stacks import StackInTraining

_CURVES = "curves/"
_TRIALS = ("diverged_step", "trained", "rung")


class RungFolder:
    """Keeps a race in its run folder, the newest rung only.

    `force` takes up a race that was begun with other versions, on another device or by another plan of the
    same chunks.
    """

    def __init__(self, folder: RunFolder, plan: Plan, force: bool) -> None:
        self.folder, self.force, self.origin = folder, force, fingerprint(plan)

    def keep(self, race: SuccessiveHalving) -> None:
        """Keep the race, then let go of the rung before."""
        before = self.folder.manifest.names("checkpoints/")
        self.folder.write_bytes(f"checkpoints/rung-{race.rung:04d}.safetensors", pack_rung(race, self.origin))
        self.folder.remove(*before)
        self.folder.log("rung", rung=race.rung, trials=len(race.alive))

    def began(self, race: SuccessiveHalving, dtype: Any) -> bool:
        """Put a race where it was kept last; False where there is nothing to go on from."""
        names = self.folder.manifest.names("checkpoints/")
        layout = _layout_of(race, dtype) if names else {}
        for name in reversed(names):
            wrong = ""
            try:
                content = self.folder.read(name, most_rung_bytes(race, layout, dtype))
                if content is not None:
                    arrays, header = read_rung(content, race, layout, dtype, name)
                    self._refuse_changes(header["origin"])
                    unpack_rung(race, arrays, header, dtype)
                    self.folder.log("restored", file=name, rung=race.rung)
                    return True
            except ArrayFileError as error:
                wrong = f"{error.what} "
            self.folder.say(f"{wrong}{name} cannot be used: the halving begins again.")
            self.folder.remove(name)
        return False

    def _refuse_changes(self, then: Mapping[str, Any]) -> None:
        if then["data"] != self.origin["data"]:
            raise RunError(
                f"The data are not those with which the halving in {self.folder.path} was begun.",
                "Bring those back, or run the study in another folder: nothing in this one was changed.",
            )
        if (changed := changed_fields(then, self.origin)) and not self.force:
            listed = "\n".join(f"  {line}" for line in changed)
            raise RunError(
                f"The halving in {self.folder.path} was begun under other conditions:\n{listed}",
                "Its last digits may come out different. Go on all the same with --force (from Python: "
                "force=True), or restore what changed.",
            )


def pack_rung(race: SuccessiveHalving, origin: Mapping[str, Any]) -> bytes:
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


def read_rung(
    content: bytes, race: SuccessiveHalving, layout: Layout, dtype: Any, name: str
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The arrays and the header of a rung of this race; `name` is what messages call it, `layout` what it
    holds beside its stacks.

    Raises ArrayFileError where they are not those of its trials at a rung: who goes on, in which stacks, how
    far each has trained.
    """
    arrays, header = from_bytes(content, name)
    with reading(name):
        _require_header(header, race, layout)
        lanes, expected = _lanes_of(header, race), dict(layout)
        for i, chunk in enumerate(lanes):
            own = Shapes.of(chunk, dtype).population
            expected |= {f"lanes/{i}/{path}": shape for path, shape in own.items()}
        require_arrays(arrays, expected)
        _require_progress(arrays, header, lanes, race)
    return arrays, header


def most_rung_bytes(race: SuccessiveHalving, layout: Layout, dtype: Any) -> int:
    """The most bytes that the file of a rung can have: every chunk still in the race, at its full width."""
    chunks = {(c.program.index, len(c.cells), len(c.seeds)): c for c in race.plan.chunks}
    widest = max(most_bytes(Shapes.of(chunk, dtype).population) for chunk in chunks.values())
    members = 8 * race.found.trials + len(race.found.seeds)
    origin = 2 * len(json.dumps(fingerprint(race.plan)))
    return most_bytes(layout, members=members) + widest * len(race.plan.chunks) + origin


def _require_header(header: Mapping[str, Any], race: SuccessiveHalving, layout: Layout) -> None:
    require_header(
        header,
        {
            "origin": is_origin,
            "rung": is_count(len(race.ladder.widths) - 1, 1),
            "alive": lambda value: isinstance(value, list) and len(value) > 0,
            "lanes": lambda value: isinstance(value, list) and len(value) > 0,
            "curves": are_names,
            "seconds": is_seconds,
            "seconds_compile": is_seconds,
        },
    )
    alive, cells = header["alive"], [len(program.cells) for program in race.plan.programs]
    for own in alive:
        known = isinstance(own, list) and len(own) == 2 and is_count(len(cells) - 1)(own[0])
        if not known or not is_count(cells[own[0]] - 1)(own[1]):
            refuse(f"trial {shown(own)} goes on, which is none")
    if alive != sorted(alive) or len({tuple(own) for own in alive}) < len(alive):
        refuse("a trial goes on twice")
    if len(alive) > race.ladder.widths[header["rung"]]:
        refuse(f"{len(alive)} trials go on; at most {race.ladder.widths[header['rung']]} were planned")
    curves = {name.removeprefix(_CURVES) for name in layout if name.startswith(_CURVES)}
    if {*header["curves"]} != curves:
        refuse(f"its curves are {shown(sorted(header['curves']))}; expected {shown(sorted(curves))}")


def _lanes_of(header: Mapping[str, Any], race: SuccessiveHalving) -> list[Chunk]:
    """The chunks of the lanes. Every trial that goes on is in one of each group of seeds."""
    chunks, lanes = race.plan.chunks, []
    missing = {
        (program, cell, chunk.seeds)
        for program, cell in header["alive"]
        for chunk in chunks
        if chunk.program.index == program
    }
    trained: set[tuple[int, int, tuple[int, ...]]] = set()
    for lane in header["lanes"]:
        if not isinstance(lane, dict) or lane.keys() != {"chunk", "cells", "own"}:
            refuse(f"a stack is described as {shown(lane)}")
        if not is_count(len(chunks) - 1)(lane["chunk"]):
            refuse(f"a stack is of chunk {shown(lane['chunk'])}, which is none")
        chunk, cells, own = chunks[lane["chunk"]], lane["cells"], lane["own"]
        group = [c for c in chunks if (c.program.index, c.seeds) == (chunk.program.index, chunk.seeds)]
        listed = are_counts(len(chunk.program.cells) - 1)(cells)
        if not listed or not is_count(len(cells), 1)(own) or len(cells) > max(len(c.cells) for c in group):
            refuse(f"a stack has the cells {shown(cells)}, {shown(own)} of them its own")
        counted = {(chunk.program.index, cell, chunk.seeds) for cell in cells[:own]}
        if len(counted) < own or counted & trained or any(cell != cells[own - 1] for cell in cells[own:]):
            refuse(f"a stack has the cells {shown(cells)}, one of them twice")
        trained |= counted
        lanes.append(replace(chunk, cells=tuple(cells)))
    if missing - trained:
        program, cell, _ = min(missing - trained)
        refuse(f"trial {[program, cell]} goes on, but is in no stack")
    return lanes


def _layout_of(race: SuccessiveHalving, dtype: Any) -> dict[str, Shaped]:
    """The arrays of a rung without those of its stacks."""
    found, first = race.found, {chunk.program.index: chunk for chunk in reversed(race.plan.chunks)}
    curves = {name for chunk in first.values() for name in Shapes.of(chunk, dtype).measured()}
    curve = Shape((found.trials, len(found.seeds), len(found.steps)), np.float64)
    layout: dict[str, Shaped] = {f"{_CURVES}{name}": curve for name in curves - {"diverged_step"}}
    return layout | {name: getattr(found, name) for name in _TRIALS}


def _require_progress(
    arrays: Mapping[str, np.ndarray],
    header: Mapping[str, Any],
    lanes: Sequence[Chunk],
    race: SuccessiveHalving,
) -> None:
    """Trials that go on, and their lanes, stand at the rung; the others at a step that is recorded."""
    found, rung = race.found, header["rung"]
    at = {p.index: race.ladder.rungs(p.steps)[rung - 1] for p in race.plan.programs}
    if not np.isin(arrays["trained"], [0, *found.steps]).all():
        refuse("a trial has trained to a step at which nothing is recorded")
    for program, cell in header["alive"]:
        trained = int(arrays["trained"][race.at((program, cell))])
        if trained != at[program]:
            refuse(f"trial {[program, cell]} has trained {trained:,} steps; expected {at[program]:,}")
    require_range(arrays["rung"], "rung", 0, rung - 1)
    require_range(arrays["diverged_step"], "diverged_step", -1, max(found.steps))
    for i, chunk in enumerate(lanes):
        step, orders = arrays[f"lanes/{i}/.step"], f"lanes/{i}/.orders"
        if step != at[chunk.program.index]:
            refuse(f"a stack stands at step {shown(step.item())}; expected {at[chunk.program.index]:,}")
        require_range(arrays[orders], orders, 0, max(chunk.program.batches.n - 1, 0))


def unpack_rung(
    race: SuccessiveHalving, arrays: Mapping[str, Any], header: Mapping[str, Any], dtype: Any
) -> None:
    """Put a race where it stood, as `read_rung` found it."""
    found, chunks = race.found, race.plan.chunks
    race.rung, race.alive = header["rung"], [(program, cell) for program, cell in header["alive"]]
    found.curves = {name: arrays[f"curves/{name}"].copy() for name in header["curves"]}
    for name in _TRIALS:
        setattr(found, name, arrays[name].copy())
    found.seconds, found.seconds_compile = header["seconds"], header["seconds_compile"]
    race.lanes = []
    for i, own in enumerate(header["lanes"]):
        chunk = replace(chunks[own["chunk"]], cells=tuple(own["cells"]))
        lane = StackInTraining(chunk, own["own"], dtype, race.compiled)
        beginning = f"lanes/{i}/"
        lane.restore({k[len(beginning) :]: v for k, v in arrays.items() if k.startswith(beginning)})
        race.lanes.append(lane)
    for chunk in chunks:
        for cell in chunk.cells:
            steps = int(found.trained[race.at((chunk.program.index, cell))])
            race.watcher.resumed(replace(chunk, cells=(cell,)), steps)

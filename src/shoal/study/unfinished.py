"""An unfinished run in its folder: begun, kept chunk by chunk, taken up again, completed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from shoal.errors import RunError
from shoal.study.chunk_file import pack, unpack
from shoal.study.origin import differences, origin_of
from shoal.study.plan import Plan
from shoal.study.store import RunFolder, finished_run

if TYPE_CHECKING:
    from shoal.study.train import ChunkResult

ORIGIN = "run.json"


@dataclass
class Unfinished:
    """What the folder of an unfinished run holds: its finished chunks, and what to say of the result."""

    folder: RunFolder
    plan: Plan
    results: list[ChunkResult] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def keep(self, result: ChunkResult) -> None:
        """Keep a finished chunk at once."""
        chunk, seconds = result.chunk, round(result.seconds, 3)
        if result.finished:  # a member that was stopped on its way begins anew
            self.folder.write_bytes(chunk_name(chunk.index), pack(result))
        self.folder.log("chunk", index=chunk.index, members=chunk.members, seconds=seconds)

    @property
    def remains(self) -> str:
        """What nobody has lost, in words."""
        return f"What was kept stays as it is: {progress(self.folder)}."


def take_up(
    folder: RunFolder, plan: Plan, resume: bool, force: bool, where: Mapping[str, Any] | None = None
) -> Unfinished:
    """Begin a run in its folder, or take up the one that is there, in the surroundings of whoever trains.

    Raises RunError where an unfinished run is there and `resume` was not asked for, and where it was begun
    with other data or, without `force`, with other versions, on another device or by another plan.
    """
    if not resume:
        _refuse_unasked(folder)
    run = Unfinished(folder, plan)
    now = origin_of(plan, where)
    text = folder.read(ORIGIN)
    if text is None and _pieces(folder):
        _require_force(
            folder, ["run.json, which says what the run was begun with, is damaged or gone"], force
        )
    then = {**now, "notes": []} if text is None else json.loads(text)
    if then["data"] != now["data"]:
        raise RunError(
            f"The data are not those with which the run in {folder.path} was begun.",
            "Bring those back, or run the study in another folder: nothing in this one was changed.",
        )
    changed = differences(then, now)
    if changed:
        _require_force(folder, changed, force)
        then["notes"].append(f"Resumed although something had changed ({'; '.join(changed)})")
    run.notes = then["notes"]
    if text is None or changed or "study.toml" not in folder.manifest:
        folder.write_text("study.toml", plan.study.text)
        folder.write_text(ORIGIN, json.dumps({**now, "notes": run.notes}, indent=1) + "\n")
    _read_chunks(run)
    return run


def chunk_name(index: int) -> str:
    """The file of a finished chunk."""
    return f"chunks/{index:04d}.safetensors"


def _refuse_unasked(folder: RunFolder) -> None:
    """Raises RunError where a run is there already."""
    if finished_run(folder.path):
        raise RunError(
            f"{folder.path} already holds a run.", "Choose another folder with --out, or move it away."
        )
    if _pieces(folder) or "results.nc" in folder.manifest:
        raise RunError(
            f"{folder.path} holds an unfinished run: {progress(folder)}.",
            "Go on with it by --resume (from Python: resume=True), or choose another folder with --out.",
        )


def progress(folder: RunFolder) -> str:
    """How far an unfinished run is: "3 of 8 chunks are finished"."""
    text = folder.read(ORIGIN)
    planned = [] if text is None else [len(json.loads(text)["plan"]["chunks"])]
    kept = len(folder.manifest.names("chunks/"))
    return f"{' of '.join(map(str, [kept, *planned]))} chunks {'is' if kept == 1 else 'are'} finished"


def _pieces(folder: RunFolder) -> bool:
    return bool(folder.manifest.names("chunks/") or folder.manifest.names("checkpoints/"))


def _read_chunks(run: Unfinished) -> None:
    for name in run.folder.manifest.names("chunks/"):
        content = run.folder.read(name)
        result = None if content is None else unpack(content, run.plan)
        if result is None:
            run.folder.say(f"{name} cannot be used: its networks are trained anew.")
            run.folder.remove(name)
        else:
            run.results.append(result)


def _require_force(folder: RunFolder, changed: list[str], force: bool) -> None:
    if not force:
        listed = "\n".join(f"  {line}" for line in changed)
        raise RunError(
            f"The run in {folder.path} was begun under other conditions:\n{listed}",
            "What is trained from here on may differ from an uninterrupted run in its last digits, and grow "
            "from there. Go on all the same with --force (from Python: force=True), or restore what changed.",
        )

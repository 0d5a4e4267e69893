"""A run in its folder: begun, written chunk by chunk, resumed, completed.

Where the folder no longer takes a file, one message says what is kept and how to go on.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shoal.errors import HaltedError, RunError
from shoal.population.layout import Layouts
from shoal.population.plan import Plan
from shoal.population.program import Chunk
from shoal.population.progress import ProgressListener
from shoal.runs.checkpoints import TeamCheckpoints
from shoal.runs.chunk_file import most_chunk_bytes, pack, unpack
from shoal.runs.fingerprint import MOST_BYTES, changed_fields, fingerprint, read_origin
from shoal.runs.folder import RunFolder
from shoal.runs.manifest import Manifest
from shoal.runs.read_write import finished_run
from shoal.runs.safe_arrays import ArrayFileError
from shoal.runs.shared_checkpoints import collect_worker_checkpoints

if TYPE_CHECKING:
    from shoal.population.train import ChunkResult


def disk_full_error(error: RunError, run: RunInProgress) -> HaltedError:
    """The error that ends the run. A folder that was deleted underneath is written again from memory."""
    path = run.folder.path
    if not _gone(path):
        return HaltedError(f"{error.what} Nothing that was kept is lost: {run.remains}.", error.remedy)
    target = unused_sibling(path)
    try:
        with RunFolder(target, run.plan.study.text) as folder:
            again = put_back(folder, run)
    except RunError as second:
        return HaltedError(f"{path} was deleted while the run wrote into it. {second.what}", second.remedy)
    return HaltedError(
        f"{path} was deleted while the run wrote into it. What the process remembered is written again: "
        f"{again.remains}.",
        f"It lies in {target}: go on with it by --resume.",
    )


def unused_sibling(path: Path) -> Path:
    """The same place, where nobody has taken it since."""
    return path if _gone(path) else path.with_name(f"{path.name}-rescued")


def _gone(path: Path) -> bool:
    try:
        path.stat()
    except FileNotFoundError:
        return True
    except OSError:  # it is there, but may not be looked at
        return False
    return False


ORIGIN = "run.json"


@dataclass
class RunInProgress:
    """What the folder of an unfinished run holds: its finished chunks, and what to say of the result.

    `every` is the seconds from one checkpoint to the next, `origin` what the run is trained with now.
    """

    folder: RunFolder
    plan: Plan
    every: float
    origin: Mapping[str, Any]
    results: list[ChunkResult] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    current: TeamCheckpoints | None = None

    def begin(self) -> None:
        """Write down what the run is and what it is begun with."""
        self.folder.write_text("study.toml", self.plan.study.text)
        told = {**self.origin, "notes": self.notes}
        self.folder.write_text(ORIGIN, json.dumps(told, indent=1) + "\n")

    def checkpoints(self, team: Sequence[Chunk], watcher: ProgressListener) -> TeamCheckpoints:
        """The checkpoints of the team that trains now. `watcher` hears of steps that need no training."""

        def told(step: int) -> None:
            for chunk in team:
                watcher.resumed(chunk, step)

        self.current = TeamCheckpoints(self.folder, team, self.every, told)
        return self.current

    def keep(self, result: ChunkResult) -> None:
        """Keep a finished chunk at once; once a whole team is kept, its checkpoints go."""
        self.results.append(result)
        chunk, seconds = result.chunk, round(result.seconds, 3)
        if result.finished:  # a member that was stopped on its way begins anew
            self.folder.write_bytes(chunk_name(chunk.index), pack(result))
        if self.current is not None and chunk.index == self.current.last_index:
            self.current.remove()
            self.current = None
        self.folder.log("chunk", index=chunk.index, members=chunk.members, seconds=seconds)

    @property
    def remains(self) -> str:
        """What the folder holds, in words."""
        return progress(self.folder.manifest, len(self.plan.chunks))


def resume_or_start(
    folder: RunFolder,
    plan: Plan,
    resume: bool,
    force: bool,
    every: float,
    where: Mapping[str, Any] | None = None,
) -> RunInProgress:
    """Begin a run in its folder, or take up the one that is there, in the surroundings of whoever trains.

    Raises RunError where an unfinished run is there and `resume` was not asked for, and where it was begun
    with other data or, without `force`, with other versions, on another device or by another plan.
    """
    collect_worker_checkpoints(folder)
    if not resume:
        _refuse_unasked(folder)
    now = fingerprint(plan, where)
    run = RunInProgress(folder, plan, every, now)
    found = read_origin(folder.read(ORIGIN, MOST_BYTES))
    if found is None and _pieces(folder):
        _require_force(
            folder, ["run.json, which says what the run was begun with, is damaged or gone"], force
        )
    then = {**now, "notes": []} if found is None else found
    if then["data"] != now["data"]:
        raise RunError(
            f"The data are not those with which the run in {folder.path} was begun.",
            "Bring those back, or run the study in another folder: nothing in this one was changed.",
        )
    changed = changed_fields(then, now)
    if changed:
        _require_force(folder, changed, force)
        then["notes"].append(f"Resumed although something had changed ({'; '.join(changed)})")
    run.notes = then["notes"]
    if found is None or changed or "study.toml" not in folder.manifest:
        run.begin()
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
    found = read_origin(folder.read(ORIGIN, MOST_BYTES))
    planned = None if found is None else len(found["plan"]["chunks"])
    if _pieces(folder) or "results.nc" in folder.manifest:
        raise RunError(
            f"{folder.path} holds an unfinished run: {progress(folder.manifest, planned)}.",
            "Go on with it by --resume (from Python: resume=True), or choose another folder with --out.",
        )


def progress(manifest: Manifest, planned: int | None) -> str:
    """How far an unfinished run is: "3 of 8 chunks are finished, the next is kept at step 1,200"."""
    kept = len(manifest.names("chunks/"))
    count = f"{kept}" if planned is None else f"{kept} of {planned}"
    written = [int(Path(name).stem.split("-")[1]) for name in manifest.names("checkpoints/")]
    then = f", the next is kept at step {max(written):,}" if written else ""
    return f"{count} chunks {'is' if kept == 1 else 'are'} finished{then}"


def put_back(folder: RunFolder, run: RunInProgress) -> RunInProgress:
    """Write into another folder what this process remembers of a run."""
    again = replace(run, folder=folder, results=[], current=None)
    again.begin()
    for result in run.results:
        again.keep(result)
    if run.current is not None and run.current.unsaved is not None:
        folder.write_bytes(*run.current.unsaved)
    return again


def _pieces(folder: RunFolder) -> bool:
    return bool(folder.manifest.names("chunks/") or folder.manifest.names("checkpoints/"))


def _read_chunks(run: RunInProgress) -> None:
    chunks, layouts = {chunk_name(chunk.index): chunk for chunk in run.plan.chunks}, Layouts()
    for name in run.folder.manifest.names("chunks/"):
        try:
            if (chunk := chunks.get(name)) is None:
                raise ArrayFileError(f"{name} is of no chunk of this plan.")
            content = run.folder.read(name, most_chunk_bytes(chunk, layouts.of(chunk)))
            if content is not None:
                own = replace(run.plan, chunks=(chunk,))
                run.results.append(unpack(content, own, layouts, name))
                continue
            wrong = ""
        except ArrayFileError as error:
            wrong = f"{error.what} "
        run.folder.say(f"{wrong}{name} cannot be used: its networks are trained anew.")
        run.folder.remove(name)


def _require_force(folder: RunFolder, changed: list[str], force: bool) -> None:
    if not force:
        listed = "\n".join(f"  {line}" for line in changed)
        raise RunError(
            f"The run in {folder.path} was begun under other conditions:\n{listed}",
            "What is trained from here on may differ from an uninterrupted run in its last digits, and grow "
            "from there. Go on all the same with --force (from Python: force=True), or restore what changed.",
        )

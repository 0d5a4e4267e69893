"""A search from its study: in memory, or in a folder where it can be taken up again."""

from __future__ import annotations

import json
import os
from pathlib import Path

from shoal.errors import RunError, StudyError
from shoal.study.inputs import Loader
from shoal.study.search.history import History
from shoal.study.search.loop import Found, Search, Train
from shoal.study.spec import Study
from shoal.study.unfinished import ORIGIN
from shoal.study.watching import Watcher


def run_search(
    study: Study,
    out: str | Path | None,
    loader: Loader,
    watcher: Watcher,
    train: Train,
    resume: bool = False,
) -> Found:
    """Search as the study's `[search]` says and return the final comparison and the path of the search.

    `train(study, folder)` runs one round as an ordinary study, or takes it up where it stopped. With `out`
    each round is kept in a folder of its own under `out`/rounds; with `resume` rounds that are finished are
    taken as they are and their trials told to the strategy again, which then asks as it did.
    Raises SearchInterrupted after Ctrl-C, ShoalError for what a user can mend.
    """
    history = History(study, _resolution(study, loader))
    if out is None:
        return Search(history, train, watcher, None).run()
    from shoal.study.store import RunFolder

    with RunFolder(out, study.text, watcher.noted) as folder:
        if not resume and ORIGIN in folder.manifest:
            raise RunError(
                f"{folder.path} holds an unfinished search.",
                "Go on with it by --resume (from Python: resume=True), or choose another folder with --out.",
            )
        folder.write_text("study.toml", study.text)
        folder.write_text(ORIGIN, json.dumps({"search": getattr(study.search, "strategy", "")}) + "\n")
        folder.log("started", pid=os.getpid())
        return Search(history, train, watcher, folder).run()


def _resolution(study: Study, loader: Loader) -> float:
    """The step between possible accuracies, 1/N; 0 for losses. Raises StudyError where none is held out."""
    held_out = loader.inputs(study.base.data).counts["validation"]
    if not held_out:
        raise StudyError(
            "A search ranks by validation data, and this study's has none.", "Give data.validation a count."
        )
    return 0.0 if study.base.data.is_function else 1.0 / held_out

"""The loop of every search: ask for points, train them, tell the scores; then the finalists with fresh seeds.

It runs in memory, or in a folder where it can be resumed. Before anything trains, each round has a plan.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from shoal.data.inputs import Loader
from shoal.errors import RunError, StudyError
from shoal.population.plan import Plan
from shoal.population.progress import ProgressListener
from shoal.runs.resume import ORIGIN
from shoal.search.halving_run import halving_plan
from shoal.search.history import History, Round
from shoal.search.rounds import finished_result, fresh_seeds, points_study, trials_of
from shoal.search.strategies import sobol, strategy_of
from shoal.search.strategy import Point, Trial, point_label, points_of
from shoal.study.settings.search import Halving, Sampled
from shoal.study.settings.study import Study

if TYPE_CHECKING:
    import xarray as xr

    from shoal.runs.folder import RunFolder


@dataclass(frozen=True)
class PlannedRound:
    """One round to come. `known` says whether its points are: later ones depend on earlier ones."""

    name: str
    points: int
    plan: Plan
    known: bool


def plan_search(study: Study, plan_of: Callable[[Study], Plan]) -> list[PlannedRound]:
    """All rounds of a search and its final comparison, each with as many points as it may have at most.

    The first round has its own points; stand-ins spread evenly over the ranges take the place of the others.
    """
    search = study.search
    assert search is not None
    nowhere = search.model_copy(update={"storage": None}) if isinstance(search, Sampled) else search
    strategy = strategy_of(study.model_copy(update={"search": nowhere}))
    first = strategy.ask()
    strategy.close()
    ahead = []
    for index, size in enumerate(strategy.sizes):
        points = first if index == 0 else points_of(search.over, sobol(0, size, len(search.over)))
        points = list({point_label(point): point for point in points}.values())
        plan = plan_of(points_study(study, points, study.seeds))
        plan = halving_plan(plan, search) if isinstance(search, Halving) else plan
        ahead.append(PlannedRound(f"round {index + 1}", len(points), plan, index == 0))
    seeds = fresh_seeds(study.seeds, search.confirm)
    points = list({point_label(point): point for point in first}.values())[: search.finalists]
    final = plan_of(points_study(study, points, seeds))
    return [*ahead, PlannedRound("final", len(points), final, False)]


Train = Callable[..., "xr.Dataset"]  # (study of the round, its folder), and a Halving where it is one
FRESH = "fresh"  # the folder of the final comparison, beside those of the rounds


class SearchInterrupted(KeyboardInterrupt):
    """Ctrl-C in a search. Its message says what is kept."""


@runtime_checkable
class RoundListener(Protocol):
    """A watcher that wants to hear of rounds."""

    def round_started(self, text: str) -> None:
        """A round, or the final comparison, begins; what follows belongs to it."""


@dataclass(frozen=True)
class SearchResult:
    """What a search came to: the final comparison with fresh seeds as an ordinary result, and its path."""

    results: xr.Dataset
    search: xr.Dataset


@dataclass
class Search:
    """A search that goes on: its history so far, and where its rounds are kept."""

    history: History
    train: Train
    watcher: ProgressListener
    folder: RunFolder | None
    at: str = "the first round"

    def run(self) -> SearchResult:
        """All rounds and the final comparison."""
        study = self.history.study
        strategy = strategy_of(study, self.history.resolution, self.folder.path if self.folder else None)
        most = len(strategy.sizes)
        try:
            while points := strategy.ask():
                index = len(self.history.rounds)
                trials, result = self._train_round(points, f"round {index + 1} of {most}")
                self.history.rounds.append(self._round(trials, strategy.tell(trials), result))
                self._keep(complete=False)
            return self._confirm()
        except KeyboardInterrupt:
            raise self._interrupted() from None
        finally:
            strategy.close()

    def _train_round(self, points: Sequence[Point], name: str) -> tuple[list[Trial], xr.Dataset | None]:
        """The trials of all points; only those that were not trained before are trained."""
        index, first = len(self.history.rounds), len(self.history.trials) + 1
        fresh = {str(p): p for p in points if self.history.find(p) is None}
        new = list(fresh.values())
        result = None
        if new:
            numbers = range(first, first + len(new))
            study = self.history.study
            halving = (study.search,) if isinstance(study.search, Halving) else ()
            result = self._result(points_study(study, new, study.seeds), f"{index:02d}", name, *halving)
            self.history.trials += trials_of(study, result, new, numbers, index)
        return [trial for point in points if (trial := self.history.find(point)) is not None], result

    def _result(self, round_study: Study, folder: str, name: str, *halving: Halving) -> xr.Dataset:
        own = self.folder.path / "rounds" / folder if self.folder else None
        if own is not None and (kept := finished_result(own, round_study)) is not None:
            return kept
        self.at = name
        if isinstance(self.watcher, RoundListener):
            self.watcher.round_started(name)
        result = self.train(round_study, own, *halving)
        if result.attrs["status"] == "interrupted":
            raise KeyboardInterrupt
        return result

    def _round(self, trials: list[Trial], verdict: Any, result: xr.Dataset | None) -> Round:
        new = [trial for trial in self.history.trials if trial.round == len(self.history.rounds)]
        steps = sum(trial.steps * len(trial.scores) for trial in new)
        seconds = ("seconds_total", "seconds_compile")
        spent = (0.0, 0.0) if result is None else tuple(float(result.attrs[name]) for name in seconds)
        return Round(trials, verdict, steps, *spent)

    def _confirm(self) -> SearchResult:
        """The finalists with seeds that the search has not seen."""
        study, history = self.history.study, self.history
        assert study.search is not None
        finalists, seeds = history.finalists, fresh_seeds(study.seeds, study.search.confirm)
        numbers = [trial.number for trial in finalists]
        again = points_study(study, [trial.point for trial in finalists], seeds, weights=True)
        result = self._result(again, FRESH, f"final comparison with {len(seeds)} fresh seeds")
        trials = trials_of(study, result, [t.point for t in finalists], numbers, len(history.rounds))
        history.fresh = {trial.number: trial.scores for trial in trials}
        history.fresh_seeds, history.fresh_steps = tuple(seeds), sum(t.steps * len(seeds) for t in trials)
        found = SearchResult(self._results(result), self._keep(complete=True))
        if self.folder:
            self._keep_results(found.results)
        return found

    def _results(self, result: xr.Dataset) -> xr.Dataset:
        """The final comparison, as the result of the whole study."""
        from shoal.search.history import described

        rounds = self.history.rounds
        result = result.copy()
        result.attrs["study"] = self.history.study.text
        result.attrs["search"] = json.dumps(described(self.history))
        for name in ("seconds_total", "seconds_compile"):
            own = sum(r.seconds if name == "seconds_total" else r.seconds_compile for r in rounds)
            result.attrs[name] = round(float(result.attrs[name]) + own, 3)
        return result

    def _keep_results(self, results: xr.Dataset) -> None:
        from shoal.runs.read_write import write_results

        assert self.folder is not None
        weights = f"rounds/{FRESH}/weights.safetensors"
        if self.folder.files.exists(weights):
            self.folder.write_bytes("weights.safetensors", self.folder.files.read(weights))
        write_results(self.folder, results)
        self.folder.remove_pieces()
        self.folder.log("finished", status="complete", seconds=results.attrs["seconds_total"])

    def _keep(self, complete: bool) -> xr.Dataset:
        from shoal.runs.read_write import write_dataset
        from shoal.search.history import search_dataset

        found = search_dataset(self.history, complete)
        if self.folder:
            write_dataset(self.folder, "search.nc", found)
            words = self.history.rounds[-1].verdict.words
            self.folder.log("round", rounds=len(self.history.rounds), words=words)
        return found

    def _interrupted(self) -> SearchInterrupted:
        where = "" if self.folder is None else f"; what was finished is kept in {self.folder.path / 'rounds'}"
        return SearchInterrupted(f"Interrupted in {self.at}{where}.")


def run_search(
    study: Study,
    out: str | Path | None,
    loader: Loader,
    watcher: ProgressListener,
    train: Train,
    resume: bool = False,
) -> SearchResult:
    """Search as the study's `[search]` says and return the final comparison and the path of the search.

    `train(study, folder)` runs one round as an ordinary study, or takes it up where it stopped. With `out`
    each round is kept in a folder of its own under `out`/rounds; with `resume` rounds that are finished are
    taken as they are and their trials told to the strategy again, which then asks as it did.
    Raises SearchInterrupted after Ctrl-C, ShoalError for what a user can mend.
    """
    history = History(study, _resolution(study, loader))
    if out is None:
        return Search(history, train, watcher, None).run()
    from shoal.runs.folder import RunFolder

    with RunFolder(out, study.text, watcher.on_note) as folder:
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

"""The one loop of every search: ask, train, tell; then the finalists again with fresh seeds."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from shoal.study.search.history import History, Round
from shoal.study.search.rounds import finished_result, fresh_seeds, points_study, trials_of
from shoal.study.search.strategies import strategy_of
from shoal.study.search.trial import Point, Trial
from shoal.study.spec import Study
from shoal.study.spec.search import Halving
from shoal.study.watching import Watcher

if TYPE_CHECKING:
    import xarray as xr

    from shoal.study.store import RunFolder

Train = Callable[..., "xr.Dataset"]  # (study of the round, its folder), and a Halving where it is one
FRESH = "fresh"  # the folder of the final comparison, beside those of the rounds


class SearchInterrupted(KeyboardInterrupt):
    """Ctrl-C in a search. Its message says what is kept."""


@runtime_checkable
class FollowsRounds(Protocol):
    """A watcher that wants to hear of rounds."""

    def round_started(self, text: str) -> None:
        """A round, or the final comparison, begins; what follows belongs to it."""


@dataclass(frozen=True)
class Found:
    """What a search came to: the final comparison with fresh seeds as an ordinary result, and its path."""

    results: xr.Dataset
    search: xr.Dataset


@dataclass
class Search:
    """A search that goes on: its history so far, and where its rounds are kept."""

    history: History
    train: Train
    watcher: Watcher
    folder: RunFolder | None
    at: str = "the first round"

    def run(self) -> Found:
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
        if isinstance(self.watcher, FollowsRounds):
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

    def _confirm(self) -> Found:
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
        found = Found(self._results(result), self._keep(complete=True))
        if self.folder:
            self._keep_results(found.results)
        return found

    def _results(self, result: xr.Dataset) -> xr.Dataset:
        """The final comparison, as the result of the whole study."""
        from shoal.study.search.record import described

        rounds = self.history.rounds
        result = result.copy()
        result.attrs["study"] = self.history.study.text
        result.attrs["search"] = json.dumps(described(self.history))
        for name in ("seconds_total", "seconds_compile"):
            own = sum(r.seconds if name == "seconds_total" else r.seconds_compile for r in rounds)
            result.attrs[name] = round(float(result.attrs[name]) + own, 3)
        return result

    def _keep_results(self, results: xr.Dataset) -> None:
        from shoal.study.store import write_results

        assert self.folder is not None
        weights = f"rounds/{FRESH}/weights.safetensors"
        if self.folder.files.exists(weights):
            self.folder.write_bytes("weights.safetensors", self.folder.files.read(weights))
        write_results(self.folder, results)
        self.folder.remove_pieces()
        self.folder.log("finished", status="complete", seconds=results.attrs["seconds_total"])

    def _keep(self, complete: bool) -> xr.Dataset:
        from shoal.study.search.record import search_dataset
        from shoal.study.store import write_dataset

        found = search_dataset(self.history, complete)
        if self.folder:
            write_dataset(self.folder, "search.nc", found)
            words = self.history.rounds[-1].verdict.words
            self.folder.log("round", rounds=len(self.history.rounds), words=words)
        return found

    def _interrupted(self) -> SearchInterrupted:
        where = "" if self.folder is None else f"; what was finished is kept in {self.folder.path / 'rounds'}"
        return SearchInterrupted(f"Interrupted in {self.at}{where}.")

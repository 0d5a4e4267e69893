"""Mutated study files read, planned and described, as `shoal run --explain` does: only ShoalErrors may come.

    python benchmarks/fuzz_studies.py --inputs 100000
    python benchmarks/fuzz_studies.py --inputs 100000 --atheris

With --atheris (where it is installed) the bytes are chosen by the coverage that they reach.
Exits with 1 where anything but a ShoalError came, or an input took longer than --seconds.
"""

from __future__ import annotations

import argparse
import contextlib
import heapq
import json
import os
import sys
import tempfile
import time
import tomllib
import traceback
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

if "--atheris" in sys.argv:
    import atheris

    instrumented = atheris.instrument_imports(include=["shoal"])
else:
    instrumented = contextlib.nullcontext()
with instrumented:
    from shoal.data import Dataset, Part
    from shoal.data.inputs import Loader
    from shoal.errors import ShoalError
    from shoal.population.plan import Plan, plan_with
    from shoal.study.load import load_study, make_study
    from shoal.study.settings.study import Study
    from study_mutations import Mutator, shipped_studies

MOST_PLANNED = 200  # members of a study that is also planned; and steps and points of what is listed
MOST_EXAMPLES, MOST_TEST = 60_000, 10_000  # as many as the shipped studies ask for, but tiny
SLOWEST = 10


def examples() -> Dataset:
    """Tiny images that stand in place of whatever a study names."""
    rng = np.random.default_rng(1)
    inputs = rng.integers(0, 256, size=(MOST_EXAMPLES, 4, 4, 1)).astype(np.uint8)
    names = tuple(f"class {i}" for i in range(10))
    labels = np.arange(MOST_EXAMPLES) % 10
    test = Part(inputs[:MOST_TEST], labels[:MOST_TEST])
    return Dataset("made up", Part(inputs, labels), test, names)


class Judge:
    """Reads studies and plans those that are valid. Returns what came of each: valid, planned or an error's
    class; lets everything through that is no ShoalError."""

    def __init__(self, folder: Path) -> None:
        self._file, self._data = folder / "study.toml", examples()
        self._loader = Loader(dataset=self._data, folder=folder)

    def content(self, content: bytes) -> str:
        """What comes of a study file."""
        self._file.write_bytes(content)
        return self._judged(lambda: load_study(self._file))

    def table(self, table: dict[str, Any]) -> str:
        """What comes of a study given in Python."""
        return self._judged(lambda: make_study(table))

    def _judged(self, read: Any) -> str:
        try:
            study = read()
            return self._planned(study)
        except ShoalError as error:
            if any(c in str(error) for c in "\x1b\u202e\0"):
                raise AssertionError(f"unescaped: {str(error)!r}") from error
            return type(error).__name__

    def _planned(self, study: Study) -> str:
        # the text that a run keeps says the same again
        again = make_study(tomllib.loads(study.text), folder=study.folder)
        assert again.shape == study.shape
        search = study.search
        if search is None and study.member_count <= MOST_PLANNED:
            explain(plan_with(study, self._loader, None))
            return "planned"
        if search is not None and _members_of(search, study) <= MOST_PLANNED:
            from shoal.search.loop import plan_search

            for ahead in plan_search(study, lambda own: plan_with(own, self._loader, None)):
                explain(ahead.plan)
            return "search planned"
        return "valid"


def _members_of(search: Any, study: Study) -> int:
    sizes = ("rounds", "population", "trials", "confirm", "finalists")
    return len(study.seeds) * max(getattr(search, name, 1) for name in sizes) * getattr(search, "rounds", 1)


def explain(plan: Plan) -> None:
    """What `--explain` prints, the examples of a check, and the rates of the first and last step."""
    import jax.numpy as jnp

    from shoal.network import summarize
    from shoal.training.runtime import numerics
    from shoal.training.schedules import Clock, rate_at

    json.dumps([plan.counts, plan.flops, plan.describe()], allow_nan=False)
    for program in plan.programs[:4]:
        summarize(program.network())
        with np.errstate(all="raise"):
            x, y = program.inputs.sample(10)
        assert np.isfinite(x).all()
        assert np.isfinite(y).all()
        training = program.settings.training
        if not training.full_batch:
            with numerics("float32") as dtype:
                for step in (0, program.steps - 1):
                    clock = Clock(jnp.asarray(step, jnp.int32), program.steps, program.batches.per_epoch)
                    rate_at(training, clock, dtype)


def main() -> int:
    """Run it; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=5.0, help="longer than this is a failure")
    parser.add_argument("--atheris", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        judge = Judge(Path(folder))
        for content in shipped_studies().values():
            judge.content(content)  # whatever the first of its kind loads is not what is timed
        if options.atheris:
            return guided(judge, options.inputs, options.seconds)
        return seeded(judge, options)


def guided(judge: Judge, inputs: int, limit: float) -> int:
    """Bytes chosen by atheris (libFuzzer), from the shipped studies on. Ends at the first failure."""
    counts, slowest, began = Counter(), [], time.monotonic()

    def one(content: bytes) -> None:
        start = time.perf_counter()
        counts["file", judge.content(content)] += 1
        heapq.heappush(slowest, (time.perf_counter() - start, counts.total(), f"{content!r:.150}"))
        if len(slowest) > SLOWEST:
            heapq.heappop(slowest)
        if counts.total() == inputs:
            code = told(counts, slowest, {}, time.monotonic() - began, limit)
            sys.stdout.flush()
            os._exit(code)  # libFuzzer's own end would print over it

    with tempfile.TemporaryDirectory() as corpus:
        for i, content in enumerate(shipped_studies().values()):
            (Path(corpus) / f"{i}.toml").write_bytes(content)
        atheris.Setup([sys.argv[0], corpus, "-max_len=4096", "-timeout=20", "-rss_limit_mb=8000"], one)
        atheris.Fuzz()
    return 0


def seeded(judge: Judge, options: argparse.Namespace) -> int:
    """Mutations drawn from a seed: half of them of bytes, half of tables."""
    mutator, counts, slowest = Mutator(options.seed), Counter(), []
    failures: dict[str, tuple[int, str, str]] = {}
    began = time.monotonic()
    for i in range(options.inputs):
        way = "file" if i % 2 else "table"
        thing: Any = mutator.content() if i % 2 else mutator.table()
        start = time.perf_counter()
        try:
            outcome = (judge.content if i % 2 else judge.table)(thing)
        except (Exception, RecursionError) as error:  # what is sought
            outcome = f"!! {type(error).__name__}"
            last = traceback.extract_tb(error.__traceback__)[-1]
            key = f"{type(error).__name__} {last.filename.rpartition('/')[2]}:{last.lineno} {error!s:.60}"
            failures.setdefault(key, (i, f"{thing!r:.3000}", traceback.format_exc()[-1500:]))
        took = time.perf_counter() - start
        counts[way, outcome] += 1
        heapq.heappush(slowest, (took, i, f"{outcome} {thing!r:.150}"))
        if len(slowest) > SLOWEST:
            heapq.heappop(slowest)
    return told(counts, slowest, failures, time.monotonic() - began, options.seconds)


def told(counts: Counter, slowest: list, failures: dict, seconds: float, limit: float) -> int:
    """Print what came, and return the exit code."""
    print(f"{counts.total():,} inputs in {seconds:,.0f} s")
    for (way, outcome), count in sorted(counts.items()):
        print(f"  {way:6} {outcome:20} {count:8,}")
    print("slowest:")
    for took, i, text in sorted(slowest, reverse=True):
        print(f"  {took:6.2f} s  input {i}: {text}")
    for key, (i, thing, trace) in failures.items():
        print(f"\nFAILED at input {i}: {key}\n{thing}\n{trace}")
    slow = max((took for took, *_ in slowest), default=0.0) > limit
    print(f"{len(failures)} kinds of failure{'; too slow' if slow else ''}")
    return int(bool(failures) or slow)


if __name__ == "__main__":
    sys.exit(main())

"""The search on the page: where it looked, why it stopped, what was dropped, and what fresh seeds say."""

from __future__ import annotations

from dataclasses import dataclass

import xarray as xr

from shoal.analysis.search import Confirmed, Searched, SearchPath, search_path
from shoal.report.figures.search_path import draw_order, draw_plane, draw_rounds, draw_rungs
from shoal.report.figures.search_scores import draw_factor_scores, draw_fresh, score_text, unit, words
from shoal.report.numbers import Table, clean, counted, levels_as_text
from shoal.report.style import drawing
from shoal.report.svg import Drawing

MOST_ROWS = 500
NAMES = {"tpe": "TPE", "gp": "Gaussian process", "cma-es": "CMA-ES", "sobol": "Sobol"}


@dataclass(frozen=True)
class SearchSection:
    """Everything that the page says of a search."""

    sentences: tuple[str, ...]
    drawings: tuple[Drawing, ...]
    finals: Table
    trials: Table


def search_section(dataset: xr.Dataset) -> SearchSection:
    """The section of a search from its record (search.nc)."""
    path = search_path(dataset)
    finals = path.confirmed()
    labels = [trial_text(path, one.trial) for one in finals]
    with drawing():
        drawn = [*_figures(path)]
        if finals:
            drawn.append(draw_fresh(path, finals, labels, "search-fresh"))
    return SearchSection(tuple(sentences(path)), tuple(drawn), _finals(path, finals, labels), _trials(path))


def _figures(path: SearchPath) -> list[Drawing]:
    ranges = all(factor.numeric for factor in path.factors)
    if path.settings["strategy"] == "zoom" and len(path.factors) == 1:
        drawn = [draw_rounds(path, "search-rounds")]
    elif ranges and len(path.factors) == 2:
        drawn = draw_plane(path, "search-plane")
    else:
        drawn = [draw_factor_scores(path, f, f"search-factor-{i}") for i, f in enumerate(path.factors)]
    if path.settings["strategy"] == "halving":
        return [draw_rungs(path, "search-rungs"), *drawn]
    if path.rounds > 1 and path.settings["strategy"] != "zoom":
        return [draw_order(path, "search-order"), *drawn]
    return drawn


def sentences(path: SearchPath) -> list[str]:
    """What was chosen, what fresh seeds say of it, and what each round decided."""
    strategy = str(path.settings["strategy"])
    name = NAMES.get(strategy, strategy.capitalize())
    best = path.best
    said = [
        f"{name} search over {counted(len(path.trials), 'trial')} in {counted(path.rounds, 'round')} chose "
        f"{trial_text(path, best)}: {score_text(path, best.score)}{unit(path)} {words(path)} over "
        f"{counted(path.dataset.sizes['seed'], 'seed')}."
    ]
    said += [_saved(path)] if strategy == "halving" else []
    said += [selection_bias(path, finals[0])] if (finals := path.confirmed()) else []
    said += [
        f"Round {i + 1}: {_named(path, str(own['words']))}"
        for i, own in enumerate(path.settings["rounds_run"])
        if own["words"]
    ]
    return said


def _saved(path: SearchPath) -> str:
    """What a halving took, beside what training every trial to the end takes."""
    seeds = path.dataset.sizes["seed"]
    spent = seeds * sum(trial.steps for trial in path.trials)
    whole = seeds * len(path.trials) * max(trial.steps for trial in path.trials)
    return (
        f"It took {spent:,} network-steps; training every trial to the end takes {whole:,}, "
        f"{whole / spent:.1f} times as many."
    )


def selection_bias(path: SearchPath, one: Confirmed) -> str:
    """The winner's curse in words."""
    fresh = f"{score_text(path, one.fresh)}{unit(path)}"
    difference = score_text(path, one.excess)
    points = " points" if path.higher_is_better else ""
    text = f"With {one.fresh.n} fresh seeds it reached {fresh}: "
    flattered = one.excess if path.higher_is_better else -one.excess
    if not one.excess.known:
        return f"{text}the search's own score less that is {difference}{points}."
    if flattered.low > 0:
        return f"{text}the search flattered it by {difference}{points} (winner's curse)."
    return (
        f"{text}the search's own score less that is {difference}{points}, so no winner's curse is seen "
        "beyond the spread between seeds."
    )


def trial_text(path: SearchPath, trial: Searched) -> str:
    """A trial in words: L2 0.0139, schedule max 0.1."""
    parts = []
    for factor in path.factors:
        texts = levels_as_text(factor.levels)
        level = factor.levels.index(path.values(factor).tolist()[trial.at])
        parts.append(f"{clean(factor.label)} {texts[level]}")
    return ", ".join(parts)


def _named(path: SearchPath, text: str) -> str:
    """Paths as the page names their factors."""
    for factor in path.factors:
        text = text.replace(f"{factor.path} = ", f"{factor.label} ").replace(factor.path, factor.label)
    return clean(text)


def _finals(path: SearchPath, finals: list[Confirmed], labels: list[str]) -> Table:
    mark = unit(path)
    rows = tuple(
        (
            *(str(i), label, score_text(path, one.trial.score)),
            *(score_text(path, one.fresh), score_text(path, one.excess)),
        )
        for i, (label, one) in enumerate(zip(labels, finals, strict=True), start=1)
    )
    columns = ("", "finalist", f"in the search{mark}", f"fresh seeds{mark}", "search less fresh")
    caption = (
        f"Means ± half of the 95 % interval over {path.dataset.sizes['seed']} seeds of the search and "
        f"{path.dataset.sizes['fresh_seed']} fresh ones; the difference has Welch's interval. Fresh seeds "
        "have other initial weights and orders but the same validation examples; test accuracy is unseen."
    )
    return Table("Final comparison", columns, (True, False, True, True, True), rows, caption)


def _trials(path: SearchPath) -> Table:
    rungs = path.settings["strategy"] == "halving"
    order = sorted(path.trials, key=lambda t: (t.round, t.number))
    rows = tuple(
        (
            str(t.number),
            str(t.rung + 1 if rungs else t.round + 1),
            trial_text(path, t),
            score_text(path, t.score),
            f"{t.steps:,}",
            t.status,
            _named(path, t.reason),
        )
        for t in order[:MOST_ROWS]
    )
    columns = (
        *("trial", "rung" if rungs else "round", "point", f"{words(path)}{unit(path)}", "steps"),
        *("became", "because"),
    )
    left = f"The first {MOST_ROWS} of {len(order)} trials." if len(order) > MOST_ROWS else ""
    return Table("Every trial", columns, (True, True, False, True, True, False, False), rows, left)

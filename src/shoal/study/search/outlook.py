"""What a search will train, before anything runs: a plan for each round."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from shoal.study.plan import Plan
from shoal.study.search.draws import sobol
from shoal.study.search.halving_round import halving_plan
from shoal.study.search.rounds import fresh_seeds, points_study
from shoal.study.search.space import points_of
from shoal.study.search.strategies import strategy_of
from shoal.study.search.trial import point_label
from shoal.study.spec import Study
from shoal.study.spec.search import Halving, Sampled


@dataclass(frozen=True)
class Ahead:
    """One round to come. `known` says whether its points are: later ones depend on earlier ones."""

    name: str
    points: int
    plan: Plan
    known: bool


def outlook(study: Study, plan_of: Callable[[Study], Plan]) -> list[Ahead]:
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
        ahead.append(Ahead(f"round {index + 1}", len(points), plan, index == 0))
    seeds = fresh_seeds(study.seeds, search.confirm)
    points = list({point_label(point): point for point in first}.values())[: search.finalists]
    final = plan_of(points_study(study, points, seeds))
    return [*ahead, Ahead("final", len(points), final, False)]

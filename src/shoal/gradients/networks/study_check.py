"""The gradient checks of a study: each distinct network, on a few of its own training examples."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from shoal.data.inputs import Loader
from shoal.network.from_settings import build_network
from shoal.population.plan import Plan
from shoal.study.settings.study import MOST_LETTERS, Cell
from shoal.text import printable

if TYPE_CHECKING:
    from shoal.gradients.networks.result import GradientCheck
    from shoal.gradients.networks.structure import Case


QUICK_PROBES = 20
EXAMPLES = 10


def cases_of(cells: Iterable[Cell], loader: Loader, examples: int) -> Iterator[Case]:
    """What each cell trains, with a few of its own training examples."""
    from shoal.gradients.networks.structure import Case

    for cell in cells:
        inputs = loader.inputs(cell.settings.data)
        x, labels = inputs.sample(examples)
        network = build_network(cell.settings, inputs.shape, inputs.classes)
        yield Case(printable(cell.label, MOST_LETTERS), network, float(cell.settings.training.l2), x, labels)


def check_cases(cases: Iterable[Case], seeds: int, probes: int) -> Iterator[GradientCheck]:
    """Each case at `seeds` starting points."""
    from shoal.gradients.networks.check import check_start

    for case in cases:
        others = f" and {case.cells - 1} more" if case.cells > 1 else ""
        for seed in range(seeds):
            yield check_start(
                case.network,
                case.x,
                case.labels,
                case.l2,
                probes=probes,
                seed=seed,
                label=f"{case.label}{others}",
            )


def check_programs(plan: Plan, loader: Loader) -> list[dict[str, Any]]:
    """A quick check of each distinct network of a plan, as the record that a result keeps."""
    from shoal.gradients.networks.structure import distinct

    cells = [cell for program in plan.programs for cell in program.cells]
    cases = distinct(cases_of(cells, loader, EXAMPLES))
    return [found.to_json() for found in check_cases(cases, seeds=1, probes=QUICK_PROBES)]

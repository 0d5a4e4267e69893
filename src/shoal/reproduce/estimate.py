"""How long a study will take, from how long it took on a machine that is named."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources

from shoal.study.length import total_steps
from shoal.study.spec import Study
from shoal.study.spec.data import DataSettings
from shoal.training.batches import batches_of

EXAMPLES = {"cifar10": 50_000, "mnist": 60_000, "fashion-mnist": 60_000, "digits": 1_437}
OWN_FILE = 5_000  # of report 003's own digits
UNKNOWN = 500.0  # microseconds of a network-step that nobody has timed yet
HONESTY = (
    "From the times that these studies took on two CPU cores with little else to do; the digits take less, "
    "and another machine or a GPU may take a fraction or a multiple."
)


def estimate(name: str, study: Study) -> float:
    """Seconds: a fixed part for loading, compiling and checking, and a time for each network-step."""
    fixed, each = _timings().get(name, (20.0, UNKNOWN))
    return fixed + each * 1e-6 * network_steps(study)


def network_steps(study: Study) -> int:
    """Steps of all networks of a study, its data not loaded."""
    steps = 0
    for cell in study.cells():
        training = cell.settings.training
        examples = _examples(cell.settings.data)
        size = examples if training.batch_size == "whole" else min(training.batch_size, examples)
        batches = batches_of(examples, size, False)
        steps += total_steps(training, batches.per_epoch)
    return steps * len(study.seeds)


def _examples(settings: DataSettings) -> int:
    """Training examples of a cell's data."""
    if isinstance(settings.train, int) and settings.train:
        return settings.train
    count = settings.examples or EXAMPLES.get(settings.name, OWN_FILE)
    held_out = settings.validation
    return max(1, count - round(held_out if isinstance(held_out, int) else held_out * count))


@cache
def _timings() -> dict[str, tuple[float, float]]:
    """(seconds, microseconds per network-step) by study, as measured."""
    file = resources.files("shoal.reproduce") / "timings.toml"
    tables = tomllib.loads(file.read_text(encoding="utf-8"))
    return {name: (float(fixed), float(each)) for name, (fixed, each) in tables["study"].items()}

"""What a result says of its origin."""

from __future__ import annotations

import json
import platform
from collections.abc import Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from shoal.study.inputs import described
from shoal.study.plan import Plan
from shoal.version import __version__

if TYPE_CHECKING:
    from shoal.study.train import ChunkResult

_VERSIONS = ("jax", "jaxlib", "numpy", "optax", "xarray", "scipy", "scikit-learn")


def provenance(
    plan: Plan,
    results: Sequence[ChunkResult],
    seconds: float,
    interrupted: bool,
    gradient_record: list[dict[str, Any]] | None,
    device: str,
) -> dict[str, Any]:
    """The attributes of a result that `device` trained: study, versions, plan, data, timings."""
    study = plan.study
    inputs = [program.inputs for program in plan.programs]
    notes = sorted({note for one in inputs for note in one.describe()["notes"]})
    parameters = sorted({program.parameters for program in plan.programs})
    recorded = study.base.record.training_examples
    counts = min(one.train_count for one in inputs)
    attributes = {
        "question": study.question,
        "study": study.text,
        "shoal_version": __version__,
        "versions": json.dumps({"python": platform.python_version(), **{v: version(v) for v in _VERSIONS}}),
        "device": device,
        "plan": json.dumps(plan.describe()),
        "seconds_total": round(seconds, 3),
        "seconds_compile": round(sum(r.seconds_compile for r in results), 3),
        "status": "interrupted" if interrupted else "complete",
        "notes": json.dumps(notes),
        "data": described(inputs),
        "parameters": json.dumps(parameters),
        "train_examples_recorded": counts if recorded == "all" else min(recorded, counts),
    }
    if gradient_record is not None:
        attributes["gradient_check"] = json.dumps(gradient_record)
    return attributes

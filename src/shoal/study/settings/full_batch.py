"""Full-batch optimizers of `[training]`: SciPy's methods on the cost of all training examples at once.

Their keys are options of `scipy.optimize.minimize` under SciPy's names; those left out are SciPy's defaults.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from shoal.study.settings.base import Count, SettingsTable, Whole

# Not traced: SciPy reads them on the host.
MOST_CORRECTIONS = 1000  # vectors that L-BFGS keeps
Tolerance = Annotated[float, Field(gt=0, strict=True)]
Fraction = Annotated[float, Field(gt=0, lt=1, strict=True)]


class FullBatch(SettingsTable):
    """What the full-batch optimizers share."""

    @property
    def options(self) -> dict[str, Any]:
        """SciPy's options that were given."""
        return self.model_dump(exclude={"kind"}, exclude_none=True)


class Tnc(FullBatch):
    """Truncated Newton (Nash 1984); Hessian products by differences of gradients, counted as evaluations."""

    kind: Literal["tnc"]
    ftol: Tolerance | None = None
    gtol: Tolerance | None = None
    xtol: Tolerance | None = None
    maxCGit: Whole | None = None
    eta: Fraction | None = None
    stepmx: Tolerance | None = None
    accuracy: Tolerance | None = None
    rescale: Annotated[float, Field(ge=0, strict=True)] | None = None


class LBfgs(FullBatch):
    """Limited-memory BFGS (Byrd, Lu, Nocedal and Zhu 1995), SciPy's L-BFGS-B without bounds."""

    kind: Literal["l-bfgs"]
    maxcor: Annotated[int, Field(gt=0, le=MOST_CORRECTIONS, strict=True)] | None = None
    ftol: Tolerance | None = None
    gtol: Tolerance | None = None
    maxls: Count | None = None


class Cg(FullBatch):
    """Nonlinear conjugate gradients (Polak and Ribiere)."""

    kind: Literal["cg"]
    gtol: Tolerance | None = None
    c1: Fraction | None = None
    c2: Fraction | None = None


class NewtonCg(FullBatch):
    """Newton's method with conjugate gradients inside; exact Hessian products, by forward mode."""

    kind: Literal["newton-cg"]
    xtol: Tolerance | None = None
    c1: Fraction | None = None
    c2: Fraction | None = None


FULL_BATCH = {"tnc": Tnc, "l-bfgs": LBfgs, "cg": Cg, "newton-cg": NewtonCg}
NOT_GIVEN = (
    *("batch_size", "steps", "epochs", "cycles", "learning_rate", "schedule", "shared_order", "order"),
)


def with_full_batch_defaults(written: Any) -> Any:
    """`[training]` as written, with what a full-batch optimizer takes where nothing else was said.

    Raises ValueError for keys that mean nothing to it.
    """
    if not isinstance(written, Mapping) or (kind := _kind(written)) not in FULL_BATCH:
        return written
    kind = f'the full-batch optimizer "{kind}"'
    wrong = [f"`{name}`" for name in NOT_GIVEN if name in written]
    if wrong:
        raise ValueError(
            f"{kind} has no {', '.join(wrong)}: it sees all training examples at once and chooses its own "
            "step lengths; give `iterations` or `evaluations`"
        )
    if written.get("iterations") is None and written.get("evaluations") is None:
        raise ValueError(
            f"{kind} needs its most `iterations`, its most `evaluations` of the cost, or both; neither given"
        )
    return {"batch_size": "whole", "precision": "float64", **written}


def _kind(written: Mapping[str, Any]) -> str:
    """The name of the optimizer, or nothing where what was written is none."""
    optimizer = written.get("optimizer")
    kind = optimizer.get("kind") if isinstance(optimizer, Mapping) else getattr(optimizer, "kind", optimizer)
    return kind if isinstance(kind, str) else ""

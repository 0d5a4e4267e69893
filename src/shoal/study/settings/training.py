"""`[training]`: optimizer, rate, length, batches and penalty."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from pydantic import Field, model_validator

from shoal.study.settings.base import Count, FilePath, NonNegative, Positive, Rate, SettingsTable
from shoal.study.settings.full_batch import (
    FULL_BATCH,
    Cg,
    FullBatch,
    LBfgs,
    NewtonCg,
    Tnc,
    with_full_batch_defaults,
)
from shoal.study.settings.schedule import OneCycle, Schedule


class Sgd(SettingsTable):
    """p <- p - rate * gradient."""

    kind: Literal["sgd"]


class Momentum(SettingsTable):
    """v <- momentum * v + gradient; p <- p - rate * v."""

    kind: Literal["momentum"]
    momentum: Rate = 0.9


class Nesterov(SettingsTable):
    """v <- momentum * v + gradient; p <- p - rate * (gradient + momentum * v)."""

    kind: Literal["nesterov"]
    momentum: Rate = 0.9


class RmsProp(SettingsTable):
    """s <- decay * s + (1 - decay) * gradient**2; p <- p - rate * gradient / (sqrt(s) + epsilon)."""

    kind: Literal["rmsprop"]
    decay: Rate = 0.9
    epsilon: Positive = 1e-7


class Adam(SettingsTable):
    """Adam with bias correction (Kingma & Ba 2015)."""

    kind: Literal["adam"]
    beta1: Rate = 0.9
    beta2: Rate = 0.999
    epsilon: Positive = 1e-8


class AdamW(SettingsTable):
    """Adam with decoupled weight decay on the weights only (Loshchilov & Hutter 2019)."""

    kind: Literal["adamw"]
    beta1: Rate = 0.9
    beta2: Rate = 0.999
    epsilon: Positive = 1e-8
    weight_decay: NonNegative = 0.01


class Adagrad(SettingsTable):
    """s <- s + gradient**2, from s = initial; p <- p - rate * gradient / sqrt(s + epsilon).

    Duchi, Hazan and Singer (2011), JMLR 12, p. 2122, with epsilon inside the root, as optax has it.
    """

    kind: Literal["adagrad"]
    initial: NonNegative = 0.1
    epsilon: Positive = 1e-7


class Lion(SettingsTable):
    """p <- p - rate * (sign(beta1 * m + (1 - beta1) * gradient) + weight_decay * p);
    m <- beta2 * m + (1 - beta2) * gradient.

    The decay is decoupled and of weights only (Chen et al. 2023, "Symbolic discovery of optimization
    algorithms", algorithm 2). Rates are to be three to ten times smaller than Adam's.
    """

    kind: Literal["lion"]
    beta1: Rate = 0.9
    beta2: Rate = 0.99
    weight_decay: NonNegative = 0.0


NamedOptimizer = Literal[
    "sgd",
    "momentum",
    "nesterov",
    "rmsprop",
    "adam",
    "adamw",
    "adagrad",
    "lion",
    "tnc",
    "l-bfgs",
    "cg",
    "newton-cg",
]
Optimizer = Sgd | Momentum | Nesterov | RmsProp | Adam | AdamW | Adagrad | Lion | Tnc | LBfgs | Cg | NewtonCg
OptimizerTable = Annotated[Optimizer, Field(discriminator="kind")]
_TABLES = {get_args(table.model_fields["kind"].annotation)[0]: table for table in get_args(Optimizer)}


class TrainingSettings(SettingsTable):
    """How one network is trained. Exactly one of `steps`, `epochs` and `cycles` gives the length, and
    exactly one of `learning_rate` and `schedule` the rate. `l2` adds l2 * sum(W**2) to the cost.
    `order` is an `.npz` file of the examples of each step, in place of shuffles and `batch_size`; its rows
    are the length where no other is given.

    A full-batch optimizer takes `iterations` and `evaluations` of the cost, both at most, in place of these.
    """

    optimizer: NamedOptimizer | OptimizerTable = "sgd"
    batch_size: Count | Literal["whole"] = 100
    steps: Count | None = None
    epochs: Count | None = None
    cycles: Count | None = None
    iterations: Count | None = None
    evaluations: Count | None = None
    learning_rate: Positive | None = None
    schedule: Schedule | None = None
    l2: NonNegative = 0.0
    order: FilePath | None = None
    shared_order: Annotated[bool, Field(strict=True)] = False
    precision: Literal["float32", "float64"] = "float32"

    @model_validator(mode="before")
    @classmethod
    def _full_batch(cls, written: Any) -> Any:
        return with_full_batch_defaults(written)

    @model_validator(mode="after")
    def _consistent(self) -> TrainingSettings:
        if self.full_batch:
            return self
        if self.iterations is not None or self.evaluations is not None:
            raise ValueError(
                "`iterations` and `evaluations` are for the full-batch optimizers "
                f"({', '.join(FULL_BATCH)}); "
                f'"{self.optimizer_table.kind}" counts in `steps`, `epochs` or `cycles`'
            )
        lengths = [name for name in ("steps", "epochs", "cycles") if getattr(self, name) is not None]
        if self.order is not None:
            foreign = [key for key in ("batch_size", "shared_order") if key in self.model_fields_set]
            if foreign:
                raise ValueError(f"`order` lists every batch: leave out {' and '.join(foreign)}")
        if len(lengths) != 1 and not (self.order is not None and not lengths):
            came = " and ".join(lengths) if lengths else "none of them"
            raise ValueError(f"the length needs exactly one of `steps`, `epochs` and `cycles`; {came} given")
        if (self.learning_rate is None) == (self.schedule is None):
            came = "neither" if self.schedule is None else "both"
            raise ValueError(f"the rate needs exactly one of `learning_rate` and `schedule`; {came} given")
        if self.cycles is not None and not hasattr(self.schedule, "half_cycle"):
            raise ValueError(
                "`cycles` needs a cyclical schedule (triangular, triangular2, exp_range or cyclical)"
            )
        if isinstance(self.schedule, OneCycle) and self.optimizer_table.kind not in ("momentum", "nesterov"):
            raise ValueError(
                "a one_cycle schedule moves the momentum too: use the optimizer `momentum` or `nesterov`"
            )
        return self

    @property
    def full_batch(self) -> bool:
        """Whether SciPy minimizes the cost of all training examples."""
        return isinstance(self.optimizer_table, FullBatch)

    @property
    def optimizer_table(self) -> Optimizer:
        """The optimizer with all its settings, also where only its name was given."""
        if isinstance(self.optimizer, str):
            return _TABLES[self.optimizer](kind=self.optimizer)  # type: ignore[arg-type]
        return self.optimizer

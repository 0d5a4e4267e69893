"""A study: data + network + training + record, and the factors that vary."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, SerializeAsAny, ValidationError, model_validator

from shoal.errors import StudyError
from shoal.study.messages import ValidationMessage, describe
from shoal.study.settings.base import SettingsTable, dimension_names, leaves
from shoal.study.settings.data import DataSettings
from shoal.study.settings.levels import Variant, level_label
from shoal.study.settings.network import NetworkSettings
from shoal.study.settings.record import RecordSettings
from shoal.study.settings.search import SearchSettings
from shoal.study.settings.training import TrainingSettings
from shoal.text import printable

MOST_MEMBERS = 1_000_000
MOST_CELLS_TOLD = 10
MOST_LETTERS = 1000  # of one mistake in a message


class Settings(SettingsTable):
    """Everything that describes one network and its training."""

    question: str = ""
    data: DataSettings = DataSettings()
    network: NetworkSettings = NetworkSettings()
    training: TrainingSettings
    record: RecordSettings = RecordSettings()

    @model_validator(mode="after")
    def _fit_together(self) -> Settings:
        if self.data.pca != "none" and (name := self.network.image_layer):
            raise ValueError(
                f"network.layers has {name}, which needs images; data.pca turns these into rows of "
                'components. Leave one of the two out (data.pca = "none")'
            )
        if self.training.full_batch:
            self._require_deterministic()
        if not self.data.is_function:
            return self
        if self.network.loss != "squared_error":
            raise ValueError(
                f'network.loss is "{self.network.loss_name}"; the values of a function need "squared_error"'
            )
        if self.training.shared_order:
            raise ValueError("training.shared_order: each seed has points of its own; leave it out")
        return self

    def _require_deterministic(self) -> None:
        kind, traced = self.training.optimizer_table.kind, leaves(self.network)[0]
        if any(path.endswith("dropout") and rate > 0 for path, rate in traced.items()):
            raise ValueError(
                "network: dropout draws a cost afresh at each evaluation; the full-batch optimizer "
                f'"{kind}" needs one that stays. Leave dropout out, or train with batches'
            )
        if self.record.health:
            raise ValueError(
                f'record.health measures the updates of optimizers with a learning rate; "{kind}" has none. '
                "Leave it out"
            )


@dataclass(frozen=True)
class Factor:
    """One setting that varies: its dotted path, its name as a dimension, its levels as written.

    Where variants vary, several settings at once: then the path is the factor's name.
    """

    path: str
    name: str
    levels: tuple[Any, ...]

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """One short text a level."""
        return tuple(level_label(level) for level in self.levels)

    @property
    def paths(self) -> tuple[str, ...]:
        """All settings that it varies."""
        if not any(isinstance(level, Variant) for level in self.levels):
            return (self.path,)
        return tuple(dict.fromkeys(path for level in self.levels for path in level.settings))


@dataclass(frozen=True)
class Cell:
    """One combination of levels, with the settings that it makes."""

    index: tuple[int, ...]
    levels: dict[str, Any]
    names: tuple[str, ...]
    settings: Settings = field(repr=False)

    @property
    def label(self) -> str:
        """For people: "batch_norm=true, l2=0.001"; "the only cell" where nothing varies."""
        pairs = zip(self.names, self.levels.values(), strict=True)
        return ", ".join(f"{name}={level_label(level)}" for name, level in pairs) or "the only cell"


Seed = Annotated[int, Field(ge=0, lt=2**31, strict=True)]


class Study(SettingsTable):
    """A whole factorial study, as read from a study file or built in code.

    `raw` is what was written, `base` the settings with the first level of every factor, `folder` where the
    study file lies, from which files that it names are taken (None: the current folder). With `search`
    the members are chosen as it goes on, and `base` stands at the first point. Make one with
    `shoal.load_study(path)` or `shoal.study.load.make_study({...})`, which list all mistakes at once.
    """

    base: Settings
    factors: tuple[Factor, ...]
    seeds: tuple[Seed, ...]
    raw: dict[str, Any]
    text: str
    folder: Path | None = None
    search: SerializeAsAny[SearchSettings] | None = None

    @property
    def question(self) -> str:
        """What the study asks, in its author's words."""
        return self.base.question

    @property
    def shape(self) -> tuple[int, ...]:
        """The number of levels of each factor."""
        return tuple(len(factor.levels) for factor in self.factors)

    @property
    def member_count(self) -> int:
        """Cells times seeds."""
        return math.prod(self.shape) * len(self.seeds)

    def cells(self) -> list[Cell]:
        """Every combination of levels, the last factor running fastest.

        Raises StudyError, naming the cells, where a combination makes no valid settings.
        """
        names = dimension_names([factor.path for factor in self.factors])
        checked = {**self.raw, "record": self.base.record}  # which never varies
        cells, mistakes = [], []
        for index in itertools.product(*(range(n) for n in self.shape)):
            levels = {f.path: f.levels[i] for f, i in zip(self.factors, index, strict=True)}
            settings, wrong = validated_settings(with_levels(checked, levels))
            if settings is None:
                where = ", ".join(f"{path} = {level_label(level)}" for path, level in levels.items())
                mistakes += [f"cell ({where}): {message}" for message in wrong]
                if len(mistakes) >= MOST_CELLS_TOLD:
                    break
            else:
                cells.append(Cell(index, levels, names, settings))
        if mistakes:
            raise StudyError(
                "Some combinations of levels do not fit together:\n  "
                + "\n  ".join(printable(one, MOST_LETTERS) for one in mistakes[:MOST_CELLS_TOLD]),
                "Change those levels, or split the study in two.",
            )
        return cells


def validated_settings(raw: Mapping[str, Any]) -> tuple[Settings | None, list[ValidationMessage]]:
    """Settings, or what is wrong with them."""
    try:
        return Settings.model_validate(raw), []
    except ValidationError as error:
        return None, describe(error, raw, Settings)


def with_levels(raw: Mapping[str, Any], levels: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of the raw tables with a level at each dotted path, or a variant's settings at theirs."""
    result = dict(raw)  # tables are copied where they change, and nowhere else
    single = {path: level for path, level in levels.items() if not isinstance(level, Variant)}
    for variant in levels.values():
        single |= variant.settings if isinstance(variant, Variant) else {}
    for path, level in single.items():
        *tables, last = path.split(".")
        at = result
        for name in tables:
            below = at.get(name)
            at[name] = dict(below) if isinstance(below, Mapping) else {}
            at = at[name]
        at[last] = level
    return result

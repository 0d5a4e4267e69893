"""A shipped study as it is asked for: with other seeds, shortened, on the embedded digits."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from shoal.reproduce.model import study_file
from shoal.study.load import make_study
from shoal.study.settings.record import RecordSettings
from shoal.study.settings.study import Study
from shoal.study.toml import read_toml

SHORTENED = 10  # a quick run has a tenth of the steps
STEPS = ("steps", "half_cycle", "every_steps", "evaluations", "iterations", "epochs")
MOST_RECORDS = (
    5  # of a quick run, after the start: to measure more often takes longer than a tenth of the steps
)
HELD_OUT = 300  # of the 1797 digits
LARGEST_BATCH = 1024
MOST_COMPONENTS = 40  # of the digits' 64 pixels


@dataclass(frozen=True)
class Mode:
    """How the studies are run. `digits`: on the embedded digits in place of the published data."""

    seeds: int = 5
    quick: bool = False
    digits: bool = False

    @property
    def labels(self) -> tuple[str, ...]:
        """What must be said beside every figure that was not made from the report's own settings."""
        quick = (
            f"QUICK: a {'tenth' if SHORTENED == 10 else f'{SHORTENED}th'} of the steps and {self.seeds} seeds"
        )
        digits = "DIGITS: scikit-learn's 1797 digits in place of the published data"
        return (*((quick,) if self.quick else ()), *((digits,) if self.digits else ()))

    @property
    def label(self) -> str:
        """The labels as one phrase; "" for a run as the report's."""
        return "; ".join(self.labels)

    def steps(self, steps: int) -> int:
        """What becomes of a number of steps."""
        return max(1, round(steps / SHORTENED)) if self.quick else steps


def study_for(name: str, mode: Mode, own_seeds: bool = False) -> Study:
    """The shipped study of that name in this mode; with its own number of seeds where asked."""
    path = study_file(name)
    text, raw = read_toml(path)
    asked = copy.deepcopy(raw)
    if not own_seeds:
        asked["vary"] = {**asked.get("vary", {}), "seed": mode.seeds}
    if mode.quick:
        asked = _walked(asked, lambda key, value: _shorter(value, mode) if key in STEPS else value)
        asked["record"] = _fewer(asked.get("record", {}))
    if mode.digits:
        asked["data"] = _digits(asked["data"])
        asked = _walked(asked, _fitting)
    return make_study(asked, text if asked == raw else None, source=str(path), folder=path.parent)


def _walked(table: Any, change: Callable[[str, Any], Any]) -> Any:
    """A copy of nested tables, every value changed by its key (the last part of a dotted one)."""
    if isinstance(table, dict):
        return {k: _walked(change(k.rsplit(".", 1)[-1], v), change) for k, v in table.items()}
    return [_walked(v, change) for v in table] if isinstance(table, list) else table


def _shorter(value: Any, mode: Mode) -> Any:
    if isinstance(value, list):
        return [_shorter(v, mode) for v in value]
    return value if isinstance(value, dict) else mode.steps(value)


def _fewer(record: dict[str, Any]) -> dict[str, Any]:
    """The table [record] with fewer points; records at chosen steps stay."""
    if "steps" in record:
        return record
    points = record.get("points", RecordSettings.model_fields["points"].default)
    return {**record, "points": min(points, MOST_RECORDS)}


def _digits(data: dict[str, Any]) -> dict[str, Any]:
    """The table [data] of the digits; a function stays one."""
    if data.get("name") == "function":
        return data
    none = {part: 0 for part in ("validation", "test") if data.get(part) == 0}
    kept = {key: data[key] for key in ("standardize", "pca") if key in data}
    return {"name": "digits", "validation": HELD_OUT, **kept, **none}


def _fitting(key: str, value: Any) -> Any:
    """Convolutions and components that fit 8 x 8 pixels."""
    if key == "layers" and isinstance(value, list):
        return [
            {"padding": "same", **entry} if isinstance(entry, dict) and "conv" in entry else entry
            for entry in value
        ]
    if key == "batch_size" and isinstance(value, list):
        return [v for v in value if not isinstance(v, int) or v <= LARGEST_BATCH]
    if key == "pca" and isinstance(value, list):
        return [min(v, MOST_COMPONENTS) if isinstance(v, int) else v for v in value]
    return value

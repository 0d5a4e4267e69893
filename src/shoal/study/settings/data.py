"""`[data]`: what goes in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from shoal.study.settings.base import LARGEST, Amount, Components, Count, Number, SettingsTable

FunctionName = Literal["identity", "abs", "square", "cube", "sin", "cos", "tanh", "exp", "sinc", "step"]
MOST_SEED = 2**63 - 1  # TOML's largest whole number
# The largest |x| whose value is within single precision, for the functions that grow faster than x.
FARTHEST = {"square": 1.8e19, "cube": 6.9e12, "exp": 88.0}
OF_FUNCTIONS = ("function", "range", "examples")
NOT_OF_FUNCTIONS = ("train", "split_seed", "stratify", "standardize", "pca")


class DataSettings(SettingsTable):
    """Which examples a network sees, how they are divided and how they are scaled.

    `train`, `validation` and `test` are counts (whole numbers) or fractions (below 1). Without a
    published test set, `test` is held out of the training examples. The split belongs to `split_seed`
    and not to the members' seeds: all members of a study see the same split. `pca` is a number of principal
    components or the share of variance that they hold, "none" for none; the inputs are then rows of them.

    With `name = "function"` the examples are points (x, f(x)), x uniform on `range`, drawn for each seed
    afresh: `examples` to train on, `validation` and `test` (counts, or fractions of `examples`) besides.

    With `path` in place of `name` they are the user's own; `target` names the column of classes of a table.
    """

    name: str = "digits"
    path: str | None = None
    target: str | None = None
    train: Amount | None = None
    validation: Amount = 0.1
    test: Amount | None = None
    split_seed: Annotated[int, Field(ge=0, le=MOST_SEED, strict=True)] = 0
    stratify: Annotated[bool, Field(strict=True)] = False
    standardize: Literal["feature", "channel", "mean_image", "range", "none"] = "feature"
    pca: Components = "none"
    function: FunctionName | None = None
    range: tuple[Number, Number] | None = None
    examples: Count | None = None

    @model_validator(mode="before")
    @classmethod
    def _name_or_path(cls, raw: Any) -> Any:
        if isinstance(raw, Mapping) and raw.get("path") is not None and raw.get("name") is not None:
            raise ValueError(
                "name and path are both given; name a known data set, or give the path of your own"
            )
        return raw

    @model_validator(mode="before")
    @classmethod
    def _defaults_of_functions(cls, raw: Any) -> Any:
        if isinstance(raw, Mapping) and raw.get("name") == "function":
            return {"validation": 0, "standardize": "none", **raw}
        return raw

    @model_validator(mode="after")
    def _target_of_a_path(self) -> DataSettings:
        if self.target is not None and self.path is None:
            raise ValueError(
                f"target = {self.target!r} is a column of a table of your own; give its path as well, "
                "or leave target out"
            )
        return self

    @model_validator(mode="after")
    def _one_kind(self) -> DataSettings:
        if not self.is_function:
            foreign = [key for key in OF_FUNCTIONS if getattr(self, key) is not None]
            if foreign:
                raise ValueError(f'{", ".join(foreign)}: only with name = "function"')
            return self
        missing = [key for key in OF_FUNCTIONS if getattr(self, key) is None]
        if missing:
            raise ValueError(
                f'name = "function" needs {", ".join(missing)}, '
                'as in function = "abs", range = [-7, 7], examples = 3000'
            )
        standards = {key: field.default for key, field in type(self).model_fields.items()}
        standards["standardize"] = "none"
        foreign = [key for key in NOT_OF_FUNCTIONS if getattr(self, key) != standards[key]]
        if foreign:
            raise ValueError(
                f"{', '.join(foreign)}: not with a function, whose points are drawn for each seed and taken "
                "as they are; leave it out"
            )
        if self.range is not None and self.range[0] >= self.range[1]:
            raise ValueError(f"range = {list(self.range)} is empty; expected [lowest, highest]")
        self._require_finite_values()
        return self

    def _require_finite_values(self) -> None:
        assert self.range is not None
        low, high = self.range
        if high - low > LARGEST:
            raise ValueError(f"range = [{low:g}, {high:g}] is wider than single precision's {LARGEST:g}")
        most = FARTHEST.get(str(self.function), LARGEST)
        if max(high, high if self.function == "exp" else -low) > most:
            raise ValueError(
                f"range = [{low:g}, {high:g}]: {self.function}(x) passes single precision's {LARGEST:g} "
                f"beyond x = {most:g}; make the range smaller"
            )

    @property
    def is_function(self) -> bool:
        """Whether the examples are points of a function, for regression."""
        return self.name == "function"

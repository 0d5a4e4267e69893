"""The network file of a submission: the network, and how the code lays out its arrays."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, model_validator

from shoal.errors import StudyError
from shoal.study.load import counted, refuse_too_large
from shoal.study.messages import describe
from shoal.study.settings.base import MOST, Count, SettingsTable, Whole
from shoal.study.settings.data import DataSettings
from shoal.study.settings.network import NetworkSettings
from shoal.study.settings.record import RecordSettings
from shoal.study.settings.study import Seed
from shoal.study.settings.training import TrainingSettings
from shoal.study.toml import plain, read_toml

Several = Annotated[int, Field(ge=2, le=MOST, strict=True)]


class Names(SettingsTable):
    """What the code calls the parameters of block i; without a name, `W{i}` (or `W`, where blocks are
    told apart by their place)."""

    W: str | None = None
    b: str | None = None
    gamma: str | None = None
    beta: str | None = None


class SubmissionSettings(SettingsTable):
    """How the code lays out parameters, examples and labels.

    A block is an affine map and the batch norm behind it, numbered from `first` on. `parameters` is "dict"
    (W1, b1, gamma1, beta1, W2, ...), "list" (the same arrays in the chain's order), "layers" (a list of
    dicts, one for each block) or "lists" (a dict of lists: W, b, gamma, beta).
    """

    parameters: Literal["dict", "list", "layers", "lists"] = "dict"
    names: Names = Names()
    first: Whole = 1
    weights: Literal["inputs_first", "outputs_first"] = "inputs_first"
    examples: Literal["rows", "columns"] = "rows"
    biases: Literal["vector", "column", "row"] = "vector"
    labels: Literal["integers", "one_hot"] = "integers"
    dtype: Literal["float64", "float32"] = "float64"
    batch: Several = 12
    seed: Seed = 0

    @model_validator(mode="after")
    def _names_tell_blocks_apart(self) -> SubmissionSettings:
        given = {key: name for key, name in self.names.model_dump().items() if name is not None}
        bare = [f'{key} = "{name}"' for key, name in given.items() if "{i}" not in name]
        if bare and self.parameters == "dict":
            raise ValueError(
                f"names: {', '.join(bare)} would be the same in every block; "
                'write the place of the number as {i}, as in "W{i}"'
            )
        default = "{key}{i}" if self.parameters == "dict" else "{key}"
        words = [given.get(key, default.replace("{key}", key)) for key in Names.model_fields]
        if len(set(words)) < len(words):
            raise ValueError("names: two kinds of parameter have the same name")
        return self


class NetworkTraining(TrainingSettings):
    """`[training]` of a study, of which only `l2` is used: length and rate may be left out."""

    @model_validator(mode="after")
    def _consistent(self) -> NetworkTraining:
        return self


class NetworkFile(SettingsTable):
    """A study file without `[vary]`, whose `[data]` may be `inputs` and `classes` instead: then the examples
    are drawn from the standard normal distribution and the labels at random."""

    question: str = ""
    inputs: Count | None = None
    classes: Several | None = None
    data: DataSettings | None = None
    network: NetworkSettings
    training: NetworkTraining = NetworkTraining()
    record: RecordSettings = RecordSettings()
    submission: SubmissionSettings = SubmissionSettings()

    @model_validator(mode="after")
    def _one_source(self) -> NetworkFile:
        if self.network.weights is not None:
            raise ValueError("network.weights: gradients are judged at weights that are drawn; leave it out")
        drawn = self.inputs is not None and self.classes is not None
        if self.data is not None and (self.inputs is not None or self.classes is not None):
            raise ValueError("give either [data], or `inputs` and `classes`, not both")
        if self.data is None and not drawn:
            raise ValueError(
                "the shape of the examples is missing: write `inputs = 12` and `classes = 5` above the first "
                "table, or name real examples in [data]"
            )
        return self


def load_network_file(path: str | Path, seed: int | None = None) -> NetworkFile:
    """Read and validate a network file, with `seed` in place of its own if given.

    Raises StudyError that lists every mistake with its path.
    """
    path = Path(path)
    _, raw = read_toml(path, "network")
    settings = make_network_file(raw, str(path))
    if seed is None:
        return settings
    return settings.model_copy(update={"submission": settings.submission.model_copy(update={"seed": seed})})


def make_network_file(raw: Mapping[str, Any], source: str = "The network file") -> NetworkFile:
    """The same from a dictionary of the same shape as the file."""
    raw = plain(raw)
    refuse_too_large(raw, source)
    written = {key: value for key, value in raw.items() if key != "vary"}
    mistakes = ["vary: a network file describes one network; leave [vary] out"] if "vary" in raw else []
    try:
        settings = NetworkFile.model_validate(written)
    except ValidationError as error:
        mistakes += [str(mistake) for mistake in describe(error, written, NetworkFile)]
        settings = None
    if mistakes or settings is None:
        raise StudyError(f"{source} {counted(mistakes)}", "Nothing was run.")
    return settings

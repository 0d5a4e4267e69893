"""A network file: the network of some code whose gradients are judged, and how that code lays things out."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from shoal.study.spec.base import MOST, Count, Table, Whole
from shoal.study.spec.data import DataSettings
from shoal.study.spec.network import NetworkSettings
from shoal.study.spec.record import RecordSettings
from shoal.study.spec.study import Seed
from shoal.study.spec.training import TrainingSettings

Several = Annotated[int, Field(ge=2, le=MOST, strict=True)]


class Names(Table):
    """What the code calls the parameters of block i; without a name, `W{i}` (or `W`, where blocks are
    told apart by their place)."""

    W: str | None = None
    b: str | None = None
    gamma: str | None = None
    beta: str | None = None


class SubmissionSettings(Table):
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


class NetworkFile(Table):
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

"""How someone's code lays out a network's parameters, examples and labels, and the way there and back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np

from shoal.doctor.submissions.nested import Key, assembled, found_at
from shoal.errors import NetworkError, SubmissionError
from shoal.gradients.networks.point import Parameters
from shoal.network import Network

IMAGES = ("convolution", "average_pool", "max_pool", "global_average_pool")  # layers that take images


@dataclass(frozen=True)
class Place:
    """Where one parameter lies in the code's structure, its number, its shape there and in the network."""

    layer: str
    parameter: str
    number: int
    path: tuple[Key, ...]
    size: tuple[int, ...]
    shape: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Layout:
    """One way to write down the parameters of `network`, and the examples that go in.

    A block is an affine map or convolution and the batch norm behind it; blocks are numbered from `first`
    on. `parameters` is the structure:

        "dict"     {"W1": (D, H), "b1": (H,), "gamma1": (H,), "beta1": (H,), "W2": ...}
        "list"     [W1, b1, gamma1, beta1, W2, ...], in the chain's order
        "layers"   [{"W": ..., "b": ..., "gamma": ..., "beta": ...}, ...], one dict for each block
        "lists"    {"W": [W1, W2, ...], "b": [...], "gamma": [...], "beta": [...]}

    `names` gives other words for W, b, gamma and beta, with the block's number where "{i}" stands.
    With `weights` "outputs_first" W is (H, D), a convolution's (F, C, K, L); with `examples` "columns" x is
    (D, N), and one-hot labels are (C, N); `biases` (and gamma and beta) are (H,), as a "column" (H, 1) or as
    a "row" (1, H).

    Raises NetworkError where the structure has no place for a layer of the network.
    """

    network: Network
    parameters: Literal["dict", "list", "layers", "lists"] = "dict"
    names: Mapping[str, str] = field(default_factory=dict)
    first: int = 1
    weights: Literal["inputs_first", "outputs_first"] = "inputs_first"
    examples: Literal["rows", "columns"] = "rows"
    biases: Literal["vector", "column", "row"] = "vector"
    labels: Literal["integers", "one_hot"] = "integers"
    dtype: Literal["float64", "float32"] = "float64"

    def __post_init__(self) -> None:
        for path, count in Counter(place.path for place in self.places).items():
            if count > 1:
                raise self._no_place(f"two arrays would both be {''.join(f'[{key!r}]' for key in path)}")

    @cached_property
    def places(self) -> tuple[Place, ...]:
        """All parameters, in the chain's order."""
        places: list[Place] = []
        number, seen = self.first - 1, Counter[str]()
        for layer, kind, shape in self.network.named_layers:
            number += "W" in kind.parameter_shapes(shape)
            for key, size in kind.parameter_shapes(shape).items():
                path = self._path(key, number, len(places), seen[key])
                places.append(Place(layer, key, number, path, size, self._shape(size)))
                seen[key] += 1
        return tuple(places)

    def name(self, layer: str, parameter: str) -> str:
        """What the code calls a parameter: "W1"."""
        for place in self.places:
            if (place.layer, place.parameter) == (layer, parameter):
                return self._written(parameter, place.number)
        return f"{parameter} of {layer}"

    def index(self, place: Place, index: tuple[int, ...]) -> tuple[int, ...]:
        """Where the code has the entry that the network has at `index`."""
        if len(index) != len(place.size):
            return index
        if len(index) != 1:
            return tuple(index[k] for k in self._order(place.size))
        return {"vector": index, "column": (*index, 0), "row": (0, *index)}[self.biases]

    def to_user(self, parameters: Mapping[str, Mapping[str, np.ndarray]]) -> Any:
        """The parameters as the code wants them: fresh arrays of its dtype, in its structure."""
        arrays = {p.path: self._array(parameters[p.layer][p.parameter], p) for p in self.places}
        return assembled(arrays)

    def from_user(self, gradients: Any) -> Parameters:
        """Gradients in the code's structure, by layer and parameter in the network's shapes.

        Keys may have a "d" or "grad_" in front (dW1). float32 stays float32. Raises SubmissionError that
        lists every missing, unknown or unfit block.
        """
        words = {place.path: self._written(place.parameter, place.number) for place in self.places}
        shapes = {place.path: place.shape for place in self.places}
        found, problems = found_at(gradients, shapes, words)
        if problems:
            raise SubmissionError(
                "The gradients do not fit the parameters:\n  " + "\n  ".join(problems),
                "Return one gradient for each parameter, in the structure and shapes of the parameters, or "
                "say in [submission] how your code lays them out.",
            )
        result: Parameters = {}
        for place in self.places:
            array = found[place.path]
            if self.dtype == "float32":
                array = array.astype(np.float32)
            back = np.argsort(self._order(place.size))
            turned = array.transpose(back) if len(place.size) > 1 else array.reshape(place.size)
            result.setdefault(place.layer, {})[place.parameter] = np.array(turned, order="C")
        return result

    def inputs_to_user(self, x: np.ndarray) -> np.ndarray:
        """Examples (N, D), or what belongs to each of their units, as the code wants them.

        Images stay (N, I, J, C) where the network has layers for them.
        """
        images = x.ndim > 2 and any(layer.kind in IMAGES for layer in self.network.layers)
        flat = x if images else x.reshape(len(x), -1)
        turned = flat.T if self.examples == "columns" and not images else flat
        return np.array(turned, dtype=bool if x.dtype == bool else self.dtype, order="C")

    def labels_to_user(self, y: np.ndarray) -> np.ndarray:
        """Labels (N,) as the code wants them: themselves, or one-hot in the orientation of the examples."""
        if self.labels == "integers":
            return np.array(y)
        return self.inputs_to_user(np.eye(self.network.classes)[y])

    def _path(self, key: str, number: int, position: int, among_its_kind: int) -> tuple[Key, ...]:
        if self.parameters == "list":
            return (position,)
        if number < self.first:
            raise self._no_place("a batch norm stands in front of the first affine map")
        if self.parameters == "layers":
            return (number - self.first, self._word(key, number))
        word = self._word(key, number)
        return (word, among_its_kind) if self.parameters == "lists" else (word,)

    def _word(self, key: str, number: int) -> str:
        default = key + "{i}" if self.parameters == "dict" else key
        return self.names.get(key, default).replace("{i}", str(number))

    def _written(self, key: str, number: int) -> str:
        word = self.names.get(key, key + "{i}")
        return word.replace("{i}", str(number)) if "{i}" in word else f"{word}{number}"

    def _shape(self, size: tuple[int, ...]) -> tuple[int, ...]:
        if len(size) > 1:
            return tuple(size[k] for k in self._order(size))
        return {"vector": size, "column": (*size, 1), "row": (1, *size)}[self.biases]

    def _order(self, size: tuple[int, ...]) -> tuple[int, ...]:
        """The network's axes in the code's order."""
        axes = tuple(range(len(size)))
        if self.weights == "inputs_first" or len(size) < 2:
            return axes
        return (*axes[:-3:-1], *axes[:-2])

    def _array(self, value: np.ndarray, place: Place) -> np.ndarray:
        turned = value.transpose(self._order(place.size)) if value.ndim > 1 else value.reshape(place.shape)
        return np.array(turned, dtype=self.dtype, order="C")

    def _no_place(self, why: str) -> NetworkError:
        return NetworkError(
            f'parameters = "{self.parameters}" has no place for this network: {why}.',
            'Use parameters = "list": every array in the chain\'s order.',
        )

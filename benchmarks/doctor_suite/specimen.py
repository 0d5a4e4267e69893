"""A random network's description, in the suite's own words, and the same network in Shoal's."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any


@dataclass(frozen=True)
class Part:
    """One layer of the chain: its name ("relu_2"), kind, and the number its equation needs.

    `value` is leaky ReLU's or the sigmoid's slope, batch norm's epsilon, dropout's rate; 0 elsewhere.
    `inputs` and `units` are the widths before and after it.
    """

    name: str
    kind: str
    inputs: int
    units: int
    value: float = 0.0


@dataclass(frozen=True)
class Specimen:
    """Affine, batch norm, activation, dropout for each hidden width; an affine map; a loss; L2.

    `activations` has (kind, slope) for each hidden layer. `epsilon` and `rate` are None without batch
    norm and without dropout. `stepwise`: batch norm's backward is written path by path, as in the paper,
    in place of the collected formula. Both are right.
    """

    inputs: int
    hidden: tuple[int, ...]
    classes: int
    activations: tuple[tuple[str, float], ...]
    epsilon: float | None
    rate: float | None
    loss: str
    l2: float
    stepwise: bool = False

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """The chain from the input on, numbered per kind."""
        chain: list[tuple[str, int, int, float]] = []
        width = self.inputs
        for units, (activation, slope) in zip(self.hidden, self.activations, strict=True):
            chain.append(("affine", width, units, 0.0))
            if self.epsilon is not None:
                chain.append(("batch_norm", units, units, self.epsilon))
            chain.append((activation, units, units, slope))
            if self.rate is not None:
                chain.append(("dropout", units, units, self.rate))
            width = units
        chain.append(("affine", width, self.classes, 0.0))
        count: dict[str, int] = {}
        named = []
        for kind, inputs, units, value in chain:
            count[kind] = count.get(kind, 0) + 1
            named.append(Part(f"{kind}_{count[kind]}", kind, inputs, units, value))
        return tuple(named)

    @cached_property
    def by_name(self) -> dict[str, Part]:
        """The chain's parts by name."""
        return {part.name: part for part in self.parts}

    def of_kind(self, kind: str) -> tuple[Part, ...]:
        """All parts of one kind, from the input on."""
        return tuple(part for part in self.parts if part.kind == kind)

    def before(self, name: str, kinds: tuple[str, ...]) -> Part | None:
        """The nearest part of one of the kinds in front of a part, towards the input."""
        at = self.parts.index(self.by_name[name])
        return next((part for part in reversed(self.parts[:at]) if part.kind in kinds), None)

    def describe(self) -> str:
        """One line: widths, activations, batch norm, dropout, loss, L2."""
        kinds = sorted({kind for kind, _ in self.activations})
        widths = "-".join(str(w) for w in (self.inputs, *self.hidden, self.classes))
        norm = "" if self.epsilon is None else f", batch norm (epsilon {self.epsilon:g})"
        drop = "" if self.rate is None else f", dropout {self.rate:g}"
        return f"{widths} {'+'.join(kinds)}{norm}{drop}, {self.loss}, l2 {self.l2:g}"


ACTIVATIONS = ("relu", "leaky_relu", "sigmoid", "tanh")


def as_shoal(specimen: Specimen) -> Any:
    """The specimen as a shoal.network.Network, to tell the doctor what it is looking at."""
    from shoal import layers
    from shoal.network import compose_layers

    make = {
        "affine": lambda part: layers.Affine(part.units),
        "batch_norm": lambda part: layers.BatchNorm(epsilon=part.value),
        "relu": lambda part: layers.ReLU(),
        "leaky_relu": lambda part: layers.LeakyReLU(part.value),
        "sigmoid": lambda part: layers.Sigmoid(part.value),
        "tanh": lambda part: layers.Tanh(),
        "dropout": lambda part: layers.Dropout(part.value),
    }
    losses = {
        "softmax_cross_entropy": layers.SoftmaxCrossEntropy,
        "squared_error": layers.SquaredError,
        "sigmoid_cross_entropy": layers.SigmoidCrossEntropy,
    }
    chain = [make[part.kind](part) for part in specimen.parts[:-1]]
    network = compose_layers((specimen.inputs,), specimen.classes, chain, losses[specimen.loss]())
    if network.names != tuple(part.name for part in specimen.parts):
        raise RuntimeError(f"Shoal names the layers {network.names}; the suite names them differently.")
    return network

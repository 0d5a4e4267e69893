"""The user's gradients: arrays as they came, or a function called at several batches.

A function is called five times: on a batch A, another batch B, on A and B again, and on a third batch C with
gamma, beta and b moved off the 1 and 0 that hide mistakes. A function of its arguments alone says the same
of A twice. One that adds to what it has differs by the same from B's first to its second call; one with a
stale cache says of B what it should have said of A. What comes must have the structure of the network's
parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from shoal.doctor.catalogue.batch_norm import RUNNING
from shoal.doctor.catalogue.dropout import NOT_DRAWN as NO_DROPOUT
from shoal.doctor.catalogue.network import ACCUMULATED, STALE
from shoal.doctor.evidence import GradientEvidence, precision_of
from shoal.doctor.mistake import Mistake
from shoal.errors import GradientError, NetworkError
from shoal.gradients.networks.point import Parameters, Point, as_parameters, make_point
from shoal.network import Network


def as_numbers(came: Any, parameters: Parameters) -> tuple[Parameters, float]:
    """Copies in float64, and the precision in which they came.

    Raises GradientError where they are no dictionaries of dictionaries, NetworkError where one is missing
    or of a wrong shape.
    """
    if not isinstance(came, Mapping):
        raise GradientError(
            f"The gradients came as {type(came).__name__}; expected the structure of the parameters.",
            "Return a dictionary of layers, each a dictionary of arrays.",
        )
    numbers = {name: _of_layer(name, came.get(name, {}), own) for name, own in parameters.items()}
    return as_parameters(numbers, parameters), precision_of(numbers)


def require_parameters(network: Network, parameters: Any) -> None:
    """Raise NetworkError, listing every misfit, where `parameters` are not those of the network."""
    wrong = []
    for name, layer, shape in network.named_layers:
        own = parameters.get(name) if isinstance(parameters, Mapping) else None
        for key, expected in layer.parameter_shapes(shape).items():
            value = own.get(key) if isinstance(own, Mapping) else None
            came = "nothing" if value is None else f"shape {np.shape(value)}"
            if value is None or np.shape(value) != expected:
                wrong.append(f"{name}.{key}: {came} came, expected shape {expected}")
    if wrong:
        raise NetworkError(
            f"The parameters do not fit the network. {'; '.join(wrong)}.",
            "Hand in {layer: {name: array}}, as `network.initialize` gives.",
        )


def _of_layer(name: str, came: Any, own: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    if not isinstance(came, Mapping):
        raise GradientError(
            f"The gradients of {name} came as {type(came).__name__}; "
            f"expected a dictionary of {', '.join(own)}.",
            f'Return {{"{name}": {{"{next(iter(own))}": array, ...}}, ...}}.',
        )
    return {key: np.array(came[key]) for key in own if came.get(key) is not None}


JITTER = 0.1  # other batches are rows of the first one, moved by this share of their size
SMALL = 5  # examples of the third batch: few, so that what arrives at a layer can be read off its dW
REPEATS = 2.0**20  # in units of the last digit: two calls that differ by less say the same


@dataclass(frozen=True)
class Batch:
    """What one call gets: parameters, x, y as the user gave them, noise, and the point that they make."""

    point: Point
    x: np.ndarray
    y: np.ndarray


@dataclass(frozen=True)
class Interpretation:
    """One way to take what came: as `mistake` (made in `layers`) would make it look, or at face value.

    `raw` is what came before it was taken that way.
    """

    evidence: tuple[GradientEvidence, ...]
    mistake: Mistake | None = None
    layers: tuple[str, ...] = ("network",)
    raw: tuple[GradientEvidence, ...] = ()

    @property
    def shown(self) -> tuple[GradientEvidence, ...]:
        """What the verdict on each block is given on."""
        return self.raw or self.evidence

    def evaluated(self) -> Iterator[Interpretation]:
        """Readings in which layers were computed as after training: all of a kind, or one of them."""
        network, state = self.evidence[0].point.network, self.evidence[0].state
        for kind, mistake in (("batch_norm", RUNNING), ("dropout", NO_DROPOUT)):
            names = [
                name
                for name, layer in zip(network.names, network.layers, strict=True)
                if layer.kind == kind and (kind == "dropout" or name in state)
            ]
            for some in dict.fromkeys([tuple(names), *((name,) for name in names)]):
                if some:
                    evidence = tuple(replace(e, evaluated=frozenset(some)) for e in self.evidence)
                    yield Interpretation(evidence, mistake, some)


CallResults = list[tuple[Parameters, float]]  # what calls returned, each with its precision


def ask(
    batch: Batch, gradients: Callable[..., Any], state: Mapping, seed: int
) -> tuple[list[Interpretation], tuple[str, ...]]:
    """The readings of a function, and remarks on its manners.

    Raises GradientError where it gives other numbers every time, or none.
    """
    rng = np.random.default_rng(seed)
    n = len(batch.x)
    b = another(batch, n - 1 if n > 3 else n + 2, rng)
    c = another(batch, SMALL if n not in (SMALL, SMALL + 1) else SMALL - 2, rng, moved=True)
    said: CallResults = []
    remarks: list[str] = []
    for asked in (batch, b, batch, b, c):
        said.append(_call(asked, gradients, remarks))
    precision = max(p for _, p in said)
    u = [numbers for numbers, _ in said]

    def evidence(*pairs: tuple[Batch, Parameters]) -> tuple[GradientEvidence, ...]:
        return tuple(GradientEvidence(asked.point, came, precision, state) for asked, came in pairs)

    same, raw = REPEATS * precision, evidence((batch, u[2]), (b, u[3]))
    if _near(u[0], u[2], same) and _near(u[1], u[3], same):
        return [Interpretation(evidence((batch, u[0]), (c, u[4])))], tuple(dict.fromkeys(remarks))
    if _near(_less(u[1], u[0]), _less(u[3], u[2]), same):
        added = evidence((batch, _less(u[2], u[1])), (c, _less(u[4], u[3])))
        return [Interpretation(added, ACCUMULATED, raw=raw)], tuple(dict.fromkeys(remarks))
    if _near(u[1], u[3], same):
        return [Interpretation(evidence((batch, u[1]), (b, u[2])), STALE, raw=raw)], tuple(
            dict.fromkeys(remarks)
        )
    raise GradientError(
        "The gradients are random: the same parameters and batch gave other numbers at the second call; "
        "expected the same.",
        "Take dropout masks and other noise as an argument, or fix the seed inside the function.",
    )


def take(batch: Batch, gradients: Mapping, state: Mapping, previous: Batch | None) -> list[Interpretation]:
    """The readings of numbers: as they are, and (with the batch before known) as a memory would make them."""
    came, precision = as_numbers(gradients, batch.point.parameters)
    plain = GradientEvidence(batch.point, came, precision, state)
    readings = [Interpretation((plain,))]
    if previous is not None:
        before = GradientEvidence(previous.point, came, precision, state)
        readings.append(Interpretation((before,), STALE))
        readings.append(
            Interpretation((replace(plain, came=_less(came, before.true), before=before),), ACCUMULATED)
        )
    return readings


def make_batch(point: Point, x: Any, y: Any) -> Batch:
    """A batch as the user gave it."""
    return Batch(point, np.asarray(x), np.asarray(y))


def another(batch: Batch, n: int, rng: np.random.Generator, *, moved: bool = False) -> Batch:
    """A batch of n rows like the batch's own, with fresh noise for the layers that draw."""
    rows = rng.integers(0, len(batch.x), n)
    size = JITTER * float(np.std(batch.x) or 1.0)
    x = (batch.x[rows] + size * rng.standard_normal(batch.x[rows].shape)).astype(batch.x.dtype)
    point, network = batch.point, batch.point.network
    noise = {name: rng.random(shape) for name, shape in network.draw_shapes(n).items()}
    point = make_point(network, point.parameters, x, point.targets[rows], point.l2, noise)
    return Batch(point.moved(rng) if moved else point, x, batch.y[rows])


def _call(batch: Batch, gradients: Callable[..., Any], remarks: list[str]) -> tuple[Parameters, float]:
    point = batch.point
    handed = {name: {key: v.copy() for key, v in own.items()} for name, own in point.parameters.items()}
    x, y = batch.x.copy(), batch.y.copy()
    noise = {name: value.copy() for name, value in point.noise.items()}
    came = gradients(handed, x, y, *([noise] if noise else []))
    changed = [
        f"{name}.{key}"
        for name, own in point.parameters.items()
        for key, value in own.items()
        if not np.array_equal(handed[name][key], value, equal_nan=True)
    ]
    changed += [what for what, a, b in (("x", x, batch.x), ("y", y, batch.y)) if not np.array_equal(a, b)]
    changed += ["noise"] * any(not np.array_equal(noise[name], v) for name, v in point.noise.items())
    if changed:
        remarks.append(f"The gradients change their arguments ({', '.join(changed)}): work on copies.")
    return as_numbers(came, point.parameters)


def _less(a: Parameters, b: Parameters) -> Parameters:
    return {name: {key: v - b[name][key] for key, v in own.items()} for name, own in a.items()}


def _near(a: Parameters, b: Parameters, share: float) -> bool:
    """Whether both are the same to within rounding."""
    pairs: Sequence = [(v, b[name][key]) for name, own in a.items() for key, v in own.items()]
    largest = max(float(np.max(np.abs(v), initial=0.0)) for v, _ in pairs)
    off = [np.max(np.abs(v - w), initial=0.0) for v, w in pairs if not np.array_equal(v, w, equal_nan=True)]
    return all(o <= share * largest for o in off)

"""Small networks for the doctor, and gradients of them with mistakes planted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from shoal.doctor.catalogue import plant
from shoal.doctor.diagnose import diagnose
from shoal.doctor.layer_at_point import LayerAtPoint, sites_of
from shoal.doctor.mistake import Mistake, Way
from shoal.doctor.result import Cause, Diagnosis
from shoal.gradients import Point, draw_point, make_point
from shoal.layers import (
    Affine,
    BatchNorm,
    HeNormal,
    Layer,
    LeakyReLU,
    Loss,
    ReLU,
    Sigmoid,
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
    SquaredError,
    Tanh,
)
from shoal.network import Network, compose

Gradients = dict[str, dict[str, np.ndarray]]
Slips = Mapping[str, Mapping[str, Any]]  # by layer (or the loss's kind): what is spoilt in its backward

WIDTH, CLASSES, EXAMPLES, L2 = 5, 4, 7, 0.02
ACTIVATIONS: dict[str, Layer] = {a.kind: a for a in (ReLU(), LeakyReLU(0.1), Sigmoid(2.0), Tanh())}
LOSSES: dict[str, Loss] = {a.kind: a for a in (SoftmaxCrossEntropy(), SigmoidCrossEntropy(), SquaredError())}
KINDS = ("affine", *ACTIVATIONS, "batch_norm", "dropout", *LOSSES)  # of a fully connected network


def network(
    activation: str = "tanh",
    hidden: Sequence[int] = (WIDTH, WIDTH, WIDTH),
    *,
    loss: str = "softmax_cross_entropy",
    batch_norm: bool = False,
    dropout: float | None = None,
    features: int = WIDTH,
    **changes: Any,
) -> Network:
    """5 features, three layers of 5 units (all square, so that every mistake fits), 4 classes."""
    return compose(
        (features,),
        CLASSES,
        hidden=hidden,
        activation=ACTIVATIONS[activation],
        batch_norm=BatchNorm() if batch_norm else None,
        dropout=dropout,
        loss=LOSSES[loss],
        **{"initial": HeNormal(), **changes},
    )


def made_for(kind: str, batch_norm: bool, dropout: float | None, activation: str = "tanh") -> Network:
    """A network with square layers in which every mistake of the kind can be made."""
    activation = kind if kind in ACTIVATIONS else activation
    loss = kind if kind in LOSSES else "softmax_cross_entropy"
    return network(activation, batch_norm=batch_norm, dropout=dropout, loss=loss)


def chain(*layers: Layer, features: int = WIDTH, loss: str = "softmax_cross_entropy") -> Network:
    """The layers with an affine map to the scores behind them."""
    return Network((features,), (*layers, Affine(CLASSES)), LOSSES[loss], CLASSES)


def draw(net: Network, seed: int = 0, *, n: int = EXAMPLES, l2: float = L2, moved: bool = True) -> Point:
    """The network at a start of its own, on a batch of its own."""
    rng = np.random.default_rng([seed, 11])
    x, labels = rng.normal(0.2, 1.0, (n, *net.shapes[0])), rng.integers(0, net.classes, n)
    return draw_point(net, x, net.loss.targets_from_labels(labels, net.classes, x), l2, seed, moved=moved)


def draw_state(net: Network, seed: int = 0) -> Gradients:
    """Running statistics of every batch norm."""
    rng = np.random.default_rng([seed, 12])
    return {
        name: {key: rng.uniform(0.5, 1.5, shape) for key, shape in layer.state_shapes(shapes).items()}
        for name, layer, shapes in net.named_layers
        if layer.state_shapes(shapes)
    }


def backward(point: Point, slips: Slips | None = None, state: Slips | None = None) -> Gradients:
    """The planted backward pass of the whole network."""
    found: Gradients = {}
    dy = None
    for site in reversed(sites_of(point, state or {})):
        dy, gradients = plant(site, dy, dict((slips or {}).get(site.name, {})))
        if gradients:
            found[site.name] = gradients
    return {name: found[name] for name in point.parameters}


def as_function(
    point: Point, slips: Slips | None = None, state: Slips | None = None
) -> Callable[..., Gradients]:
    """gradients(parameters, x, y, noise) of code that makes these mistakes."""

    def gradients(parameters: Any, x: Any, y: Any, noise: Any = None) -> Gradients:
        return backward(make_point(point.network, parameters, x, y, point.l2, noise), slips, state)

    return gradients


def examine(point: Point, gradients: Any, **options: Any) -> Diagnosis:
    """The diagnosis of these gradients at the point."""
    if point.noise:
        options = {"noise": point.noise, **options}
    return diagnose(point.network, point.l2, point.parameters, point.x, point.targets, gradients, **options)


def sites(point: Point, kind: str, state: Slips | None = None) -> list[LayerAtPoint]:
    """The layers (or the loss) of a kind, from the input on."""
    return [site for site in sites_of(point, state or {}) if site.kind == kind]


def planted_at(mistakes: Sequence[Mistake], site: LayerAtPoint) -> Iterator[tuple[Mistake, Way]]:
    """Every way of every mistake that fits a layer."""
    for mistake in mistakes:
        for way in mistake.ways(site):
            yield mistake, way


def hidden(site: LayerAtPoint, way: Way) -> bool:
    """Whether nothing that comes out of the backward pass can show this way at this layer."""
    kinds = [layer.kind for layer in site.point.network.layers]
    if set(way.parts) == {"dx"} and site.i == kinds.index("affine"):
        return True  # nothing in front reads the derivative by x
    if set(way.parts) == {"b"} and kinds[site.i + 1 : site.i + 2] == ["batch_norm"]:
        return "l2_b" not in way.options  # sum or mean: a batch norm leaves nothing of it
    if "at_zero" in way.options:
        return not bool(np.any(site.x == 0))
    if site.kind in ("relu", "leaky_relu") and way.options.get("source") == site.i + 2:
        return kinds[site.i + 1] == "dropout"  # where the dropout made 0 of z, it made 0 of dy
    return False


def differ(a: Gradients, b: Gradients) -> float:
    """The largest difference in any block, as a share of the block's largest number in b.

    A block that is nothing but rounding beside the others counts as a millionth of their size.
    """
    sizes = {name: {key: float(np.max(np.abs(v))) for key, v in own.items()} for name, own in b.items()}
    least = 1e-6 * max(size for own in sizes.values() for size in own.values())
    return max(
        float(np.max(np.abs(v - b[name][key]))) / max(sizes[name][key], least)
        for name, own in a.items()
        for key, v in own.items()
    )


def put_on_corners(point: Point) -> None:
    """Set the first example so that every unit is exactly at 0 for it: no input, no constants."""
    point.x[0] = 0.0
    for own in point.parameters.values():
        for key in own.keys() & {"b", "beta"}:
            own[key][:] = 0.0


def only(diagnosis: Diagnosis) -> Cause:
    """The one mistake found, nothing else being left open."""
    assert len(diagnosis.causes) == 1, str(diagnosis)
    assert not diagnosis.unexplained, str(diagnosis)
    return diagnosis.causes[0]


def names(cause: Cause) -> set[str]:
    """What a cause is called: by its own name, or by those that give the same numbers."""
    return {cause.mistake.name, *cause.equivalents}

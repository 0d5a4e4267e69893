"""Every mistake of the catalogue: in which variants it is made, where it can be, what it makes wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .specimen import Specimen

Others = Callable[[Specimen, str], tuple[str, ...]]

DX, W, B = ("dx",), ("W",), ("b",)


@dataclass(frozen=True)
class Entry:
    """One mistake.

    `kind`: the layers it is made at ("l2" means affine layers, "loss" the loss, "whole" everything).
    `parts`: what of the layer is wrong first; naming any one of them counts as having found the place.
    `fits(net, layer)`: whether it can be made there. `others(net, layer)`: the layers that may be taken
    by mistake. `slot`: two mistakes of one slot at one layer overwrite each other.
    """

    name: str
    kind: str
    parts: tuple[str, ...]
    variants: tuple[str, ...] = ("plain",)
    fits: Callable[[Specimen, str], bool] = lambda net, layer: True
    others: Others | None = None
    slot: str = ""

    @property
    def harmless(self) -> bool:
        """A choice at a corner, where no derivative exists."""
        return self.name == "relu-at-zero"


def _behind_first(net: Specimen, layer: str) -> bool:
    return layer != "affine_1"


def _square(net: Specimen, layer: str) -> bool:
    part = net.by_name[layer]
    return part.inputs == part.units


def _square_behind_first(net: Specimen, layer: str) -> bool:
    return _behind_first(net, layer) and _square(net, layer)


def _fed_like_the_first(net: Specimen, layer: str) -> bool:
    return _behind_first(net, layer) and net.by_name[layer].inputs == net.inputs


def _same_shape(net: Specimen, layer: str) -> tuple[str, ...]:
    own = net.by_name[layer]
    same = [p for p in net.of_kind(own.kind) if (p.inputs, p.units) == (own.inputs, own.units)]
    return tuple(part.name for part in same if part.name != layer)


def _same_shape_behind_first(net: Specimen, layer: str) -> tuple[str, ...]:
    return _same_shape(net, layer) if _behind_first(net, layer) else ()


def _loss_is(kind: str) -> Callable[[Specimen, str], bool]:
    return lambda net, layer: net.loss == kind


def _sloped(net: Specimen, layer: str) -> bool:
    return net.by_name[layer].value != 1


_softmax = _loss_is("softmax_cross_entropy")
_counts = ("classes", "n - 1", "100", "32", "50")
_l2 = [
    Entry(f"l2-{name}", "l2", W, slot="l2")
    for name in ("halved", "doubled", "missing", "wrong-sign", "divided-by-n")
]
_loss = [
    Entry("one-over-n-missing", "loss", ("dscores",), slot="count"),
    Entry("one-over-n-twice", "loss", ("dscores", "W", "b"), ("dscores", "layer"), slot="count"),
    Entry("one-over-n-wrong-count", "loss", ("dscores",), _counts, slot="count"),
    Entry("sign-flipped", "loss", ("dscores", "gradients"), ("dscores", "everything"), slot="sign"),
    Entry("label-term-missing", "loss", ("dscores",), slot="labels"),
    Entry("labels-shifted", "loss", ("dscores",), ("up", "down"), slot="labels"),
    Entry("jacobian-diagonal-only", "loss", ("dscores",), fits=_softmax, slot="labels"),
    Entry("softmax-wrong-axis", "loss", ("dscores",), fits=_softmax, slot="softmax"),
    Entry("loss-factor-missing", "loss", ("dscores",), fits=_loss_is("squared_error"), slot="factor"),
]
_affine = [
    Entry("weights-not-transposed", "affine", DX, fits=_square_behind_first, slot="dx"),
    Entry("weights-of-other-layer", "affine", DX, others=_same_shape_behind_first, slot="dx"),
    Entry("gradient-transposed", "affine", W, ("before L2", "L2 too"), fits=_square, slot="transpose"),
    Entry("input-before-activation", "affine", W, fits=_behind_first, slot="input"),
    Entry("input-of-network", "affine", W, fits=_fed_like_the_first, slot="input"),
    Entry("layers-swapped", "affine", ("W", "b"), ("plain", "W only"), others=_same_shape, slot="swap"),
    Entry("bias-mean", "affine", B, slot="bias"),
    Entry("bias-missing", "affine", B, slot="bias"),
]
_relu = [
    Entry("relu-mask-missing", "relu", DX),
    Entry("relu-mask-inverted", "relu", DX, ("zero excluded", "zero included")),
    Entry("relu-mask-of-other-layer", "relu", DX, others=_same_shape),
    Entry("relu-at-zero", "relu", DX),
    Entry("relu-value-for-mask", "relu", DX),
]
_other_activations = [
    Entry("leaky-slope-missing", "leaky_relu", DX),
    Entry("leaky-derivative-missing", "leaky_relu", DX),
    Entry("leaky-inverted", "leaky_relu", DX),
    Entry("sigmoid-slope-missing", "sigmoid", DX, fits=_sloped),
    Entry("sigmoid-of-activation", "sigmoid", DX),
    Entry("sigmoid-of-preactivation", "sigmoid", DX, ("with slope", "without slope")),
    Entry("sigmoid-derivative-missing", "sigmoid", DX),
    Entry("tanh-of-activation", "tanh", DX),
    Entry("tanh-of-preactivation", "tanh", DX),
    Entry("tanh-square-missing", "tanh", DX),
    Entry("tanh-derivative-missing", "tanh", DX),
]
_of_sigma = ("dx", "gamma")
_batch_norm = [
    Entry("variance-path-missing", "batch_norm", DX),
    Entry("mean-path-missing", "batch_norm", DX),
    Entry("paths-missing", "batch_norm", DX),
    Entry("count", "batch_norm", DX, ("both sums", "mean path", "variance path", "variance")),
    Entry("epsilon-outside", "batch_norm", _of_sigma, ("scale only", "xhat too")),
    Entry("epsilon-missing", "batch_norm", _of_sigma, ("scale only", "xhat too")),
    Entry("gamma-missing", "batch_norm", DX, slot="gamma"),
    Entry("gamma-twice", "batch_norm", DX, slot="gamma"),
    Entry("dgamma-of-raw-input", "batch_norm", ("gamma",), ("raw", "centred"), slot="dgamma"),
    Entry("dgamma-mean", "batch_norm", ("gamma",), slot="dgamma"),
    Entry("dbeta-mean", "batch_norm", ("beta",), slot="dbeta"),
    Entry(
        "running-statistics",
        "batch_norm",
        _of_sigma,
        ("xhat and sigma", "sigma only", "constants", "evaluation mode"),
    ),
    Entry("wrong-axis", "batch_norm", _of_sigma, ("sums", "sums of gamma dy", "statistics")),
]
_dropout = [
    Entry("dropout-mask-missing", "dropout", DX, ("mask and scale", "scale kept")),
    Entry("dropout-scale-missing", "dropout", DX),
]
_whole = [
    Entry("stale-cache", "whole", ("gradients",), ("batch", "call", "activations"), slot="memory"),
    Entry("accumulated", "whole", ("gradients",), ("copied", "shared"), slot="memory"),
]

_ENTRIES = [
    *_l2[:3],
    Entry("l2-on-biases", "l2", B, slot="l2-on-biases"),
    Entry("l2-on-one-layer-only", "l2", W, slot="l2"),
    *_l2[3:],
    *_loss,
    *_affine,
    *_relu,
    *_other_activations,
    *(
        Entry(f"batch-norm-{e.name}", e.kind, e.parts, e.variants, slot=e.slot)  # the suite's short names
        for e in _batch_norm
    ),
    *_dropout,
    *_whole,
]
ENTRIES: dict[str, Entry] = {entry.name: entry for entry in _ENTRIES}

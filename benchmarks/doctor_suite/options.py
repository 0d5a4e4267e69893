"""All ways in which one mistake can be made in one network, and the places that a diagnosis must name."""

from __future__ import annotations

from collections.abc import Iterator

from .catalogue import ENTRIES, Entry, W
from .slip import Slip
from .specimen import Specimen

Place = tuple[str, tuple[str, ...]]  # a layer, and the parts of it any of which counts


def single(net: Specimen, name: str) -> list[Slip]:
    """Every variant of the mistake at every one place."""
    entry = ENTRIES[name]
    return [slip for variant in entry.variants for slip in _of_variant(net, entry, variant)]


def _of_variant(net: Specimen, entry: Entry, variant: str) -> Iterator[Slip]:
    if entry.name == "layers-swapped":
        names = [part.name for part in net.of_kind("affine")]
        for layer in names:
            for other in _others(net, entry, layer):
                if names.index(layer) < names.index(other):
                    yield Slip(entry.name, (layer, other), variant)
        return
    for layer in sites(net, entry, variant):
        if entry.others is None:
            yield Slip(entry.name, (layer,), variant)
        else:
            for other in _others(net, entry, layer):
                yield Slip(entry.name, (layer,), variant, (other,))


def everywhere(net: Specimen, name: str) -> list[Slip]:
    """The mistake at all layers of its kind at once, and at all but one (at two layers or more)."""
    entry = ENTRIES[name]
    if name in ("layers-swapped", "l2-on-one-layer-only"):
        return []
    found = []
    for variant in entry.variants:
        layers = sites(net, entry, variant)
        but_one = [tuple(x for x in layers if x != left_out) for left_out in layers]
        for at in [layers, *(but_one if len(layers) > 2 else [])]:
            if len(at) > 1:
                found.append(at_all(net, name, at, variant))
    return found


def at_all(net: Specimen, name: str, at: tuple[str, ...], variant: str) -> Slip:
    """One slip at several layers; where another layer is taken, the nearest one that fits."""
    entry = ENTRIES[name]
    if entry.others is None:
        return Slip(name, at, variant)
    return Slip(name, at, variant, tuple(_others(net, entry, layer)[0] for layer in at))


def sites(net: Specimen, entry: Entry, variant: str) -> tuple[str, ...]:
    """The single places where a variant can be made."""
    if entry.kind == "whole" or variant == "everything":
        return ("network",)
    if entry.kind == "loss" and variant != "layer":
        return (net.loss,) if entry.fits(net, net.loss) else ()
    kind = "affine" if entry.kind in ("l2", "loss") else entry.kind
    names = (part.name for part in net.of_kind(kind))
    return tuple(name for name in names if entry.fits(net, name) and _others(net, entry, name) != ())


def _others(net: Specimen, entry: Entry, layer: str) -> tuple[str, ...] | None:
    if entry.others is None:
        return None
    own = net.parts.index(net.by_name[layer])
    found = entry.others(net, layer)
    return tuple(sorted(found, key=lambda name: abs(net.parts.index(net.by_name[name]) - own)))


def places(net: Specimen, slip: Slip) -> list[tuple[Place, ...]]:
    """What must be named: one of these alternatives, each a set of places that must all be there.

    Alternatives exist where one and the same fact can be said of different places: a factor of
    everything that comes from the loss is a factor at the loss or of all gradients.
    """
    entry = ENTRIES[slip.name]
    own = tuple((layer, entry.parts) for layer in slip.at)
    everything: tuple[Place, ...] = (("network", ("gradients",)),)
    if entry.kind == "whole" or slip.variant == "everything" or slip.name == "layers-swapped":
        return [own, everything]
    if entry.kind == "loss" and slip.variant != "layer":
        return [own, everything]
    if slip.name == "l2-on-one-layer-only":  # the one that has it, or those that lack it
        lacking = (part.name for part in net.of_kind("affine") if part.name not in slip.at)
        return [own, tuple((layer, W) for layer in lacking)]
    return [own]

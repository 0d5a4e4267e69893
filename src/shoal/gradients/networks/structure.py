"""Which gradients are zero by construction: a number added to what a batch norm then takes the mean off."""

from __future__ import annotations

from shoal.layers import Affine, BatchNorm, Flatten
from shoal.network import Network


def zero_by_construction(network: Network) -> frozenset[tuple[str, str]]:
    """The (layer, parameter) pairs whose gradient is exactly zero in exact arithmetic.

    An affine layer's b, or a batch norm's beta, adds the same vector to every example. An affine layer behind
    it hands on the same vector for every example again; a batch norm subtracts it. Anything else in between
    (an activation, dropout) breaks the argument.
    """
    found = set()
    for i, (name, layer) in enumerate(zip(network.names, network.layers, strict=True)):
        behind = [other for other in network.layers[i + 1 :] if not isinstance(other, (Affine, Flatten))]
        if behind and isinstance(behind[0], BatchNorm):
            if isinstance(layer, Affine):
                found.add((name, "b"))
            if isinstance(layer, BatchNorm):
                found.add((name, "beta"))
    return frozenset(found)

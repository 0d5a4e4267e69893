"""The first products of several networks on one batch, made as one wide matrix product.

A product with 10 units uses a fraction of a CPU's units, one with the 780 of twelve networks side by side
fills them (benchmarks/sweep.py). Nothing is padded: weights of any widths lie side by side.

Equation:  [P1 P2 ...] = x [W1 W2 ...]
Backward:  [dW1 dW2 ...] = x' [dP1 dP2 ...], after each network's own backward down to its dP
Shapes:    x (N, D), Wi and dWi (D, Mi, Hi) for Mi members of one structure, Pi and dPi (N, Mi, Hi)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise

from shoal.layers import Affine, Array, Flatten, Values
from shoal.layers.arrays import namespace
from shoal.network import Network


@dataclass(frozen=True)
class PrecomputedAffine(Affine):
    """An affine map whose product P = x W was made elsewhere and is its parameter in W's place.

    Equation:  y = P + b
    Backward:  dP = dy,   db = sum over N of dy. It stands lowest, where nobody asks for dx.
    Shapes:    P and y (N, H), b (H,)
    """

    def forward(self, parameters: Values, x: Array) -> tuple[Array, None]:
        return parameters["P"] + parameters["b"], None

    def gradients(self, parameters: Values, saved: None, dy: Array) -> dict[str, Array]:
        return {"P": dy, "b": namespace(dy).sum(dy, axis=0)}


def shared_product(network: Network) -> str | None:
    """The affine map that meets the batch itself, which flatten layers may lay out; None where none does."""
    for name, layer in zip(network.names, network.layers, strict=True):
        if isinstance(layer, Affine):
            return name
        if not isinstance(layer, Flatten):
            return None
    return None


def with_handed_product(network: Network) -> Network:
    """The network whose `shared_product` is handed in: same names, "P" for "W" in that layer."""
    at = network.names.index(shared_product(network))
    first = network.layers[at]
    assert isinstance(first, Affine)
    handed = PrecomputedAffine(first.units, first.initial)
    return replace(network, layers=(*network.layers[:at], handed, *network.layers[at + 1 :]))


def products(x: Array, weights: Sequence[Array]) -> list[Array]:
    """x W of every W (D, M, H): (N, M, H) each."""
    wide = namespace(x).concat([W.reshape(W.shape[0], -1) for W in weights], axis=1)
    return _parted(x @ wide, [W.shape[1:] for W in weights])


def weight_gradients(x: Array, d_products: Sequence[Array]) -> list[Array]:
    """x' dP of every dP (N, M, H): (D, M, H) each."""
    wide = namespace(x).concat([dP.reshape(dP.shape[0], -1) for dP in d_products], axis=1)
    return _parted(x.T @ wide, [dP.shape[1:] for dP in d_products])


def _parted(wide: Array, shapes: Sequence[tuple[int, ...]]) -> list[Array]:
    """(K, sum of M H) back into (K, M, H) of each shape (M, H)."""
    ends = accumulate((members * units for members, units in shapes), initial=0)
    return [wide[:, a:b].reshape(-1, *shape) for (a, b), shape in zip(pairwise(ends), shapes, strict=True)]

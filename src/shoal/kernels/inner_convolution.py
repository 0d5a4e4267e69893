"""The convolution for CPUs."""

from __future__ import annotations

from dataclasses import dataclass, field

import jax.numpy as jnp
from jax import Array, lax

from shoal.kernels.order import PixelOrder
from shoal.kernels.tables import Tables, make_tables
from shoal.layers import Convolution, Values


@dataclass(frozen=True)
class InnerConvolution(Convolution):
    """The convolution of images in inner order, with the same W, b and y as the plain one.

    Equation:  Y = V P + b, with P (A C, B N) the windows of blocks of outputs, gathered by a table, and
               V (F p q, A C) the kernels, each written into its block's window once for every output
    Backward:  dV = dY P',   dP = V' dY;   dW adds up where each of its numbers stands in V,
               dx where each of its cells stands in P
    Shapes:    x (C, Q, N) in `source` order, y (F, Q', N) in `target` order, which is in blocks of `block`
    Caveat:    P is kept from forward to backward: A B / Q times the size of x.
    """

    source: PixelOrder = field(kw_only=True)
    target: PixelOrder = field(kw_only=True)
    block: tuple[int, int] = field(kw_only=True)

    def forward(self, parameters: Values, x: Array) -> tuple[Array, Array]:
        P = self._windows(x)
        y = self._widened(parameters["W"]) @ _in_rows(P)
        y = y.reshape(self.filters, len(self.target.cells), x.shape[2])
        return y + parameters["b"][:, None, None], P

    def backward(self, parameters: Values, saved: Array, dy: Array) -> tuple[Array, dict[str, Array]]:
        dP = self._widened(parameters["W"]).T @ self._outputs_in_rows(dy)
        return self._added_back(dP.reshape(saved.shape)), self.gradients(parameters, saved, dy)

    def gradients(self, parameters: Values, saved: Array, dy: Array) -> dict[str, Array]:
        dY, P = self._outputs_in_rows(dy), _in_rows(saved)
        # The right operand is copied where it is a member's own: let it be the smaller one.
        dV = dY @ P.T if len(P) < 2 * len(dY) else (P @ dY.T).T
        return {"W": self._narrowed(dV, parameters["W"]), "b": jnp.sum(dy, axis=(1, 2))}

    @property
    def _tables(self) -> Tables:
        shape = (self.source.rows, self.source.columns, 1)
        return make_tables(self.windows.over(shape), self.source, self.target, self.block)

    def _windows(self, x: Array) -> Array:
        """P (U, C, V, B, N) of x (C, Q, N)."""
        tables = self._tables
        if tables.padded:
            x = jnp.pad(x, ((0, 0), (0, 1), (0, 0)))
        u, v, blocks = tables.read.shape
        read = jnp.asarray(tables.read)

        # A loop, so that neither what makes x nor what reads P is computed anew for each number of P.
        def gather(row: Array, P: Array) -> Array:
            return P.at[row].set(x.at[:, read[row]].get(mode="promise_in_bounds"))

        return lax.fori_loop(0, u, gather, jnp.zeros((u, len(x), v, blocks, x.shape[2]), x.dtype))

    def _added_back(self, dP: Array) -> Array:
        """dx (C, Q, N) of dP (U, C, V, B, N)."""
        u, c, v, blocks, n = dP.shape
        pieces = jnp.moveaxis(dP, 1, 0).reshape(c, u * v * blocks, n)
        writes, written = jnp.asarray(self._tables.writes), jnp.asarray(self._tables.written)

        def add(i: Array, dx: Array) -> Array:
            piece = pieces.at[:, writes[i]].get(mode="promise_in_bounds")
            return dx + jnp.where(written[i][None, :, None], piece, 0)

        return lax.fori_loop(0, len(writes), add, jnp.zeros((c, writes.shape[1], n), dP.dtype))

    def _outputs_in_rows(self, dy: Array) -> Array:
        """dY (F p q, B N) of dy (F, Q', N)."""
        return dy.reshape(self.filters * self.block[0] * self.block[1], -1)

    def _widened(self, W: Array) -> Array:
        """V (F p q, A C) of W (K, L, C, F)."""
        *_, c, f = W.shape
        V = jnp.pad(W.reshape(-1, c, f), ((0, 1), (0, 0), (0, 0)))[self._tables.widen]  # (p q, U, V, C, F)
        return jnp.transpose(V, (4, 0, 1, 3, 2)).reshape(f * len(V), -1)

    def _narrowed(self, dV: Array, W: Array) -> Array:
        """dW (K, L, C, F) of dV (F p q, A C)."""
        (_, _, c, f), (outputs, u, v) = W.shape, self._tables.widen.shape
        places = jnp.transpose(dV.reshape(f, outputs, u, c, v), (1, 2, 4, 3, 0)).reshape(-1, c, f)
        return sum(places[at] for at in self._tables.narrow).reshape(W.shape)  # pyright: ignore


def _in_rows(P: Array) -> Array:
    """(A C, B N) of (U, C, V, B, N)."""
    u, c, v, blocks, n = P.shape
    return P.reshape(u * c * v, blocks * n)

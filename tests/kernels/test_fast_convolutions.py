"""Each fast convolution against the plain equation and `jax.vjp` of JAX's own, float64, random settings."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from shoal.kernels.inner_convolution import InnerConvolution
from shoal.kernels.lax_convolution import LaxConvolution
from shoal.kernels.order import PixelOrder
from shoal.layers import Convolution

CASES = 16
BLOCKS = ((1, 1), (2, 2), (1, 3), (2, 1))


def settings(seed):
    """A random convolution that fits its images, and the shape of these."""
    random = np.random.default_rng(seed)
    kernel, stride = (tuple(int(v) for v in random.integers(1, high, 2)) for high in (6, 4))
    explicit = tuple(tuple(int(v) for v in random.integers(0, 4, 2)) for _ in range(2))
    padding = ["valid", "same", int(random.integers(0, 3)), explicit][seed % 4]
    rows, columns = (int(k + random.integers(0, 9)) for k in kernel)
    channels, filters = (int(v) for v in random.integers(1, 5, 2))
    return Convolution(filters, kernel, stride, padding), (rows, columns, channels)


class Case:
    """A layer with images, kernels and a derivative for it, NumPy float64."""

    def __init__(self, seed):
        self.seed = seed
        self.layer, self.shape = settings(seed)
        random = np.random.default_rng(seed)
        shapes = self.layer.parameter_shapes(self.shape)
        self.parameters = {name: random.standard_normal(shape) for name, shape in shapes.items()}
        self.x = random.standard_normal((3, *self.shape))
        self.dy = random.standard_normal((3, *self.layer.output_shape(self.shape)))

    @property
    def point(self):
        return self.parameters, self.x, self.dy

    def plain(self):
        return answers(self.layer, *self.point)

    def of_jax(self):
        axes = self.layer.windows.over(self.shape)
        padding, strides = [(a.before, a.after) for a in axes], [a.stride for a in axes]
        names = ("NHWC", "HWIO", "NHWC")

        def forward(p, x):
            return lax.conv_general_dilated(x, p["W"], strides, padding, dimension_numbers=names) + p["b"]

        def all_three(p, x, dy):
            y, pull = jax.vjp(forward, p, x)
            gradients, dx = pull(dy)
            return y, dx, gradients

        return jax.jit(all_three)(*self.point)

    def of_lax_form(self):
        return jax.jit(partial(answers, LaxConvolution(*self._settings)))(*self.point)

    def of_inner_form(self, block):
        """In inner order: a random source, a target in blocks of a random order, and the way back."""
        rows, columns, _ = self.layer.output_shape(self.shape)
        source = shuffled(*self.shape[:2], self.seed)
        target = shuffled(rows // block[0], columns // block[1], self.seed).in_blocks(block, rows, columns)
        layer = InnerConvolution(*self._settings, source=source, target=target, block=block)

        def all_three(p, x, dy):
            y, dx, gradients = answers(layer, p, source.to_inner(x), target.to_inner(dy))
            return target.to_public(y), source.to_public(dx), gradients

        return jax.jit(all_three)(*self.point)

    @property
    def _settings(self):
        f = self.layer
        return f.filters, f.kernel, f.stride, f.padding


def answers(layer, parameters, x, dy):
    y, saved = layer.forward(parameters, x)
    return y, *layer.backward(parameters, saved, dy)


def shuffled(rows, columns, seed):
    cells = np.random.default_rng(seed).permutation(rows * columns)
    return PixelOrder(rows, columns, tuple(int(cell) for cell in cells))


@pytest.fixture(autouse=True)
def _float64():
    with jax.enable_x64(True):
        yield


@pytest.fixture(params=range(CASES))
def seed(request):
    return request.param


def test_plain_equation_and_jax_agree_with_the_fast_forms(seed):
    case = Case(seed)
    rows, columns, _ = case.layer.output_shape(case.shape)
    plain, of_jax = case.plain(), case.of_jax()
    whole = [b for b in BLOCKS if rows % b[0] == columns % b[1] == 0]
    for came in (case.of_lax_form(), *(case.of_inner_form(block) for block in whole)):
        equal(plain, came)
        equal(of_jax, came)


def test_a_product_known_by_hand():
    """3 x 3 cells 1 ... 9 under the kernel [[1, 0], [0, -1]]: each cell less its lower right neighbour."""
    x = jnp.arange(1.0, 10.0).reshape(1, 3, 3, 1)
    W = jnp.asarray([[1.0, 0.0], [0.0, -1.0]]).reshape(2, 2, 1, 1)
    source, target = PixelOrder.row_by_row(3, 3), PixelOrder.row_by_row(2, 2)
    layer = InnerConvolution(1, 2, source=source, target=target, block=(1, 1))
    y, saved = layer.forward({"W": W, "b": jnp.asarray([0.5])}, source.to_inner(x))
    np.testing.assert_array_equal(target.to_public(y)[0, :, :, 0], np.full((2, 2), -3.5))
    gradients = layer.gradients({"W": W}, saved, jnp.ones_like(y))
    np.testing.assert_array_equal(gradients["W"][:, :, 0, 0], [[12, 16], [24, 28]])
    np.testing.assert_array_equal(gradients["b"], [4])


def equal(expected, came):
    assert jax.tree.structure(expected) == jax.tree.structure(came)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(b, a, rtol=1e-10, atol=1e-11), expected, came)

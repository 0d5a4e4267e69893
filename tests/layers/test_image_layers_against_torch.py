"""Convolution and pooling against PyTorch, in float64 on 200 random shapes each, where it is installed."""

import numpy as np
import pytest

from shoal.layers import AveragePool, Convolution, GlobalAveragePool, MaxPool

torch = pytest.importorskip("torch")
F = torch.nn.functional

SHAPES = 200


@pytest.fixture(autouse=True)
def one_thread():
    """Threads only wait for each other on arrays this small."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def draw_window(rng, most_padding=4):
    """An image's rows and columns, a window, its stride and padding, so that at least one window fits."""
    size, stride = rng.integers(1, 5, 2), rng.integers(1, 4, 2)
    sides = [tuple(int(v) for v in rng.integers(0, min(most_padding, n), 2, endpoint=True)) for n in size]
    cells = [int(n - sum(pads) + rng.integers(0, 9)) for n, pads in zip(size, sides, strict=True)]
    cells = [max(n, 1) for n in cells]
    return cells, tuple(map(int, size)), tuple(map(int, stride)), tuple(sides)


def channels_first(array):
    return torch.tensor(np.moveaxis(array, -1, 1).copy(), requires_grad=True)


def channels_last(tensor):
    return np.moveaxis(tensor.detach().numpy(), 1, -1)


def same(came, expected, label):
    np.testing.assert_allclose(came, expected, rtol=1e-11, atol=1e-11, err_msg=label)


def padded(x, sides, value=0.0):
    (top, bottom), (left, right) = sides
    return F.pad(x, (left, right, top, bottom), value=value)


def test_convolution(rng):
    for _ in range(SHAPES):
        cells, kernel, stride, sides = draw_window(rng)
        n, channels, filters = (int(v) for v in rng.integers(1, 4, 3))
        layer = Convolution(filters, kernel, stride, sides)
        x, label = rng.normal(size=(n, *cells, channels)), f"{layer} on {cells}"
        shapes = layer.parameter_shapes(x.shape[1:])
        parameters = {key: rng.normal(size=shape) for key, shape in shapes.items()}
        y, saved = layer.forward(parameters, x)
        dy = rng.normal(size=y.shape)
        dx, gradients = layer.backward(parameters, saved, dy)

        there = channels_first(x)
        W = torch.tensor(np.transpose(parameters["W"], (3, 2, 0, 1)).copy(), requires_grad=True)
        b = torch.tensor(parameters["b"], requires_grad=True)
        expected = F.conv2d(padded(there, sides), W, b, stride)
        expected.backward(channels_first(dy).detach())
        same(y, channels_last(expected), label)
        same(dx, channels_last(there.grad), label)
        same(gradients["W"], W.grad.numpy().transpose(2, 3, 1, 0), label)
        same(gradients["b"], b.grad.numpy(), label)


def torch_average(x, size, stride, sides):
    """PyTorch's pooling has no uneven padding: the sum of a window over the number of its cells."""
    total = F.avg_pool2d(padded(x, sides), size, stride, divisor_override=1)
    return total / F.avg_pool2d(padded(torch.ones_like(x), sides), size, stride, divisor_override=1)


def torch_max(x, size, stride, sides):
    return F.max_pool2d(padded(x, sides, -torch.inf), size, stride)


@pytest.mark.parametrize(("kind", "there"), [(AveragePool, torch_average), (MaxPool, torch_max)])
def test_pooling(rng, kind, there):
    for _ in range(SHAPES):
        cells, size, stride, sides = draw_window(rng)
        sides = tuple(tuple(min(v, n - 1) for v in side) for side, n in zip(sides, size, strict=True))
        cells = [max(c, n) for c, n in zip(cells, size, strict=True)]
        layer = kind(size, stride, sides)
        x, label = rng.normal(size=(2, *cells, 2)), f"{layer} on {cells}"
        y, saved = layer.forward({}, x)
        dy = rng.normal(size=y.shape)
        dx, _ = layer.backward({}, saved, dy)

        image = channels_first(x)
        expected = there(image, size, stride, sides)
        expected.backward(channels_first(dy).detach())
        same(y, channels_last(expected), label)
        same(dx, channels_last(image.grad), label)


def test_average_pool_with_even_padding_is_pytorchs_without_count_include_pad(rng):
    x = rng.normal(size=(2, 7, 6, 2))
    expected = F.avg_pool2d(channels_first(x), 3, 2, 1, count_include_pad=False)
    same(AveragePool(3, 2, 1).forward({}, x)[0], channels_last(expected), "")


def test_global_average(rng):
    x = rng.normal(size=(2, 7, 6, 3))
    expected = F.adaptive_avg_pool2d(channels_first(x), 1)[:, :, 0, 0]
    same(GlobalAveragePool().forward({}, x)[0], expected.detach().numpy(), "")

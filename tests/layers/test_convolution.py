"""y = a sum over each window of x W, plus b."""

import numpy as np
import pytest

from proofs import close, prove_layer
from shoal.errors import NetworkError
from shoal.layers import Convolution, Normal

FORMS = [
    Convolution(2, 3),
    Convolution(3, (2, 3), stride=2),
    Convolution(2, (3, 1), stride=(1, 3)),
    Convolution(2, 3, padding="same"),
    Convolution(2, (2, 4), stride=(2, 3), padding="same"),
    Convolution(2, 3, stride=2, padding=1),
    Convolution(2, 2, stride=(3, 2), padding=((0, 2), (1, 0))),
    Convolution(2, 1, stride=2, padding="same"),  # cells that no window sees
]


def parameters_of(layer, shape, rng):
    return {name: rng.normal(size=own) for name, own in layer.parameter_shapes(shape).items()}


def by_definition(layer, parameters, x):
    """The equation in the docstring, number by number."""
    (rows, columns), W = layer.windows.over(x.shape[1:]), parameters["W"]
    padded = np.pad(x, ((0, 0), (rows.before, rows.after), (columns.before, columns.after), (0, 0)))
    y = np.zeros((len(x), *layer.output_shape(x.shape[1:])))
    for i, j in np.ndindex(rows.count, columns.count):
        top, left = i * rows.stride, j * columns.stride
        window = padded[:, top : top + rows.window, left : left + columns.window, :]
        y[:, i, j, :] = np.einsum("nklc,klcf->nf", window, W) + parameters["b"]
    return y


def test_value_known_by_hand(xp):
    image = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]])[None, :, :, None]
    kernel = np.array([[1.0, 10.0], [100.0, 1000.0]])[:, :, None, None]
    y, _ = xp(Convolution(1, 2).forward, {"W": kernel, "b": np.array([0.5])}, image)
    assert y[0, :, :, 0].tolist() == [[5421.5, 6532.5], [8754.5, 9865.5]]  # not flipped


def test_same_padding_has_its_odd_cell_behind(xp):
    image = np.array([[1.0, 2.0]])[None, :, :, None]
    y, _ = xp(
        Convolution(1, 2, padding="same").forward,
        {"W": np.array([[1.0, 10.0], [100.0, 1000.0]])[:, :, None, None], "b": np.zeros(1)},
        image,
    )
    assert y[0, :, :, 0].tolist() == [[21.0, 2.0]]


def test_derivative_known_by_hand(xp):
    x, W = np.array([[1.0, 2.0, 3.0]])[None, :, :, None], np.array([[5.0, 7.0]])[:, :, None, None]
    dy = np.array([[1.0, 10.0]])[None, :, :, None]
    dx, gradients = xp(Convolution(1, (1, 2)).backward, {"W": W, "b": np.zeros(1)}, x, dy)
    assert dx.ravel().tolist() == [5.0, 57.0, 70.0]
    assert gradients["W"].ravel().tolist() == [21.0, 32.0]
    assert gradients["b"].tolist() == [11.0]


@pytest.mark.parametrize("layer", FORMS, ids=str)
def test_derivative(xp, rng, layer):
    x = rng.normal(size=(2, 5, 4, 2))
    dy = rng.normal(size=(2, *layer.output_shape(x.shape[1:])))
    prove_layer(xp, layer, parameters_of(layer, x.shape[1:], rng), x, dy)


@pytest.mark.parametrize("layer", FORMS, ids=str)
def test_value_by_definition(xp, rng, layer):
    x = rng.normal(size=(2, 6, 5, 3))
    parameters = parameters_of(layer, x.shape[1:], rng)
    close(xp(layer.forward, parameters, x)[0], by_definition(layer, parameters, x))


def test_a_kernel_as_large_as_the_image_is_an_affine_map(xp, rng):
    x, W, b = rng.normal(size=(3, 2, 3, 2)), rng.normal(size=(2, 3, 2, 4)), rng.normal(size=4)
    y, _ = xp(Convolution(4, (2, 3)).forward, {"W": W, "b": b}, x)
    close(y[:, 0, 0, :], x.reshape(3, -1) @ W.reshape(-1, 4) + b)


def test_stays_in_float32(xp, rng):
    layer = Convolution(2, 3, stride=2, padding=1)
    x = rng.normal(size=(2, 5, 4, 1)).astype(np.float32)
    parameters = {k: v.astype(np.float32) for k, v in parameters_of(layer, (5, 4, 1), rng).items()}
    y, saved = xp(layer.forward, parameters, x)
    dx, gradients = xp(layer.backward, parameters, saved, y)
    assert {array.dtype for array in (y, dx, *gradients.values())} == {np.dtype(np.float32)}


def test_starts_from_scaled_noise_and_a_bias_of_zero(xp, rng):
    layer, noise = Convolution(6, (5, 3), initial=Normal(0.5)), rng.normal(size=(5, 3, 2, 6))
    assert layer.noise_for_parameters((8, 8, 2)) == {"W": "normal"}
    parameters = xp(lambda n: layer.initial_parameters((8, 8, 2), {"W": n}, n), noise)
    close(parameters, {"W": 0.5 * noise, "b": np.zeros(6)}, 0, 0)


def test_fans_count_the_window():
    class Fans(Normal):
        def scale(self, fan_in, fan_out):
            return 1000 * fan_in + fan_out

    layer = Convolution(6, (5, 3), initial=Fans(1.0))
    W = layer.initial_parameters((8, 8, 2), {"W": np.ones((5, 3, 2, 6))}, np.ones(()))["W"]
    assert np.unique(W).tolist() == [1000 * (5 * 3 * 2) + 5 * 3 * 6]


@pytest.mark.parametrize(
    ("stride", "padding", "shape"),
    [
        (1, "valid", (24, 24, 6)),
        (2, "valid", (12, 12, 6)),  # the last row and column are left over
        (1, "same", (28, 28, 6)),
        (3, "same", (10, 10, 6)),
        (1, 2, (28, 28, 6)),
        ((1, 2), ((1, 0), (3, 3)), (25, 15, 6)),
    ],
)
def test_shapes(stride, padding, shape):
    assert Convolution(6, 5, stride, padding).output_shape((28, 28, 1)) == shape


def test_refuses_what_is_no_image():
    with pytest.raises(NetworkError, match=r"shape \(120,\); expected an image \(rows, columns, channels\)"):
        Convolution(6, 5).output_shape((120,))


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        (Convolution(6, 5), r"image of 4 x 8; expected at least the kernel's 5 x 5\."),
        (Convolution(6, (3, 11), padding=1), r"image of 4 x 8 \(6 x 10 with padding\); .* kernel's 3 x 11\."),
    ],
)
def test_refuses_images_smaller_than_its_kernel(layer, words):
    with pytest.raises(NetworkError, match=words):
        layer.output_shape((4, 8, 1))


def test_refuses_parameters_for_other_channels(rng):
    layer = Convolution(6, 5)
    parameters = parameters_of(layer, (8, 8, 1), rng)
    with pytest.raises(NetworkError, match=r"kernels of shape \(5, 5, 1, 6\) for images of 3 channels"):
        layer.forward(parameters, rng.normal(size=(2, 8, 8, 3)))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"kernel": 0}, "kernel is 0; expected a whole number above 0"),
        ({"kernel": 2.5}, "kernel is 2.5"),
        ({"kernel": (3, 3, 3)}, r"kernel is \(3, 3, 3\); .* two of them for rows and columns"),
        ({"kernel": True}, "kernel is True"),
        ({"stride": 0}, "stride is 0; expected a whole number above 0"),
        ({"stride": (1, -1)}, r"stride is \(1, -1\)"),
        ({"padding": "full"}, 'padding is \'full\'; expected "valid", "same"'),
        ({"padding": -1}, "padding is -1"),
        ({"padding": (1, 1)}, r"padding is \(1, 1\); .* \(\(top, bottom\), \(left, right\)\)"),
        ({"filters": 0}, "filters is 0; expected whole and above 0"),
    ],
)
def test_refuses_numbers_that_are_none(arguments, words):
    with pytest.raises(NetworkError, match=words):
        Convolution(**{"filters": 6, "kernel": 3, **arguments})

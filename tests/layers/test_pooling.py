"""Average, max and global average pooling."""

import numpy as np
import pytest

from proofs import close, prove_layer
from shoal.errors import NetworkError
from shoal.layers import AveragePool, GlobalAveragePool, MaxPool

KINDS = [AveragePool, MaxPool]
FORMS = [
    (2, None, "valid"),
    ((2, 3), None, "valid"),
    (3, 1, "valid"),
    (2, 3, "valid"),  # cells that no window sees
    (3, 2, "same"),
    ((2, 4), (3, 1), "same"),
    (3, 2, 1),
    (2, (1, 2), ((1, 0), (0, 1))),
]


def by_definition(layer, x):
    """The mean or the largest of the cells of each window that lie in the image."""
    rows, columns = layer.windows.over(x.shape[1:])
    y = np.zeros((len(x), *layer.output_shape(x.shape[1:])))
    for i, j in np.ndindex(rows.count, columns.count):
        top, left = i * rows.stride - rows.before, j * columns.stride - columns.before
        window = x[:, max(top, 0) : top + rows.window, max(left, 0) : left + columns.window, :]
        y[:, i, j, :] = window.mean((1, 2)) if isinstance(layer, AveragePool) else window.max((1, 2))
    return y


def image(*rows):
    return np.array(rows, dtype=float)[None, :, :, None]


FIVE_BY_FOUR = image([1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12], [13, 14, 15, 16], [17, 18, 19, 20])


def test_average_known_by_hand_drops_the_row_left_over(xp):
    y, _ = xp(AveragePool(2).forward, {}, FIVE_BY_FOUR)
    assert y[0, :, :, 0].tolist() == [[3.5, 5.5], [11.5, 13.5]]


def test_average_does_not_count_padded_cells(xp):
    y, _ = xp(AveragePool(2, padding="same").forward, {}, FIVE_BY_FOUR)
    assert y[0, :, :, 0].tolist() == [[3.5, 5.5], [11.5, 13.5], [17.5, 19.5]]


def test_max_known_by_hand(xp):
    y, _ = xp(MaxPool(2).forward, {}, image([1, 2, 3, 4], [8, 7, 6, 5]))
    assert y[0, :, :, 0].tolist() == [[8.0, 6.0]]


def test_max_never_chooses_padding(xp):
    y, _ = xp(MaxPool(3, 2, 1).forward, {}, image([-1, -2], [-3, -4]))
    assert y[0, :, :, 0].tolist() == [[-1.0]]


def test_average_derivative_known_by_hand(xp):
    dx, gradients = xp(AveragePool(2).backward, {}, np.zeros((0, 2, 4, 1)), image([4, 8]))
    assert dx[0, :, :, 0].tolist() == [[1, 1, 2, 2], [1, 1, 2, 2]]
    assert gradients == {}


def test_max_derivative_goes_to_the_first_of_equal_cells(xp):
    layer, x = MaxPool(2), image([7, 7, 0, 0], [7, 1, 0, 0])

    def derivative(x, dy):
        return layer.backward({}, layer.forward({}, x)[1], dy)[0]

    dx = xp(derivative, x, image([3, 5]))
    assert dx[0, :, :, 0].tolist() == [[3, 0, 5, 0], [0, 0, 0, 0]]


def test_max_adds_up_what_several_windows_chose(xp):
    layer = MaxPool(2, 1)
    dx = xp(lambda x, dy: layer.backward({}, layer.forward({}, x)[1], dy)[0], image([0, 9, 0], [0, 0, 0]),
            image([3, 5]))  # fmt: skip
    assert dx[0, :, :, 0].tolist() == [[0, 8, 0], [0, 0, 0]]


def test_max_tells_which_cell_is_the_largest(xp):
    layer = MaxPool(2)
    sides = [xp(lambda x: layer.corner_side(layer.forward({}, x)[1]), image([1, a], [2, 0])) for a in (3, 1)]
    assert [int(side) for side in np.ravel(sides)] == [1, 2]


@pytest.mark.parametrize("at", [0, 1, 3])
def test_max_of_a_window_with_nan_is_nan(xp, at):
    x = np.array([1.0, 2.0, 3.0, 4.0])
    x[at] = np.nan
    assert np.isnan(xp(MaxPool(2).forward, {}, x.reshape(1, 2, 2, 1))[0]).all()


@pytest.mark.parametrize("form", FORMS, ids=str)
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)
def test_derivative(xp, rng, kind, form):
    layer, x = kind(*form), rng.normal(size=(2, 5, 6, 2))
    prove_layer(xp, layer, {}, x, rng.normal(size=(2, *layer.output_shape(x.shape[1:]))))


@pytest.mark.parametrize("form", FORMS, ids=str)
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)
def test_value_by_definition(xp, rng, kind, form):
    layer, x = kind(*form), rng.normal(size=(2, 6, 5, 3))
    close(xp(layer.forward, {}, x)[0], by_definition(layer, x))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)
def test_stays_in_float32(xp, rng, kind):
    layer, x = kind(3, 2, "same"), rng.normal(size=(2, 5, 4, 1)).astype(np.float32)
    y, saved = xp(layer.forward, {}, x)
    assert y.dtype == xp(layer.backward, {}, saved, y)[0].dtype == np.float32


def test_global_average_known_by_hand(xp):
    y, saved = xp(GlobalAveragePool().forward, {}, image([1, 2], [3, 6]))
    assert y.tolist() == [[3.0]]
    assert (
        xp(GlobalAveragePool().backward, {}, saved, np.array([[8.0]]))[0].tolist()
        == image([2, 2], [2, 2]).tolist()
    )


def test_global_average_derivative(xp, rng):
    prove_layer(xp, GlobalAveragePool(), {}, rng.normal(size=(2, 3, 4, 2)), rng.normal(size=(2, 2)))


def test_what_averages_save_holds_no_numbers(rng):
    for layer in (AveragePool(2), GlobalAveragePool()):
        assert layer.forward({}, rng.normal(size=(2, 4, 4, 2)))[1].size == 0


@pytest.mark.parametrize(
    "layer", [AveragePool(2), MaxPool(2), GlobalAveragePool()], ids=lambda layer: layer.kind
)
def test_refuses_what_is_no_image(layer):
    with pytest.raises(NetworkError, match=r"shape \(120,\); expected an image \(rows, columns, channels\)"):
        layer.output_shape((120,))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)
@pytest.mark.parametrize(
    ("form", "words"),
    [
        ((0,), "window is 0; expected a whole number above 0"),
        ((2, 0), "stride is 0; expected a whole number above 0"),
        ((2, 1, "sam"), "padding is 'sam'"),
        ((2, 1, 2), "padding is 2 for a window of 2 x 2; expected less padding than window"),
        (((3, 1), 1, ((2, 2), (0, 1))), r"padding is \(\(2, 2\), \(0, 1\)\) for a window of 3 x 1"),
    ],
)
def test_refuses_numbers_that_are_none(kind, form, words):
    with pytest.raises(NetworkError, match=words):
        kind(*form)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)
def test_refuses_images_smaller_than_its_window(kind):
    with pytest.raises(NetworkError, match="image of 2 x 5; expected at least the window's 3 x 3"):
        kind(3).output_shape((2, 5, 1))

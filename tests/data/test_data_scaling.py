import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from shoal.data import fit_scaling
from shoal.data import scaling as scaling_module
from shoal.errors import DataError

images = hnp.arrays(np.uint8, st.tuples(st.integers(2, 30), st.just(3), st.just(2), st.just(2)))
tables = hnp.arrays(
    np.float32,
    st.tuples(st.integers(2, 40), st.integers(1, 5)),
    elements=st.floats(-1e3, 1e3, width=32, allow_subnormal=False),
)


@given(st.one_of(images, tables))
def test_features_have_mean_0_and_deviation_1_unless_they_are_constant(x):
    learned = fit_scaling("feature", x)
    # In float64, so that what is tested is the learned numbers and not the rounding of a float32 sum.
    y = (x.astype(np.float64) - learned.offset) * learned.scale
    varied = learned.scale > 0
    exact = x.astype(np.float64)
    blur = np.abs(exact.mean(axis=0)) / np.where(varied, exact.std(axis=0), 1)  # float32's share of the mean
    assert np.all(np.abs(y.mean(axis=0)) <= 1e-6 * (1 + blur))
    np.testing.assert_allclose(y.std(axis=0)[varied], 1, rtol=1e-6)
    assert np.all(y[:, ~varied] == 0)


@given(images)
def test_channels_have_mean_0_and_deviation_1(x):
    learned = fit_scaling("channel", x)
    y = (x.astype(np.float64) - learned.offset) * learned.scale
    varied = x.reshape(-1, 2).std(axis=0) > 0
    np.testing.assert_allclose(y.mean(axis=(0, 1, 2))[varied], 0, atol=1e-4)
    np.testing.assert_allclose(y.std(axis=(0, 1, 2))[varied], 1, rtol=1e-5)
    assert np.all(learned.scale == learned.scale[0, 0])


@given(images)
def test_the_mean_image_is_subtracted_and_nothing_divided(x):
    learned = fit_scaling("mean_image", x)
    np.testing.assert_allclose(learned.offset, x.mean(axis=0), rtol=1e-6)
    assert np.all(learned.scale == 1)


@given(tables.filter(lambda x: np.ptp(x) > 1e-3))
def test_the_range_becomes_0_to_1(x):
    y = fit_scaling("range", x).apply(x)
    np.testing.assert_allclose([y.min(), y.max()], [0, 1], atol=1e-6)


@given(images)
def test_none_changes_the_dtype_only(x):
    np.testing.assert_array_equal(fit_scaling("none", x).apply(x), x)


@pytest.mark.parametrize("kind", ["feature", "channel", "mean_image", "range", "none"])
def test_offset_and_scale_have_the_shape_of_an_example_in_float32(kind):
    x = np.random.default_rng(0).integers(0, 256, (9, 4, 3, 2), np.uint8)
    learned = fit_scaling(kind, x)
    assert learned.offset.shape == learned.scale.shape == (4, 3, 2)
    assert learned.offset.dtype == learned.scale.dtype == learned.apply(x).dtype == np.float32
    assert learned.kind == kind


def test_blocks_do_not_change_the_result(monkeypatch):
    x = np.random.default_rng(0).normal(5, 2, (100, 3)).astype(np.float32)
    whole = fit_scaling("feature", x)
    monkeypatch.setattr(scaling_module, "_BLOCK", 7)
    pieces = fit_scaling("feature", x)
    np.testing.assert_allclose(pieces.offset, whole.offset, rtol=1e-6)
    np.testing.assert_allclose(pieces.scale, whole.scale, rtol=1e-6)


@pytest.mark.parametrize("value", [0.0, 0.1, -7.3, 1e30])
def test_a_constant_feature_becomes_0_with_a_note(value):
    x = np.column_stack([np.full(1001, value), np.arange(1001)]).astype(np.float32)
    learned = fit_scaling("feature", x)
    assert learned.scale[0] == 0
    assert learned.scale[1] > 0
    assert learned.notes == ("1 of 2 features constant over the training examples; scaled to 0",)


def test_a_constant_data_set_becomes_0_with_a_note():
    learned = fit_scaling("range", np.full((4, 2), 9, np.uint8))
    assert np.all(learned.apply(np.full((4, 2), 9, np.uint8)) == 0)
    assert learned.notes == ("every input is 9; all are scaled to 0",)


@pytest.mark.parametrize("kind", ["feature", "mean_image", "range"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_inputs_that_are_not_finite_are_refused(kind, value):
    with pytest.raises(DataError, match="NaN or infinity"):
        fit_scaling(kind, np.array([[1, value], [2, 3]], np.float32))


@pytest.mark.parametrize(
    ("kind", "x", "message"),
    [
        (
            "features",
            np.zeros((2, 2), np.uint8),
            "unknown standardization 'features'\n.*did you mean 'feature'",
        ),
        ("zca", np.zeros((2, 2), np.uint8), "known: feature, channel, mean_image, range, none"),
        ("channel", np.zeros((2, 2), np.uint8), r"'channel' needs images \(I, J, C\)"),
        ("feature", np.zeros((0, 2), np.uint8), "no training examples"),
    ],
)
def test_what_cannot_be_learned_is_refused(kind, x, message):
    with pytest.raises(DataError, match=message):
        fit_scaling(kind, x)

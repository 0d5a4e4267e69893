"""Principal components, learned on the training examples and equal to scikit-learn's."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.decomposition import PCA

from shoal.data import Part, Splits, fit_pca, fit_scaling
from shoal.errors import DataError

RNG = np.random.default_rng(5)
MIXED = RNG.normal(size=(12, 12)) * 2.0 ** -np.arange(12)  # directions of very unlike variance


def images(n: int = 90) -> np.ndarray:
    """Images (2, 3, 2) whose 12 pixels go together, far from 0."""
    return (50 + RNG.normal(size=(n, 12)) @ MIXED).reshape(n, 2, 3, 2).astype(np.float32)


def by_hand(pca, inputs):
    """scikit-learn's own transformation of the same scaled examples."""
    return pca.scaling.apply(inputs).reshape(len(inputs), -1).astype(np.float64)


@pytest.mark.parametrize("kind", ["none", "feature", "channel", "mean_image", "range"])
@pytest.mark.parametrize("n", [90, 8])
def test_components_and_rows_are_scikit_learns_behind_any_standardization(kind, n):
    train, others = images(n), images(20)
    pca = fit_pca(fit_scaling(kind, train), train).keep(5)
    reference = PCA(5, svd_solver="full").fit(by_hand(pca, train))
    np.testing.assert_allclose(np.abs(pca.components @ reference.components_.T), np.eye(5), atol=2e-3)
    np.testing.assert_allclose(pca.ratios[:5], reference.explained_variance_ratio_, rtol=1e-4)
    signs = np.sign(np.sum(pca.components * reference.components_, axis=1))
    rows, expected = pca.apply(others), reference.transform(by_hand(pca, others)) * signs
    assert rows.dtype == np.float32
    np.testing.assert_allclose(rows, expected, atol=2e-3 * np.abs(expected).max())


@pytest.mark.parametrize("share", [0.5, 0.9, 0.95, 0.999])
def test_a_share_keeps_as_many_components_as_scikit_learn(share):
    train = images()
    pca = fit_pca(fit_scaling("feature", train), train).keep(share)
    reference = PCA(share, svd_solver="full").fit(by_hand(pca, train))
    assert len(pca.components) == reference.n_components_
    assert pca.kept > share
    assert pca.ratios[: len(pca.components) - 1].sum() <= share
    assert pca.describe()["components"] == reference.n_components_


@settings(max_examples=25, deadline=None)
@given(n=st.integers(3, 40), features=st.integers(2, 20), seed=st.integers(0, 99))
def test_components_are_orthonormal_and_their_rows_uncorrelated(n, features, seed):
    train = np.random.default_rng(seed).normal(size=(n, features)).astype(np.float32)
    pca = fit_pca(fit_scaling("none", train), train)
    np.testing.assert_allclose(pca.components @ pca.components.T, np.eye(min(n, features)), atol=1e-4)
    rows = pca.apply(train).astype(np.float64)
    np.testing.assert_allclose(rows.mean(axis=0), 0, atol=1e-5)
    covariance = rows.T @ rows / len(rows)
    np.testing.assert_allclose(covariance - np.diag(np.diag(covariance)), 0, atol=1e-4)
    assert (np.diff(pca.ratios) <= 1e-9).all()
    assert pca.ratios.sum() == pytest.approx(1, abs=1e-5)


def test_all_components_lose_nothing():
    train = images()
    scaling = fit_scaling("feature", train)
    pca = fit_pca(scaling, train)
    back = pca.apply(train) @ pca.components + pca.mean
    np.testing.assert_allclose(back, scaling.apply(train).reshape(len(train), -1), atol=1e-4)


def test_components_far_from_zero_keep_their_small_directions():
    train = (RNG.normal(size=(500, 3)) * [1, 0.1, 0.01] + 3000).astype(np.float32)
    ratios = fit_pca(fit_scaling("none", train), train).ratios
    np.testing.assert_allclose(ratios[1:], [1e-2, 1e-4], rtol=0.2)


def test_bytes_and_the_same_numbers_as_floats_give_the_same_rows():
    train = RNG.integers(0, 256, (40, 3, 3, 1)).astype(np.uint8)
    one, other = (fit_pca(fit_scaling("feature", x), x).apply(x) for x in (train, train.astype(np.float32)))
    np.testing.assert_array_equal(one, other)


def test_every_part_is_reduced_and_keeps_its_labels():
    train, test = images(30), images(7)
    pca = fit_pca(fit_scaling("none", train), train).keep(3)
    splits = pca.apply_to(Splits(Part(train, np.arange(30)), None, Part(test, np.arange(7))))
    assert splits.validation is None
    assert splits.test is not None
    assert (splits.train.shape, splits.test.shape) == ((3,), (3,))
    np.testing.assert_array_equal(splits.test.labels, np.arange(7))
    np.testing.assert_array_equal(splits.test.inputs, pca.apply(test))


@pytest.mark.parametrize(("n", "most"), [(90, 12), (8, 8)])
def test_more_components_than_features_or_examples_are_refused(n, most):
    train = images(n)
    pca = fit_pca(fit_scaling("none", train), train)
    assert len(pca.keep(most).components) == most
    with pytest.raises(DataError, match=f"12 features have at most {most} principal components"):
        pca.keep(most + 1)


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1, 1.5, float("nan")])
def test_a_share_outside_0_and_1_is_refused(share):
    train = images()
    with pytest.raises(DataError, match="no share of the variance between 0 and 1"):
        fit_pca(fit_scaling("none", train), train).keep(share)


def test_examples_that_are_all_alike_are_refused():
    train = np.full((5, 4), 7, np.uint8)
    with pytest.raises(DataError, match="all alike"):
        fit_pca(fit_scaling("none", train), train)

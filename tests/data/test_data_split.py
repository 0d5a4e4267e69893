import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.data import Dataset, Part, Splits, split
from shoal.errors import DataError

seeds = st.integers(0, 2**64)
label_lists = st.lists(st.integers(0, 4), min_size=10, max_size=80)


def dataset(labels: list[int], test: int | None = None) -> Dataset:
    """Each input is its own index, so that an example can be recognised."""

    def part(labels: np.ndarray) -> Part:
        return Part(np.arange(len(labels), dtype=np.float32)[:, None], labels)

    held_out = None if test is None else part(np.arange(test) % 3)
    return Dataset("made up", part(np.asarray(labels)), held_out, ("a", "b", "c", "d", "e"))


def indices(part: Part | None) -> list[int]:
    return [] if part is None else part.inputs[:, 0].astype(int).tolist()


def everything(parts: Splits) -> list[int]:
    return indices(parts.train) + indices(parts.validation) + indices(parts.test)


@given(label_lists, seeds, st.booleans(), st.integers(0, 4), st.integers(0, 4))
def test_parts_are_disjoint_and_cover_everything(labels, seed, stratify, validation, test):
    parts = split(dataset(labels), validation=validation, test=test, seed=seed, stratify=stratify)
    assert sorted(everything(parts)) == list(range(len(labels)))
    assert (len(indices(parts.validation)), len(indices(parts.test))) == (validation, test)


@given(label_lists, seeds, st.booleans())
def test_labels_stay_with_their_inputs(labels, seed, stratify):
    parts = split(dataset(labels), validation=3, seed=seed, stratify=stratify)
    for part in (parts.train, parts.validation, parts.test):
        assert part is not None
        np.testing.assert_array_equal(part.labels, np.asarray(labels)[indices(part)])


@given(label_lists, seeds, st.booleans())
def test_the_same_seed_gives_the_same_split(labels, seed, stratify):
    once, again = (split(dataset(labels), seed=seed, stratify=stratify) for _ in range(2))
    assert everything(once) == everything(again)


@given(label_lists, seeds, st.integers(1, 9))
def test_stratified_parts_have_the_proportions_of_what_they_are_drawn_from(labels, seed, count):
    parts = split(dataset(labels), validation=count, test=0, seed=seed, stratify=True)
    assert parts.validation is not None
    whole = np.bincount(labels, minlength=5)
    drawn = np.bincount(parts.validation.labels, minlength=5)
    assert np.all(np.abs(drawn - whole * count / len(labels)) < 1)


@given(seeds)
def test_stratified_parts_of_balanced_classes_are_balanced(seed):
    parts = split(dataset([0, 1, 2] * 20), validation=0.1, test=0.2, seed=seed, stratify=True)
    for part, each in ((parts.train, 14), (parts.validation, 2), (parts.test, 4)):
        assert part is not None
        assert np.bincount(part.labels).tolist() == [each] * 3


@given(seeds, st.integers(1, 20), st.integers(1, 20))
def test_the_size_of_the_training_part_disturbs_no_other(seed, a, b):
    small, large = (split(dataset([0, 1] * 20), train=n, seed=seed) for n in sorted((a, b)))
    assert indices(small.validation) == indices(large.validation)
    assert indices(small.test) == indices(large.test)
    assert indices(small.train) == indices(large.train)[: len(small.train)]


def test_another_seed_gives_another_split():
    assert everything(split(dataset([0, 1] * 30))) != everything(split(dataset([0, 1] * 30), seed=1))


def test_this_very_split_does_not_change_between_versions():
    parts = split(dataset([0, 1] * 5), validation=2, test=2, seed=0)
    assert (indices(parts.test), indices(parts.validation)) == ([3, 2], [1, 8])
    assert indices(parts.train) == [6, 0, 7, 4, 5, 9]


def test_the_defaults_hold_out_a_fifth_for_testing_and_a_tenth_for_validation():
    parts = split(dataset([0, 1] * 50))
    assert [len(indices(p)) for p in (parts.train, parts.validation, parts.test)] == [70, 10, 20]


def test_a_published_test_part_is_used_whole_and_untouched():
    given_ = dataset([0, 1] * 50, test=7)
    parts = split(given_)
    assert parts.test is given_.test
    assert (len(parts.train), len(indices(parts.validation))) == (90, 10)


@pytest.mark.parametrize(("share", "expected"), [(4, 4), (0.5, 5), (0, 0)])
def test_a_share_of_a_published_test_part(share, expected):
    parts = split(dataset([0, 1] * 50, test=10), test=share)
    assert len(indices(parts.test)) == expected
    assert len(set(indices(parts.test))) == expected


def test_zero_means_none():
    parts = split(dataset([0, 1] * 5), validation=0, test=0)
    assert parts.validation is None
    assert parts.test is None
    assert split(dataset([0, 1] * 5), validation=None).validation is None


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"validation": 0.0}, "validation = 0.0 is not a fraction strictly between 0 and 1"),
        ({"validation": 1.0}, "validation = 1.0 is not a fraction"),
        ({"test": 1.5}, "test = 1.5 is not a fraction"),
        ({"train": -0.1}, "train = -0.1 is not a fraction"),
        ({"validation": float("nan")}, "validation = nan is not a fraction"),
        ({"validation": -3}, "validation = -3 is negative"),
        ({"validation": True}, "validation = True is not a number"),
        ({"validation": "half"}, "validation = 'half' is not a number"),
        ({"validation": 0.001}, "less than one example"),
        ({"train": 0}, "leaves nothing to train on"),
        (
            {"validation": 21},
            "test 4 [+] validation 21 [+] train 1 examples were asked for, there are 20",
        ),
        ({"validation": 16}, "test 4 [+] validation 16 [+] train 1 examples were asked for, there are 20"),
        ({"train": 17, "validation": 0}, "test 4 [+] train 17 examples were asked for, there are 20"),
        ({"seed": -1}, "split seed -1 is not an integer from 0 up"),
        ({"seed": 0.5}, "split seed 0.5"),
    ],
)
def test_shares_that_make_no_sense_are_refused(settings, message):
    with pytest.raises(DataError, match=message):
        split(dataset([0, 1] * 10), **settings)


def test_more_test_examples_than_published_are_refused():
    with pytest.raises(DataError, match="6 test examples were asked for, there are 5"):
        split(dataset([0, 1] * 10, test=5), test=6)

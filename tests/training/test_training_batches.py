"""How the examples of an epoch fall into batches."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.errors import StudyError
from shoal.training.batches import batches_of


def sizes(n, batch_size, batch_norm=False) -> list[int]:
    """The sizes of an epoch's batches, in order."""
    batches = batches_of(n, batch_size, batch_norm)
    found = [batches.size] * batches.full + [batches.tail] * (batches.tail > 0)
    assert len(found) == batches.per_epoch
    return found


def test_equal_batches_where_they_divide_the_examples():
    assert sizes(30, 10) == [10, 10, 10]


def test_the_last_short_batch_is_kept():
    assert sizes(25, 10) == [10, 10, 5]


@pytest.mark.parametrize("n", [10, 11, 1])
def test_the_whole_batch_is_all_the_examples(n):
    assert sizes(n, "whole") == [n]


def test_a_last_batch_of_one_is_kept_where_nothing_needs_a_variance():
    assert sizes(21, 10) == [10, 10, 1]


def test_a_last_batch_of_one_in_front_of_batch_norm_is_merged_into_its_neighbour():
    assert sizes(21, 10, batch_norm=True) == [10, 11]
    assert sizes(11, 10, batch_norm=True) == [11]
    assert sizes(22, 10, batch_norm=True) == [10, 10, 2]


def test_a_batch_larger_than_the_data_is_refused():
    with pytest.raises(
        StudyError, match=r"batch_size is 31, but the training split has 30 examples"
    ) as refusal:
        batches_of(30, 31, False)
    assert "at most 30" in refusal.value.remedy


def test_batches_of_one_in_front_of_batch_norm_are_refused():
    with pytest.raises(StudyError, match="needs at least two examples"):
        batches_of(30, 1, True)
    with pytest.raises(StudyError, match="needs at least two examples"):
        batches_of(1, "whole", True)
    assert sizes(3, 1) == [1, 1, 1]


@given(n=st.integers(2, 300), data=st.data(), batch_norm=st.booleans())
def test_every_example_has_its_place_and_no_batch_norm_meets_a_single_one(n, data, batch_norm):
    batch_size = data.draw(st.integers(1 + batch_norm, n))
    found = sizes(n, batch_size, batch_norm)
    assert sum(found) == n
    assert max(found) <= batch_size + batch_norm
    assert min(found) > batch_norm
    assert len(set(found[:-1])) <= 1

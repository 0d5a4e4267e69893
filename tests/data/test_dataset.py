import numpy as np
import pytest

from shoal.data import Dataset, Part, check_dataset
from shoal.errors import DataError


def part(n: int = 6, dtype: type = np.uint8, classes: int = 3) -> Part:
    return Part(np.arange(n * 4).reshape(n, 2, 2, 1).astype(dtype), np.arange(n) % classes)


def dataset(train: Part, test: Part | None = None) -> Dataset:
    return Dataset("made up", train, test, ("a", "b", "c"))


def test_a_part_stores_contiguous_inputs_and_int32_labels():
    made = Part(np.zeros((4, 6), np.float32)[:, ::2], np.array([0, 1, 0, 1], np.int64))
    assert made.inputs.flags.c_contiguous
    assert made.labels.dtype == np.int32
    assert len(made) == 4
    assert made.shape == (3,)


def test_take_keeps_inputs_and_labels_together():
    whole = part()
    some = whole.take(np.array([4, 1]))
    np.testing.assert_array_equal(some.inputs, whole.inputs[[4, 1]])
    np.testing.assert_array_equal(some.labels, [1, 1])


@pytest.mark.parametrize(
    ("inputs", "labels", "message"),
    [
        (np.zeros((2, 3), int), np.zeros(2, int), "inputs are int64, expected uint8, float32 or float64"),
        (np.zeros(2, np.uint8), np.zeros(2, int), "at least one feature axis"),
        (np.zeros((2, 3), np.uint8), np.zeros(3, int), "labels have shape .3,., but there are 2 inputs"),
        (np.zeros((2, 3), np.uint8), np.zeros((2, 1), int), "labels have shape"),
        (np.zeros((2, 3), np.uint8), np.zeros(2), "labels are float64, expected integers"),
        (np.zeros((2, 3), np.uint8), np.array([0, 2**32]), "beyond 32-bit integers"),
    ],
)
def test_a_part_refuses_what_it_would_have_to_guess(inputs: np.ndarray, labels: np.ndarray, message: str):
    with pytest.raises(DataError, match=message):
        Part(inputs, labels)


def test_both_parts_have_one_shape():
    with pytest.raises(DataError, match=r"shape \(2, 2, 1\), test ones \(3,\)"):
        dataset(part(), Part(np.zeros((2, 3), np.uint8), np.zeros(2, int)))


def test_the_fingerprint_is_of_the_arrays_alone():
    assert dataset(part()).fingerprint == Dataset("other", part(), None, ("x", "y", "z")).fingerprint


def test_the_fingerprint_sees_values_dtypes_shapes_and_parts():
    flipped = part()
    flipped.inputs[0, 0, 0, 0] ^= 1
    flat = Part(part().inputs.reshape(6, 4), part().labels)
    relabelled = Part(part().inputs, part().labels[::-1])
    variants = [part(), flipped, part(dtype=np.float32), flat, relabelled, part(5)]
    prints = [dataset(v).fingerprint for v in variants] + [dataset(part(), part()).fingerprint]
    assert len(set(prints)) == len(prints)
    assert all(len(p) == 64 for p in prints)


def test_good_data_pass_the_check():
    check_dataset(dataset(part(), part(3, np.float32)))


@pytest.mark.parametrize("label", [-1, 3])
def test_a_label_out_of_range_is_named(label: int):
    bad = part()
    bad.labels[4] = label
    with pytest.raises(DataError, match=f"test part: label {label} of example 4 is out of range, 3 classes"):
        check_dataset(dataset(part(), bad))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_an_input_that_is_not_finite_is_named(value: float):
    bad = part(6000, np.float32)
    bad.inputs[5001, 1, 0, 0] = value
    with pytest.raises(DataError, match=rf"input \(1, 0, 0\) of example 5001 is {value}"):
        check_dataset(dataset(bad))


def test_one_class_alone_is_refused():
    with pytest.raises(DataError, match="all of class 'b'"):
        check_dataset(dataset(Part(part().inputs, np.ones(6, int))))


def test_an_empty_part_is_refused():
    with pytest.raises(DataError, match="training part: no examples"):
        check_dataset(dataset(part(0)))

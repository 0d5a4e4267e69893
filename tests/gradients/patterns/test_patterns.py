"""What the numbers of a wrong gradient give away: each slip by its name, whole or from a few entries."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from shoal.gradients.patterns import Block, Finding, name_patterns

N, L2 = 32, 0.01


def draw(shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def block(came, true, value, name="W1", known=None, error=1e-12):
    """A block of which all is known, or `known` entries drawn at random."""
    if known is not None:
        at = np.random.default_rng(9).choice(true.size, known, replace=False)
        hidden = np.full(true.size, np.nan)
        hidden[at] = true.ravel()[at]
        true = hidden.reshape(true.shape)
    return Block(name, value, came, true, error)


def only(*blocks, **options) -> Finding:
    """The one pattern found where every block given is wrong."""
    found = name_patterns(blocks, {b.name for b in blocks}, **options)
    assert len(found) == 1, found
    return found[0]


KNOWN = pytest.mark.parametrize("known", [None, 12], ids=["whole", "twelve entries"])


@KNOWN
@pytest.mark.parametrize(
    ("factor", "shape", "name", "words"),
    [
        (-1.0, (6, 5), "sign-flipped", "the sign is flipped"),
        (2.0, (6, 5), "factor", "2.000 times the true gradient: a factor 2 too many"),
        (0.5, (6, 5), "factor", "a factor 2 is missing"),
        (1.37, (6, 5), "factor", "1.370 times the true gradient."),
        (N, (6, 5), "one-over-n-missing", "(1/32) is missing"),
        (-N, (6, 5), "one-over-n-missing", "the sign is flipped, and the division"),
        (1 / N, (6, 5), "one-over-n-twice", "applied twice"),
        (1 / N, (30,), "bias-mean", "a mean over the 32 examples"),
        (N / (N - 1), (6, 5), "one-over-n-wrong-count", "divided by 31 in place of the 32 examples"),
        (N / 5, (6, 5), "one-over-n-wrong-count", "divided by 5 in place of the 32 examples"),
    ],
)
def test_a_constant_factor_is_said_in_words(factor, shape, name, words, known):
    true = draw(shape)
    found = only(block(factor * true, true, draw(shape, 1), known=known), examples=N, l2=L2)
    assert found.name == name
    assert words in found.sentence
    assert found.numbers["factor"] == pytest.approx(factor)
    assert found.agreement < 1e-9


def test_a_round_factor_is_explained_without_the_number_of_examples():
    true = draw((6, 5))
    assert "if there are 57 examples" in only(block(57 * true, true, true)).sentence


@KNOWN
@pytest.mark.parametrize(
    ("terms", "name"),
    [
        (-2.0, "l2-missing"),
        (-1.0, "l2-halved"),
        (2.0, "l2-doubled"),
        (-4.0, "l2-wrong-sign"),
        (2 / N - 2, "l2-divided-by-n"),
        (0.7, "off-by-weights"),
    ],
)
def test_a_slip_in_the_l2_term_is_named(terms, name, known):
    true, W = draw((6, 5)), draw((6, 5), 1)
    found = only(block(true + terms * L2 * W, true, W, known=known), examples=N, l2=L2)
    assert found.name == name
    assert found.numbers["weights"] == pytest.approx(terms * L2)


def test_a_term_in_the_weights_is_named_without_the_coefficient():
    true, W = draw((6, 5)), draw((6, 5), 1)
    found = only(block(true - 0.002 * W, true, W))
    assert (found.name, "off by -0.002 W" in found.sentence) == ("off-by-weights", True)


def test_l2_on_a_bias_is_named():
    true, b = draw(8), draw(8, 1)
    assert only(block(true + 2 * L2 * b, true, b, name="b1"), l2=L2).name == "l2-on-biases"


@KNOWN
def test_a_factor_on_the_data_alone_is_told_from_one_on_everything(known):
    data, W = draw((6, 5)), draw((6, 5), 1)
    came = N * data + 2 * L2 * W
    found = only(block(came, data + 2 * L2 * W, W, known=known), examples=N, l2=L2)
    assert found.name == "one-over-n-missing"
    assert "with the L2 term right" in found.sentence


def test_a_factor_and_a_missing_term_are_both_named():
    data, W = draw((6, 5)), draw((6, 5), 1)
    found = only(block(-data, data + 2 * L2 * W, W), examples=N, l2=L2)
    assert found.name == "factor-and-weights"
    assert "the sign is flipped" in found.sentence
    assert "with the L2 term missing" in found.sentence


@KNOWN
def test_a_transpose_is_named(known):
    true = draw((6, 6))
    assert only(block(true.T, true, draw((6, 6), 1), known=known)).name == "gradient-transposed"


def test_a_transpose_poured_into_the_shape_is_named():
    true = draw((6, 5))
    assert only(block(true.T.reshape(6, 5), true, draw((6, 5), 1))).name == "gradient-reshaped"


@KNOWN
def test_two_exchanged_blocks_are_named_together(known):
    a, b = draw((6, 5)), draw((6, 5), 1)
    first = block(b, a, draw((6, 5), 2), "W1", known=known)
    second = block(a, b, draw((6, 5), 3), "W2", known=known)
    found = only(first, second)
    assert (found.name, found.blocks) == ("layers-swapped", ("W1", "W2"))


def test_another_blocks_gradient_is_named():
    a, b, W = draw((6, 5)), draw((6, 5), 1), draw((6, 5), 2)
    found = name_patterns([block(b, a, W, "W1"), block(b, b, W, "W2")], {"W1"})
    assert [f.name for f in found] == ["of-another-block"]
    assert "true gradient of W2" in found[0].sentence


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (lambda g: g * (np.arange(6) != 2)[:, None], "zero-rows"),
        (lambda g: g * (np.arange(5) % 2), "zero-columns"),
        (np.zeros_like, "all-zero"),
        (np.ones_like, "all-the-same"),
        (lambda g: np.where(g > 1, np.nan, g), "not-finite"),
    ],
)
def test_parts_that_were_not_computed_are_named(change, name):
    true = draw((6, 5))
    assert only(block(change(true), true, draw((6, 5), 1))).name == name


def test_the_same_slip_in_several_blocks_is_told_once():
    blocks = [block(2 * draw((4, 3), k), draw((4, 3), k), draw((4, 3), 9), f"W{k}") for k in range(3)]
    found = only(*blocks)
    assert found.blocks == ("W0", "W1", "W2")
    assert found.sentence.startswith("Everything (W0, W1 and W2) is 2.000 times")


def test_factors_that_differ_are_told_one_by_one():
    blocks = [block(k * draw((4, 3), k), draw((4, 3), k), draw((4, 3), 9), f"W{k}") for k in (2, 3)]
    found = name_patterns(blocks, {"W2", "W3"})
    assert [round(f.numbers["factor"]) for f in found] == [2, 3]


def test_a_single_number_is_named_only_by_a_round_factor():
    true, value = np.array([0.3]), np.array([0.7])
    assert only(block(2 * true, true, value)).numbers["factor"] == pytest.approx(2)
    assert not name_patterns([block(1.234567 * true, true, value)], {"W1"})


@given(
    arrays(np.float64, (3, 3), elements=st.floats(-1, 1, width=32)),
    st.integers(0, 1000),
)
def test_nothing_is_named_by_chance(off, seed):
    """An error with a size and no pattern gets no name."""
    true, value = draw((3, 3), seed), draw((3, 3), seed + 1)
    noise = 0.3 * draw((3, 3), seed + 2) + 1e-3 * off
    assert not name_patterns([block(true + noise, true, value)], {"W1"}, examples=N, l2=L2)


@given(st.integers(1, 4), st.floats(0.1, 9.9), st.integers(0, 1000))
def test_too_little_is_not_enough(known, factor, seed):
    """Of few entries that are known to one digit only, nothing is named."""
    true, value = draw((6, 5), seed), draw((6, 5), seed + 1)
    found = name_patterns([block(factor * true, true, value, known=known, error=0.2)], {"W1"}, examples=N)
    assert not found


@given(st.floats(-50, 50).filter(lambda f: abs(f) > 0.01 and abs(f - 1) > 0.01), st.integers(0, 1000))
def test_any_factor_is_found(factor, seed):
    true, value = draw((4, 5), seed), draw((4, 5), seed + 1)
    assert only(block(factor * true, true, value)).numbers["factor"] == pytest.approx(factor)


def test_a_record_has_plain_values_only():
    true = draw((6, 5))
    record = only(block(2 * true, true, true)).to_json()
    assert record["name"] == "factor"
    assert record["numbers"] == {"factor": pytest.approx(2.0)}

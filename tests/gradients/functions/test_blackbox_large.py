"""Large blocks: screened by directions, searched by halving, in few calls of the loss."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions_to_check import network
from shoal.gradients.functions import check
from shoal.gradients.functions.blocks import halve


@pytest.fixture(scope="module")
def large():
    """3072-50-50-10 on 100 examples would take the same calls, each a little longer."""
    return network(600, 50, 50, 10, activation="relu", examples=20, l2=1e-3)


def change(*where):
    def changed(g, p):
        g = g.copy()
        for index in where:
            g[index] += 0.01
        return g

    return changed


@pytest.mark.parametrize(
    ("change", "extent", "calls"),
    [
        (change((123, 5)), "1 wrong entry found", 2000),
        (change((123, 5), (7, 7), (599, 40)), "3 wrong entries found", 2500),
        (change((17,)), "row 17", 2000),
        (change((slice(None), 3), (slice(None), 44)), "columns 3, 44", 2000),
        (lambda g, p: 1.1 * g, "all over (48 of 48 probed)", 2000),
    ],
    ids=["entry", "entries", "row", "columns", "everything"],
)
def test_what_is_wrong_in_a_large_block_is_located(large, change, extent, calls):
    found = check(large.loss, large.wrong(W1=change), large.parameters)
    assert [block.name for block in found.wrong] == ["W1"]
    assert found.block("W1").extent.replace("47 of 47", "48 of 48") == extent
    assert found.calls < calls


def test_columns_of_zeros_are_named(large):
    found = check(large.loss, large.wrong(W1=lambda g, p: g * (np.arange(50) != 3)), large.parameters)
    assert [finding.name for finding in found.findings] == ["zero-columns"]
    assert found.findings[0].sentence.startswith("Column 3 of W1 is zero")


def test_right_or_wrong_everywhere_takes_few_calls_of_the_loss(large):
    right = check(large.loss, large.gradients, large.parameters)
    assert right.ok
    assert right.calls < 1200
    doubled = check(large.loss, lambda p: {k: 2 * g for k, g in large.gradients(p).items()}, large.parameters)
    assert len(doubled.wrong) == 6
    assert doubled.calls < 2600


@given(
    st.integers(1, 3000).flatmap(lambda n: st.tuples(st.just(n), st.sets(st.integers(0, n - 1), max_size=4)))
)
@settings(max_examples=50)
def test_halving_finds_what_is_wrong_and_only_that(case):
    count, places = case
    asked = []

    def wrong(piece):
        asked.append(piece)
        return any(piece.start <= place < piece.stop for place in places)

    found = halve(count, wrong)
    assert found == tuple(sorted(places)) or count == 1
    assert len(asked) <= 2 * 13 * max(len(places), 1)

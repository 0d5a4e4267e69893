"""Which networks of a study get a check of their own."""

import numpy as np

from samples import draw_batch, small_network
from shoal.gradients import Case, distinct
from shoal.layers import BatchNorm, HeNormal, Normal, Tanh


def case(label: str, l2: float = 0.0, **changes) -> Case:
    x, labels = draw_batch()
    return Case(label, small_network(**changes), l2, x, labels)


def test_cells_that_differ_in_l2_share_a_check_with_the_largest():
    (found,) = distinct([case("a", 0.0), case("b", 0.3), case("c", 0.1)])
    assert (found.label, found.l2, found.cells) == ("a", 0.3, 3)


def test_other_layers_widths_and_initializers_are_other_networks():
    cases = [
        case("plain"),
        case("batch norm", batch_norm=BatchNorm()),
        case("tanh", activation=Tanh()),
        case("wide", hidden=(9,)),
        case("normal", initial=Normal(0.1)),
    ]
    assert [c.label for c in distinct(cases)] == ["plain", "batch norm", "tanh", "wide", "normal"]


def test_of_many_sigmas_the_first_the_middle_and_the_last_are_checked():
    sigmas = np.geomspace(1e-4, 1.0, 9)
    cases = [case(f"{s:g}", initial=Normal(float(s))) for s in sigmas]
    assert [c.label for c in distinct(cases)] == ["0.0001", "0.01", "1"]
    assert sum(c.cells for c in distinct(cases)) == 9
    assert len(distinct(cases, every=True)) == 9


def test_few_sigmas_are_all_checked():
    cases = [case("he", initial=HeNormal()), *(case(f"{s}", initial=Normal(s)) for s in (0.1, 0.2, 0.3))]
    assert len(distinct(cases)) == 4

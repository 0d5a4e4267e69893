"""The point at which a check is made."""

import numpy as np
import pytest

from samples import draw, small_network
from shoal.gradients import make_point
from shoal.layers import BatchNorm, Normal


def test_constants_are_moved_off_the_values_that_hide_mistakes():
    network = small_network(batch_norm=BatchNorm())
    start, moved = (draw(network, moved=m).parameters for m in (False, True))
    assert (start["batch_norm_1"]["gamma"] == 1).all()
    assert (moved["batch_norm_1"]["gamma"] != 1).all()
    assert (moved["affine_1"]["b"] != 0).all()
    np.testing.assert_array_equal(start["affine_1"]["W"], moved["affine_1"]["W"])


def test_the_move_is_of_the_size_of_what_is_there():
    moved = draw(small_network(initial=Normal(1e-8))).parameters["affine_1"]["b"]
    assert 0 < np.abs(moved).max() < 1e-7


def test_a_point_is_in_float64_and_keeps_labels_whole():
    network = small_network(dropout=0.5)
    point = draw(network)
    noise = {name: u.astype(np.float32) for name, u in point.noise.items()}
    again = make_point(network, point.parameters, point.x.astype(np.float32), point.targets, 0, noise)
    assert {again.x.dtype, *(u.dtype for u in again.noise.values())} == {np.dtype("float64")}
    assert again.targets.dtype.kind == "i"


def test_the_cost_from_any_layer_on_is_the_cost():
    point = draw(small_network(batch_norm=BatchNorm(), dropout=0.2), l2=0.3)
    whole = point.network.costs(point.parameters, point.x, point.targets, 0.3, point.noise)
    assert point.cost == pytest.approx(float(whole.cost), rel=1e-14)
    for i, name in enumerate(point.network.names):
        own = point.parameters.get(name, {})
        l2 = 0.3 * float(np.sum(own["W"] ** 2)) if "W" in own else 0.0
        assert point.sample(i, own).value == pytest.approx(float(whole.loss) + l2, rel=1e-14)

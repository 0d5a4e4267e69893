"""ReLU corners: steps across them, and points on them."""

from dataclasses import replace
from typing import Any

import numpy as np

from samples import chain, draw, draw_batch, small_network
from shoal.gradients import Verdict, check_point, check_start
from shoal.layers import Affine, ReLU
from shoal.layers.arrays import namespace


class MeanOfBothSlopes(ReLU):
    """A ReLU written as (x + |x|) / 2 whose backward takes 0 at the corner, where autodiff takes 1/2."""

    def forward(self, parameters: Any, x: Any) -> tuple[Any, Any]:
        y = namespace(x).maximum(x, 0 * x)
        return y, y


def test_a_step_across_a_corner_is_probed_again_and_is_no_error():
    point = draw(chain(Affine(6), ReLU()))
    z = point.inputs[1]
    n, k = np.unravel_index(np.argmin(np.abs(z)), z.shape)
    point.parameters["affine_1"]["b"][k] += 1e-5 - z[n, k]  # one unit of one example close to its corner
    found = check_point(replace(point))  # a copy: what the point has computed belongs to the old b
    block = found.block("affine_1", "b")
    assert block.verdict is Verdict.OK
    assert block.reprobed > 0
    assert found.worst < 1e-6


def test_a_point_on_a_corner_is_a_kink():
    x, labels = draw_batch()
    x[0] = 0.0  # with b = 0, every unit's input is 0 for this example
    found = check_start(small_network(), x, labels, 0.01, moved=False, probes=12)
    assert found.ok
    block = found.block("affine_1", "b")
    assert block.verdict is Verdict.KINK
    assert block.corners == 6
    assert "corner" in block.note
    assert found.block("affine_3", "b").verdict is Verdict.OK


def test_moved_constants_are_off_the_corner():
    x, labels = draw_batch()
    x[0] = 0.0
    found = check_start(small_network(), x, labels, 0.01, probes=12)
    assert {block.verdict for block in found.blocks} == {Verdict.OK}


def test_another_choice_of_derivative_on_a_corner_is_no_error():
    x, labels = draw_batch()
    x[0] = 0.0
    network = chain(Affine(6), MeanOfBothSlopes(), Affine(5), MeanOfBothSlopes())
    found = check_start(network, x, labels, 0.01, moved=False, probes=12)
    assert found.ok, found.to_json()
    assert found.block("affine_1", "b").verdict is Verdict.KINK


def test_a_wrong_backward_is_still_wrong_on_a_corner():
    class Inverted(ReLU):
        def backward(self, parameters, saved, dy):
            return namespace(dy).where(saved > 0, 0 * dy, dy), {}

    x, labels = draw_batch()
    x[0] = 0.0
    found = check_start(chain(Affine(6), Inverted()), x, labels, 0.01, moved=False, probes=12)
    assert found.block("affine_1", "W").verdict is Verdict.WRONG
    assert found.culprits == ("relu_1",)

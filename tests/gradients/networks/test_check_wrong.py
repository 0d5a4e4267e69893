"""Planted mistakes: found, in the right blocks, and blamed on the right layer."""

from typing import Any

import numpy as np
import pytest

from samples import L2, WithoutVariancePath, chain, check, draw, small_network, two_hidden
from shoal.gradients import GradientCheck, Verdict, check_point
from shoal.gradients.compare import compare
from shoal.gradients.networks.blocks import probe
from shoal.layers import Affine, BatchNorm, LeakyReLU, Normal, ReLU, Sigmoid, SoftmaxCrossEntropy, Tanh
from shoal.network import Network


def wrong_blocks(found: GradientCheck) -> set[str]:
    return {f"{block.layer}.{block.parameter}" for block in found.wrong}


class WithoutMeanPath(BatchNorm):
    def backward(self, parameters: Any, saved: Any, dy: Any) -> Any:
        dx, gradients = super().backward(parameters, saved, dy)
        return dx + parameters["gamma"] * saved["inverse_sigma"] * dy.mean(axis=0), gradients


class GammaOfRawInput(BatchNorm):
    def gradients(self, parameters: Any, saved: Any, dy: Any) -> Any:
        x = saved["xhat"] / saved["inverse_sigma"] + saved["mean"]
        return {"gamma": (dy * x).sum(axis=0), "beta": dy.sum(axis=0)}

    def backward(self, parameters: Any, saved: Any, dy: Any) -> Any:
        return BatchNorm().backward(parameters, saved, dy)[0], self.gradients(parameters, saved, dy)


class WithoutSlope(Sigmoid):
    def backward(self, parameters: Any, saved: Any, dy: Any) -> Any:
        return saved * (1 - saved) * dy, {}


class OfTheActivation(Tanh):
    def backward(self, parameters: Any, saved: Any, dy: Any) -> Any:
        return (1 - np.tanh(saved) ** 2) * dy, {}


class WithoutLeak(LeakyReLU):
    def backward(self, parameters: Any, saved: Any, dy: Any) -> Any:
        return np.where(saved, dy, 0.0), {}


class MeanOverExamples(Affine):
    def gradients(self, parameters: Any, saved: Any, dy: Any) -> Any:
        return {"W": saved.T @ dy, "b": dy.mean(axis=0)}


class OneWrongEntry(Affine):
    def gradients(self, parameters: Any, saved: Any, dy: Any) -> Any:
        dW = saved.T @ dy
        dW[3, 17] *= 1.001
        return {"W": dW, "b": dy.sum(axis=0)}


class WithoutLabels(SoftmaxCrossEntropy):
    def backward(self, saved: Any) -> Any:
        return np.exp(saved["log_p"]) / len(saved["log_p"])


class Altered(Network):
    """A network whose gradients are put together in another way, the layers being right."""

    def alter(self, gradients: dict, parameters: Any, l2: float) -> dict:
        raise NotImplementedError

    def cost_and_gradients(self, parameters: Any, x: Any, targets: Any, l2: Any, noise: Any = None) -> Any:
        costs, gradients, saved, scores = super().cost_and_gradients(parameters, x, targets, l2, noise)
        return costs, self.alter(gradients, parameters, l2), saved, scores


class HalfTheL2(Altered):
    def alter(self, gradients: dict, parameters: Any, l2: float) -> dict:
        return {
            n: {k: g - l2 * parameters[n][k] if k == "W" else g for k, g in o.items()}
            for n, o in gradients.items()
        }


class WrongSign(Altered):
    def alter(self, gradients: dict, parameters: Any, l2: float) -> dict:
        return {n: {k: -g for k, g in own.items()} for n, own in gradients.items()}


class Swapped(Altered):
    def alter(self, gradients: dict, parameters: Any, l2: float) -> dict:
        return gradients | {"affine_1": gradients["affine_2"], "affine_2": gradients["affine_1"]}


def altered(kind: type[Altered], hidden: tuple[int, ...] = (7, 7)) -> Network:
    right = small_network(hidden)
    return kind(right.input_shape, right.layers, right.loss, right.classes)


IN_FRONT_OF_NORM_2 = {"affine_1.W", "batch_norm_1.gamma", "batch_norm_1.beta", "affine_2.W"}


@pytest.mark.parametrize(
    ("mistake", "wrong", "culprits"),
    [
        (
            two_hidden(Tanh(), norm=WithoutVariancePath()),
            IN_FRONT_OF_NORM_2,
            ("batch_norm_1", "batch_norm_2"),
        ),
        (
            two_hidden(Tanh(), norm=WithoutMeanPath()),
            IN_FRONT_OF_NORM_2 | {"affine_1.b", "affine_2.b"},
            ("batch_norm_1", "batch_norm_2"),
        ),
        (
            chain(Affine(6), GammaOfRawInput(), Tanh(), Affine(5), BatchNorm(), Tanh()),
            {"batch_norm_1.gamma"},
            ("batch_norm_1",),
        ),
        (chain(Affine(6), WithoutSlope(2.0)), {"affine_1.W", "affine_1.b"}, ("sigmoid_1",)),
        (chain(Affine(6), OfTheActivation()), {"affine_1.W", "affine_1.b"}, ("tanh_1",)),
        (chain(Affine(6), WithoutLeak(0.1)), {"affine_1.W", "affine_1.b"}, ("leaky_relu_1",)),
        (chain(MeanOverExamples(6), Tanh()), {"affine_1.b"}, ("affine_1",)),
        (chain(OneWrongEntry(400), Tanh()), {"affine_1.W"}, ("affine_1",)),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Network) else None,
)
def test_a_mistake_in_a_layer_is_found_and_blamed(mistake, wrong, culprits):
    found = check(mistake)
    assert not found.ok
    assert wrong_blocks(found) == wrong
    assert found.culprits == culprits


def test_a_block_in_front_of_the_mistake_says_that_it_needs_no_fix_of_its_own():
    found = check(chain(Affine(6), Tanh(), MeanOverExamples(5), WithoutSlope(2.0)))
    assert found.block("affine_1", "W").note == "wrong because of sigmoid_1 behind it"
    assert "this layer's own backward is wrong" in found.block("affine_2", "b").note
    assert found.block("affine_2", "W").note == "wrong because of sigmoid_1 behind it"


def test_a_mistake_in_the_loss_is_blamed_on_the_loss():
    right = small_network()
    found = check(Network(right.input_shape, right.layers, WithoutLabels(), right.classes))
    assert found.culprits == ("softmax_cross_entropy",)
    assert len(found.wrong) == len(found.blocks)


def test_half_the_l2_gradient_is_found_in_the_weights_and_named():
    found = check(altered(HalfTheL2))
    assert wrong_blocks(found) == {"affine_1.W", "affine_2.W", "affine_3.W"}
    assert found.culprits == ()
    assert found.block("affine_2", "W").note.startswith(f"off by -{L2:g} W: the L2 term")


@pytest.mark.parametrize("kind", [WrongSign, Swapped])
def test_right_layers_put_together_wrongly_are_found(kind):
    found = check(altered(kind))
    assert {"affine_1.W", "affine_2.W"} <= wrong_blocks(found)
    assert found.culprits == ()
    assert "how they are put together" in found.block("affine_1", "b").note


def test_a_cost_that_is_not_the_one_differentiated_is_found():
    class OtherCost(Network):
        def cost_and_gradients(self, *arguments: Any) -> Any:
            costs, *rest = super().cost_and_gradients(*arguments)
            return (costs._replace(cost=costs.loss), *rest)

    right = small_network()
    found = check(OtherCost(right.input_shape, right.layers, right.loss, right.classes))
    assert not found.ok
    assert found.culprits == ("cost",)
    assert not found.wrong


def test_the_worst_entry_is_the_wrong_one_with_both_values():
    point = draw(chain(OneWrongEntry(400), Tanh()))
    block = check_point(point, probes=12).block("affine_1", "W")
    assert block.worst_index == (3, 17)
    assert block.analytic is not None
    assert block.reference is not None
    true = block.reference - 2 * L2 * point.parameters["affine_1"]["W"][3, 17]
    assert block.analytic - block.reference == pytest.approx(0.001 * true, rel=1e-6)


def test_directions_through_a_block_see_an_entry_that_no_probe_hit(rng):
    point = draw(small_network([400]))
    gradient = point.gradients()[1]["affine_1"]["W"]
    found = probe(point, 0, "W", np.array([], dtype=int), 3, rng)
    assert not compare(found.of(gradient), found.values, found.errors, 1e-6).wrong.any()
    gradient[3, 17] += 1e-3 * np.abs(gradient).max()
    assert compare(found.of(gradient), found.values, found.errors, 1e-6).wrong.all()


def test_gradients_from_elsewhere_are_checked_in_place_of_the_networks_own():
    point = draw(small_network())
    gradients = point.gradients()[1]
    assert check_point(point, gradients=gradients, probes=6).ok
    gradients["affine_2"]["b"][1] *= 1.01
    found = check_point(point, gradients=gradients, probes=6)
    assert wrong_blocks(found) == {"affine_2.b"}
    assert found.block("affine_2", "b").worst_index == (1,)


def test_gradients_that_are_not_numbers_are_wrong():
    point = draw(small_network())
    gradients = point.gradients()[1]
    gradients["affine_1"]["W"][2, 2] = np.nan
    found = check_point(point, gradients=gradients, probes=6)
    assert wrong_blocks(found) == {"affine_1.W"}
    assert found.block("affine_1", "W").worst_index == (2, 2)
    assert found.to_json()["blocks"][0]["error_autodiff"] == "inf"


def test_a_wrong_bias_in_front_of_a_batch_norm_is_not_zero_by_construction():
    point = draw(small_network(batch_norm=BatchNorm()))
    gradients = point.gradients()[1]
    gradients["affine_1"]["b"] = gradients["affine_1"]["b"] + 1e-6
    found = check_point(point, gradients=gradients, probes=6)
    assert found.block("affine_1", "b").verdict is Verdict.WRONG


def test_relu_mask_from_the_wrong_side():
    class Strange(ReLU):
        def backward(self, parameters: Any, saved: Any, dy: Any) -> Any:
            return np.where(saved > 0, dy, dy), {}

    found = check(chain(Affine(6), Strange(), Affine(5), ReLU()))
    assert found.culprits == ("relu_1",)
    assert wrong_blocks(found) == {"affine_1.W", "affine_1.b"}


def test_a_mistake_too_small_to_see_at_this_point_is_still_blamed():
    point = draw(chain(Affine(6, Normal(1e-9)), OfTheActivation()))  # 1 - tanh(1e-9)^2 is 1
    point.parameters["affine_1"]["b"][:] = 0.0
    found = check_point(point, probes=6)
    assert not found.wrong
    assert found.culprits == ("tanh_1",)
    assert not found.ok

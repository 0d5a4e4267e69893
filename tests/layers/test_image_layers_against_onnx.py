"""The ONNX project's own test cases of convolution, pooling and batch norm.

Left out, each with its reason: one and three dimensions, dilations, and averages that count padded cells,
none of which the layers have. SAME_LOWER and ceil_mode are run: both are explicit padding by another name.
"""

from importlib import import_module
from math import ceil

import numpy as np
import pytest
from onnx.backend.test.case import node
from onnx.helper import get_attribute_value

from proofs import close
from shoal.layers import AveragePool, BatchNorm, Convolution, GlobalAveragePool, MaxPool

OPERATORS = ("Conv", "AveragePool", "MaxPool", "GlobalAveragePool", "BatchNormalization")
for module in ("conv", "averagepool", "maxpool", "globalaveragepool", "batch_normalization"):
    import_module(f"onnx.backend.test.case.node.{module}")  # registers its cases


class OnnxCase:
    """One case: an operator's attributes, inputs and right outputs."""

    def __init__(self, case):
        (operator,) = case.model.graph.node
        self.name, self.operator = case.name, operator.op_type
        self.attributes = {a.name: get_attribute_value(a) for a in operator.attribute}
        self.inputs, self.outputs = ([np.asarray(a) for a in part] for part in case.data_sets[0])

    @property
    def left_out(self) -> str | None:
        """Why the layers cannot do it."""
        if self.inputs[0].ndim != 4:
            return "images have two dimensions here"
        if any(d != 1 for d in self.attributes.get("dilations", [])):
            return "windows have no dilation here"
        return "padded cells are not counted here" if self.attributes.get("count_include_pad") else None

    def window(self) -> tuple:
        """(kernel or window, stride, padding) as the layers take them."""
        size = tuple(self.attributes["kernel_shape"])
        stride = tuple(self.attributes.get("strides", (1, 1)))
        automatic = self.attributes.get("auto_pad", b"NOTSET")
        if automatic == b"SAME_UPPER":
            return size, stride, "same"
        pads = self.attributes.get("pads", (0, 0, 0, 0))
        sides = []
        for at, cells in enumerate(self.inputs[0].shape[2:]):
            before, after = pads[at], pads[at + 2]
            if automatic == b"SAME_LOWER":
                missing = max((ceil(cells / stride[at]) - 1) * stride[at] + size[at] - cells, 0)
                before, after = missing - missing // 2, missing // 2
            if self.attributes.get("ceil_mode"):
                last = ceil((before + cells + after - size[at]) / stride[at]) * stride[at]
                if last < before + cells:  # a last window that sees nothing is not made
                    after = max(after, last + size[at] - before - cells)
            sides.append((before, after))
        return size, stride, tuple(sides)


CASES = [case for case in map(OnnxCase, node._NodeTestCases) if case.operator in OPERATORS]
RUN = {case.name: case for case in CASES if case.left_out is None}


def of(*operators):
    cases = [
        pytest.param(case, id=case.name, marks=[pytest.mark.skip(reason=case.left_out)] * bool(case.left_out))
        for case in CASES
        if case.operator in operators
    ]
    return pytest.mark.parametrize("case", cases)


def channels_last(array):
    return np.moveaxis(np.asarray(array, dtype=float), 1, -1)


def test_the_cases_that_are_run_are_most_of_those_of_images():
    images = [case for case in CASES if case.inputs[0].ndim == 4]
    assert len(images) == 39
    assert {case.name for case in images} - RUN.keys() == {
        "test_averagepool_2d_precomputed_pads_count_include_pad",
        "test_averagepool_2d_pads_count_include_pad",
        "test_averagepool_2d_ceil_last_window_starts_on_pad",
        "test_averagepool_2d_dilations",
        "test_maxpool_2d_dilations",
    }


@of("Conv")
def test_convolution(xp, case):
    x, W = case.inputs
    size, stride, padding = case.window()
    layer = Convolution(len(W), size, stride, padding)
    parameters = {"W": np.transpose(W, (2, 3, 1, 0)).astype(float), "b": np.zeros(len(W))}
    close(xp(layer.forward, parameters, channels_last(x))[0], channels_last(case.outputs[0]), 1e-6, 1e-6)


@of("AveragePool", "MaxPool")
def test_pooling(xp, case):
    layer = (AveragePool if case.operator == "AveragePool" else MaxPool)(*case.window())
    y, _ = xp(layer.forward, {}, channels_last(case.inputs[0]))
    close(y, channels_last(case.outputs[0]), 1e-5, 1e-6)


@of("GlobalAveragePool")
def test_global_average(xp, case):
    y, _ = xp(GlobalAveragePool().forward, {}, channels_last(case.inputs[0]))
    close(y, case.outputs[0][:, :, 0, 0], 1e-5, 1e-6)


@of("BatchNormalization")
def test_batch_norm_over_channels(xp, case):
    x, gamma, beta, mean, variance = (np.asarray(array, dtype=float) for array in case.inputs)
    layer = BatchNorm(decay=0.9, epsilon=case.attributes.get("epsilon", 1e-5))
    parameters, state = {"gamma": gamma, "beta": beta}, {"mean": mean, "variance": variance}
    if not case.attributes.get("training_mode"):
        y = xp(layer.evaluate, parameters, state, channels_last(x))
        close(y, channels_last(case.outputs[0]), 1e-4, 1e-5)
        return
    y, saved = xp(layer.forward, parameters, channels_last(x))
    state = xp(layer.update_state, state, saved)
    close(y, channels_last(case.outputs[0]), 1e-4, 1e-5)
    close([state["mean"], state["variance"]], list(case.outputs[1:]), 1e-5, 1e-6)

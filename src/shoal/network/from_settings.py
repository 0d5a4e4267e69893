"""From settings to a network. The settings may hold traced numbers in place of floats."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from shoal.layers import (
    GELU,
    Affine,
    AveragePool,
    BatchNorm,
    Convolution,
    Dropout,
    Flatten,
    GlobalAveragePool,
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    Initial,
    Layer,
    LeakyReLU,
    LecunNormal,
    LecunUniform,
    Loss,
    MaxPool,
    Normal,
    ReLU,
    Shape,
    Sigmoid,
    SigmoidCrossEntropy,
    SiLU,
    SoftmaxCrossEntropy,
    SquaredError,
    Tanh,
    Uniform,
)
from shoal.network.compose import compose, compose_layers
from shoal.network.naming import naming
from shoal.network.network import Network
from shoal.study.settings.network import (
    AveragePoolLayer,
    BatchNormLayer,
    BatchNormSettings,
    ConvolutionLayer,
    DenseLayer,
    DropoutLayer,
    LeakyReluActivation,
    MaxPoolLayer,
    NetworkSettings,
    NormalInitial,
    SigmoidActivation,
    SigmoidLoss,
    UniformInitial,
)

_INITIAL: dict[str, type[Initial]] = {
    "he_normal": HeNormal,
    "he_uniform": HeUniform,
    "glorot_normal": GlorotNormal,
    "glorot_uniform": GlorotUniform,
    "lecun_normal": LecunNormal,
    "lecun_uniform": LecunUniform,
}
_ACTIVATION: dict[str, type[Layer]] = {
    "relu": ReLU,
    "leaky_relu": LeakyReLU,
    "sigmoid": Sigmoid,
    "tanh": Tanh,
    "gelu": GELU,
    "silu": SiLU,
}
_NAMED: dict[str, type[Layer]] = {
    "batch_norm": BatchNorm,
    "flatten": Flatten,
    "global_average_pool": GlobalAveragePool,
}
_LOSS: dict[str, type[Loss]] = {
    "softmax_cross_entropy": SoftmaxCrossEntropy,
    "sigmoid_cross_entropy": SigmoidCrossEntropy,
    "squared_error": SquaredError,
}


def build_network(settings: Any, input_shape: Shape, classes: int, varied: Collection[str] = ()) -> Network:
    """The network of a cell's settings. A dropout whose path is in `varied` is built even at rate 0."""
    chain = _build_chain(settings, input_shape, classes, varied)
    output = settings.network.output_activation
    return chain if output is None else replace(chain, layers=(*chain.layers, make_activation(output)))


def _build_chain(settings: Any, input_shape: Shape, classes: int, varied: Collection[str]) -> Network:
    net: NetworkSettings = settings.network
    loss = make_loss(net.loss)
    if net.layers is not None:
        layers = [_named_layer(i, layer) for i, layer in enumerate(net.layers, start=1)]
        return compose_layers(input_shape, classes, layers, loss, _initials_by_layer(net))
    batch_norm = batch_norm_settings(net)
    return compose(
        input_shape,
        classes,
        hidden=net.hidden_widths,
        activation=make_activation(net.activation),
        batch_norm=None if batch_norm is None else make_batch_norm(batch_norm),
        batch_norm_position="before" if batch_norm is None else batch_norm.position,
        dropout=_rate("network.dropout", net.dropout, varied),
        input_dropout=_rate("network.input_dropout", net.input_dropout, varied),
        initial=[make_initial(i) for i in net.initial]
        if isinstance(net.initial, tuple)
        else make_initial(net.initial),
        loss=loss,
    )


def batch_norm_settings(net: NetworkSettings) -> BatchNormSettings | None:
    """The batch norm of a network's short form, or of the first in its list; None where it has none."""
    for layer in net.layers or ():
        if isinstance(layer, BatchNormLayer):
            return layer.batch_norm
        if layer == "batch_norm":
            return BatchNormSettings()
    if isinstance(net.batch_norm, BatchNormSettings):
        return net.batch_norm
    return BatchNormSettings() if net.batch_norm else None


def make_initial(settings: Any) -> Initial:
    """The initializer of a name or table."""
    if isinstance(settings, NormalInitial):
        return Normal(settings.normal)
    if isinstance(settings, UniformInitial):
        return Uniform(settings.uniform)
    return _INITIAL[settings]()


def make_loss(settings: Any) -> Loss:
    """The loss of a name or table."""
    if isinstance(settings, SigmoidLoss):
        return SigmoidCrossEntropy(settings.sigmoid_cross_entropy)
    return _LOSS[settings]()


def make_activation(settings: Any) -> Layer:
    """The activation of a name or table."""
    if isinstance(settings, LeakyReluActivation):
        return LeakyReLU(settings.leaky_relu)
    if isinstance(settings, SigmoidActivation):
        return Sigmoid(settings.sigmoid)
    return _ACTIVATION[settings]()


def make_batch_norm(settings: BatchNormSettings) -> BatchNorm:
    """The batch norm of its settings."""
    return BatchNorm(settings.decay, settings.epsilon)


def make_layer(settings: Any) -> Layer:
    """One entry of `network.layers`."""
    match settings:
        case DenseLayer():
            return Affine(settings.dense)
        case ConvolutionLayer():
            return Convolution(settings.conv, settings.kernel, settings.stride, settings.padding)
        case AveragePoolLayer():
            return AveragePool(settings.average_pool, settings.stride, settings.padding)
        case MaxPoolLayer():
            return MaxPool(settings.max_pool, settings.stride, settings.padding)
        case DropoutLayer():
            return Dropout(settings.dropout, settings.channels)
        case BatchNormLayer():
            return make_batch_norm(settings.batch_norm)
    named = _NAMED.get(settings) if isinstance(settings, str) else None
    return make_activation(settings) if named is None else named()


def _named_layer(entry: int, settings: Any) -> Layer:
    """The layer, or the error that says in which entry of the list it lies."""
    with naming(f"network.layers, entry {entry}"):
        return make_layer(settings)


def _initials_by_layer(net: NetworkSettings) -> list[Initial]:
    """One for each affine map: the layer's own, else the network's; the map onto the classes is last."""
    maps = [layer for layer in net.layers or () if isinstance(layer, (DenseLayer, ConvolutionLayer))]
    given = net.initial if isinstance(net.initial, tuple) else (net.initial,) * (len(maps) + 1)
    own = [layer.initial for layer in maps] + [None]
    return [make_initial(o if o is not None else g) for o, g in zip(own, given, strict=True)]


def _rate(path: str, rate: Any, varied: Collection[str]) -> Any:
    """A dropout rate, or None to leave the layer out: where it is 0 for every member."""
    return rate if path in varied or not isinstance(rate, float) or rate > 0 else None

"""`[network]`: the chain of layers, described in full."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, PlainValidator, model_validator

from shoal.study.settings.base import (
    Count,
    Decay,
    FilePath,
    NonNegative,
    Positive,
    Rate,
    SettingsTable,
    is_whole,
    shown,
)

MOST_A_SIDE = 1_000_000  # cells of a stride, of padding
MOST_IN_A_WINDOW = 1024  # cells: each is an operation of the compiled program


def _step(value: Any) -> int | tuple[int, int]:
    if is_whole(value, 1, MOST_A_SIDE):
        return value
    if _is_list(value, 2) and all(is_whole(v, 1, MOST_A_SIDE) for v in value):
        return (value[0], value[1])
    raise ValueError(
        f"got {shown(value)}; expected a whole number above 0, or two for rows and columns ([5, 3]), "
        f"of at most {MOST_A_SIDE:,}"
    )


def _size(value: Any) -> int | tuple[int, int]:
    size = _step(value)
    rows, columns = size if isinstance(size, tuple) else (size, size)
    if rows * columns > MOST_IN_A_WINDOW:
        raise ValueError(
            f"got {shown(value)}, {rows * columns:,} cells; expected a window of at most {MOST_IN_A_WINDOW:,}"
        )
    return size


def _is_list(value: Any, length: int) -> bool:
    return isinstance(value, (list, tuple)) and len(value) == length


def _padding(value: Any) -> str | int | tuple[tuple[int, int], tuple[int, int]]:
    if value in ("valid", "same") or is_whole(value, 0, MOST_A_SIDE):
        return value
    if _is_list(value, 2):
        sides = tuple(tuple(side) if isinstance(side, (list, tuple)) else () for side in value)
        if all(len(side) == 2 and all(is_whole(v, 0, MOST_A_SIDE) for v in side) for side in sides):
            return sides  # pyright: ignore[reportReturnType]
    raise ValueError(
        f'got {shown(value)}; expected "valid", "same", a whole number for all sides, '
        f"or [[top, bottom], [left, right]], of at most {MOST_A_SIDE:,}"
    )


Size = Annotated[int | tuple[int, int], PlainValidator(_size)]
Stride = Annotated[int | tuple[int, int], PlainValidator(_step)]
Padding = Annotated[str | int | tuple[tuple[int, int], tuple[int, int]], PlainValidator(_padding)]


class AveragePoolLayer(SettingsTable):
    """The mean of each window of `average_pool` cells. `stride` is by default the window's size."""

    average_pool: Size
    stride: Stride | None = None
    padding: Padding = "valid"


class MaxPoolLayer(SettingsTable):
    """The largest number of each window of `max_pool` cells; `stride` as for average pooling."""

    max_pool: Size
    stride: Stride | None = None
    padding: Padding = "valid"


NamedInitial = Literal[
    "he_normal", "he_uniform", "glorot_normal", "glorot_uniform", "lecun_normal", "lecun_uniform"
]
NamedActivation = Literal["relu", "leaky_relu", "sigmoid", "tanh", "gelu", "silu"]
Flag = Annotated[bool, Field(strict=True)]
MOST_LAYERS = 1000


class NormalInitial(SettingsTable):
    """W ~ N(0, normal**2)."""

    normal: NonNegative


class UniformInitial(SettingsTable):
    """W ~ U(-uniform, uniform)."""

    uniform: NonNegative


class LeakyReluActivation(SettingsTable):
    """max(z, 0) + leaky_relu * min(z, 0)."""

    leaky_relu: NonNegative


class SigmoidActivation(SettingsTable):
    """1 / (1 + exp(-sigmoid * z)): the value is the slope."""

    sigmoid: Positive


class BatchNormSettings(SettingsTable):
    """Where batch norm stands and how its statistics for evaluation are kept.

    `statistics` is "running" (decay * old + (1 - decay) * batch) or "population" (exact, over the whole
    training split, before every evaluation).
    """

    position: Literal["before", "after"] = "before"
    decay: Decay = 0.9
    epsilon: Positive = 1e-5
    statistics: Literal["running", "population"] = "running"


class SigmoidLoss(SettingsTable):
    """`sigmoid_cross_entropy` with a slope: p = 1 / (1 + exp(-slope * score))."""

    sigmoid_cross_entropy: Positive


NamedLoss = Literal["softmax_cross_entropy", "sigmoid_cross_entropy", "squared_error"]
Initial = NamedInitial | NormalInitial | UniformInitial
Activation = NamedActivation | LeakyReluActivation | SigmoidActivation


class DenseLayer(SettingsTable):
    """An affine map onto `dense` units."""

    dense: Count
    initial: Initial | None = None


class ConvolutionLayer(SettingsTable):
    """`conv` filters with a `kernel` of one number or [rows, columns]."""

    conv: Count
    kernel: Size
    stride: Stride = 1
    padding: Padding = "valid"
    initial: Initial | None = None


class DropoutLayer(SettingsTable):
    """Dropout of a fraction `dropout` of what comes in, or of its channels."""

    dropout: Rate
    channels: Flag = False


class BatchNormLayer(SettingsTable):
    """Batch norm with its own settings."""

    batch_norm: BatchNormSettings


LayerSettings = (
    DenseLayer
    | ConvolutionLayer
    | AveragePoolLayer
    | MaxPoolLayer
    | DropoutLayer
    | BatchNormLayer
    | Activation
    | Literal["batch_norm", "flatten", "global_average_pool"]
)


class NetworkSettings(SettingsTable):
    """Hidden layers in short form (`hidden`) or layer by layer (`layers`).

    The affine map onto the classes is added at the end in both forms. `initial` is one initializer for
    every affine map, convolutions included, or a list with one for each, the last one included.
    `output_activation` comes after the last one, in front of a squared error: the cross-entropies have a
    softmax or a sigmoid of their own. `weights` is an `.npz` file of all parameters, in place of `initial`.
    """

    hidden: Annotated[tuple[Count, ...], Field(max_length=MOST_LAYERS)] | None = None
    layers: Annotated[tuple[LayerSettings, ...], Field(max_length=MOST_LAYERS)] | None = None
    activation: Activation = "relu"
    batch_norm: Flag | BatchNormSettings = False
    dropout: Rate = 0.0
    input_dropout: Rate = 0.0
    initial: Initial | Annotated[tuple[Initial, ...], Field(max_length=MOST_LAYERS + 1)] = "he_normal"
    output_activation: Activation | None = None
    loss: NamedLoss | SigmoidLoss = "softmax_cross_entropy"
    weights: FilePath | None = None

    @model_validator(mode="after")
    def _one_form(self) -> NetworkSettings:
        if self.hidden is not None and self.layers is not None:
            raise ValueError("give either `hidden` or `layers`, not both")
        if self.layers is not None:
            short = {"activation", "batch_norm", "dropout", "input_dropout"} & self.model_fields_set
            if short:
                names = ", ".join(sorted(short))
                raise ValueError(
                    f"with `layers`, write {names} as layers in the list: they are not added to it"
                )
        if self.output_activation is not None and self.loss != "squared_error":
            raise ValueError(
                f'`output_activation` needs loss = "squared_error"; "{self.loss_name}" has its own output '
                "function"
            )
        if self.weights is not None and "initial" in self.model_fields_set:
            raise ValueError(
                "give either `initial` or `weights`, not both: weights from a file are not drawn"
            )
        affine = self._affine_maps()
        if isinstance(self.initial, tuple) and len(self.initial) != affine:
            raise ValueError(f"`initial` lists {len(self.initial)} initializers for {affine} affine maps")
        return self

    def _affine_maps(self) -> int:
        if self.layers is not None:
            return 1 + sum(isinstance(layer, (DenseLayer, ConvolutionLayer)) for layer in self.layers)
        return 1 + len(self.hidden_widths)

    @property
    def loss_name(self) -> str:
        """The name of the loss, also where it has a slope."""
        return self.loss if isinstance(self.loss, str) else "sigmoid_cross_entropy"

    @property
    def hidden_widths(self) -> tuple[int, ...]:
        """The widths of the short form; (50,) where nothing was said."""
        return (50,) if self.hidden is None else self.hidden

    @property
    def image_layer(self) -> str | None:
        """The key of the first layer that takes images only; None where there is none."""
        kinds = {ConvolutionLayer: "conv", AveragePoolLayer: "average_pool", MaxPoolLayer: "max_pool"}
        names = (layer if isinstance(layer, str) else kinds.get(type(layer)) for layer in self.layers or ())
        return next((name for name in names if name in (*kinds.values(), "global_average_pool")), None)

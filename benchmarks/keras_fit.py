"""Keras: `model.fit`, on the backend that KERAS_BACKEND names."""

from __future__ import annotations

import keras
from keras import layers, ops

from rounds import Contender
from work import BATCH, CLASSES, FEATURES, HIDDEN, L2, RATE, Work


class Triangular(keras.optimizers.schedules.LearningRateSchedule):
    """The same rates, as a Keras schedule."""

    def __call__(self, step):
        t = ops.cast(step, "float32") / RATE["half_cycle"]
        height = 1 - ops.abs(t - 2 * ops.floor(1 + t / 2) + 1)
        return RATE["min"] + (RATE["max"] - RATE["min"]) * ops.maximum(height, 0.0)


def network(batch_norm: bool) -> keras.Model:
    """The MLP, batch norm before the activation."""
    stack = [keras.Input((FEATURES,))]
    for units in HIDDEN:
        norm = [layers.BatchNormalization(momentum=0.9, epsilon=1e-5)] if batch_norm else []
        stack += [layers.Dense(units, kernel_regularizer=keras.regularizers.L2(L2)), *norm, layers.ReLU()]
    return keras.Sequential([*stack, layers.Dense(CLASSES, kernel_regularizer=keras.regularizers.L2(L2))])


def fit(work: Work, batch_norm: bool) -> Contender:
    """Keras as its users call it: `fit` shuffles, batches and trains."""
    model = network(batch_norm)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(Triangular()), loss)

    def run(steps: int) -> None:
        examples = steps * BATCH
        model.fit(work.x[:examples], work.y[:examples], batch_size=BATCH, shuffle=True, verbose=0)

    backend = keras.config.backend()
    note = f"keras {keras.__version__}, fit, {backend} backend"
    return Contender(f"Keras ({backend})", batch_norm, 1, run, note=note)

"""Optimizers by name, made of optax's transformations, with hyperparameters that may be traced.

Each gives the direction; the step multiplies it by -learning rate. The equations stand at the settings
(study/settings/training.py); L2 is part of the cost and so of the gradient, except the decoupled decay of
AdamW and Lion.
"""

from __future__ import annotations

from typing import Any

import jax
import optax

from shoal.training.full_batch import METHODS


def make_optimizer(table: Any, momentum: Any = None) -> optax.GradientTransformation:
    """The transformation of an optimizer's settings; `momentum` replaces theirs where a schedule moves it."""
    kind = table.kind
    if kind == "sgd" or kind in METHODS:  # SciPy holds its own state
        return optax.identity()
    if kind in ("momentum", "nesterov"):
        decay = table.momentum if momentum is None else momentum
        return optax.trace(decay=decay, nesterov=kind == "nesterov")
    if kind == "rmsprop":
        return optax.scale_by_rms(decay=table.decay, eps=table.epsilon, eps_in_sqrt=False)
    if kind == "adagrad":
        return optax.scale_by_rss(initial_accumulator_value=table.initial, eps=table.epsilon)
    if kind == "lion":
        lion = _mixing_dtypes(optax.scale_by_lion(b1=table.beta1, b2=table.beta2))
        return optax.chain(lion, optax.add_decayed_weights(table.weight_decay, mask=only_weights))
    adam = _mixing_dtypes(optax.scale_by_adam(b1=table.beta1, b2=table.beta2, eps=table.epsilon))
    if kind == "adam":
        return adam
    return optax.chain(adam, optax.add_decayed_weights(table.weight_decay, mask=only_weights))


def _mixing_dtypes(optimizer: optax.GradientTransformation) -> optax.GradientTransformation:
    """optax's bias correction, 1 - beta**count, raises a float to a whole power, which strict promotion
    refuses; it casts the result back, so the directions keep the gradients' dtype."""

    def update(updates: Any, state: Any, params: Any = None) -> Any:
        with jax.numpy_dtype_promotion("standard"):
            return optimizer.update(updates, state, params)

    return optax.GradientTransformation(optimizer.init, update)


def only_weights(parameters: Any) -> Any:
    """True at the parameters named W: biases, gamma and beta are never decayed."""
    return jax.tree_util.tree_map_with_path(lambda path, _: path[-1].key == "W", parameters)

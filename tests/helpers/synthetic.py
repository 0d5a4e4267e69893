"""Results as a run would write them, drawn from a formula: accuracies that rise with training, with noise."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import xarray as xr

STEPS = 10
CLASSES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
FACTORS: dict[str, dict[str, Any]] = {
    "l2": {"path": "training.l2", "scale": "log", "levels": [1e-5, 3.727593720315e-4, 1.3894954943e-2, 0.1]},
    "dropout": {"path": "network.dropout", "scale": "linear", "levels": [0.0, 0.25, 0.5]},
    "batch_norm": {"path": "network.batch_norm", "scale": "category", "levels": [False, True]},
    "initial": {
        "path": "network.initial",
        "scale": "category",
        "levels": ["he_normal", "glorot_normal", "normal 0.001"],
    },
    "optimizer": {
        "path": "training.optimizer",
        "scale": "category",
        "levels": ["sgd", "adam", "rmsprop", "adamw"],
    },
}


def make_result(
    factors: tuple[str, ...] = ("batch_norm", "l2"),
    seeds: int = 5,
    *,
    steps: int = STEPS,
    validation: bool = True,
    test: bool = True,
    noise: float = 0.004,
    effect: float = 0.1,
    diverged: tuple[tuple[int, int], ...] = (),
    unfinished: tuple[tuple[int, int], ...] = (),
    gradient_check: bool = True,
    levels: dict[str, list[Any]] | None = None,
    seed: int = 0,
    **attributes: Any,
) -> xr.Dataset:
    """A result over named `FACTORS`. `diverged` and `unfinished` name members as (cell, seed)."""
    random = np.random.default_rng(seed)
    chosen = {name: (levels or {}).get(name, FACTORS[name]["levels"]) for name in factors}
    shape = tuple(len(values) for values in chosen.values())
    cells = int(np.prod(shape, dtype=int))
    steps_at = np.linspace(0, 100 * (steps - 1), steps).astype(int)
    top = 0.5 + effect * (1 - np.linspace(-1, 1, cells) ** 2) if cells > 1 else np.array([0.53])
    rise = 1 - np.exp(-np.linspace(0, 4, steps))
    jitter = noise * (random.normal(size=(1, seeds, 1)) + random.normal(size=(cells, seeds, 1)))
    accuracy = 0.1 + (top[:, None, None] + jitter - 0.1) * rise
    loss = 2.3 - 2.0 * (accuracy - 0.1)
    values = {"train_accuracy": accuracy + 0.05 * rise, "train_loss": loss - 0.1 * rise}
    values["train_cost"] = values["train_loss"] + 0.3
    if validation:
        values |= {"validation_accuracy": accuracy, "validation_loss": loss, "validation_cost": loss + 0.3}
    finals = {"test_accuracy": accuracy[..., -1] - 0.01, "test_loss": loss[..., -1] + 0.02} if test else {}
    when = np.full((cells, seeds), -1, np.int32)
    finished = np.ones((cells, seeds), bool)
    for cell, s in diverged:
        when[cell, s] = 350
        for name, array in values.items():
            array[cell, s, steps_at >= 350] = 0.1 if name.endswith("accuracy") else np.nan
        for name, array in finals.items():
            array[cell, s] = 0.1 if name.endswith("accuracy") else np.nan
    for cell, s in unfinished:
        finished[cell, s] = False
        for array in (*values.values(), *finals.values()):
            array[cell, s] = np.nan
    names = tuple(chosen)
    rate = np.broadcast_to(np.interp(np.arange(steps) % 5, [0, 2, 4], [1e-5, 0.1, 1e-5]), (cells, steps))
    epoch = np.broadcast_to(steps_at / 45, (cells, steps))
    member, along = (*names, "seed"), (*names, "step")

    def shaped(array: np.ndarray) -> np.ndarray:
        return array.reshape(*shape, *array.shape[1:]).astype(np.float32)

    dataset = xr.Dataset(
        {
            **{n: ((*member, "step"), shaped(v), _attrs(n)) for n, v in values.items()},
            **{n: (member, shaped(v), _attrs(n)) for n, v in finals.items()},
            "learning_rate": (along, shaped(rate)),
            "epoch": (along, shaped(epoch)),
            "diverged_step": (member, when.reshape(*shape, seeds)),
            "diverged": (member, (when >= 0).reshape(*shape, seeds)),
            "finished": (member, finished.reshape(*shape, seeds)),
        }
    )
    coords: dict[str, Any] = {
        name: (
            name,
            _levels(levels),
            {k: FACTORS[name][k] for k in ("path", "scale")} | {"long_name": FACTORS[name]["path"]},
        )
        for name, levels in chosen.items()
    }
    dataset = dataset.assign_coords({**coords, "seed": np.arange(seeds), "step": steps_at})
    dataset.attrs = _attributes(seeds, cells, bool(unfinished), gradient_check, chosen) | attributes
    ranked = values["validation_accuracy" if validation else "train_accuracy"][..., -1].mean(axis=1)
    best = np.unravel_index(np.argmax(np.nan_to_num(ranked)), shape) if shape else ()
    labels = {FACTORS[n]["path"]: _label(chosen[n][i]) for n, i in zip(names, best, strict=True)}
    dataset.attrs.setdefault("best_cell", json.dumps(labels))
    if test:
        counts = np.full((10, 10), 3) + np.diag(np.full(10, 40)) + np.eye(10, k=1, dtype=int) * 12
        dataset = dataset.assign_coords({"class": list(CLASSES), "predicted": list(CLASSES)})
        dataset["confusion"] = (("class", "predicted"), counts.astype(np.int64))
    return dataset


def _levels(levels: list[Any]) -> np.ndarray:
    return np.array(levels, dtype=object) if isinstance(levels[0], str) else np.array(levels)


def _label(level: Any) -> str:
    return (
        str(level).lower()
        if isinstance(level, bool)
        else f"{level:.6g}"
        if isinstance(level, float)
        else level
    )


def _attrs(name: str) -> dict[str, str]:
    return {"long_name": name.replace("_", " "), "units": "1" if name.endswith("accuracy") else "nat"}


def _attributes(
    seeds: int, cells: int, interrupted: bool, gradient_check: bool, levels: dict[str, list[Any]]
) -> dict[str, Any]:
    vary = "\n".join(f'"{FACTORS[name]["path"]}" = {json.dumps(values)}' for name, values in levels.items())
    attributes: dict[str, Any] = {
        "question": "Does batch norm make a network less sensitive to its L2 penalty?",
        "study": f'[data]\nname = "digits"\n\n[training]\nl2 = 0.005\n\n[vary]\n{vary}\nseed = {seeds}\n',
        "shoal_version": "0.1.0",
        "versions": json.dumps({"python": "3.12.1", "jax": "0.10.2", "numpy": "2.4.0"}),
        "device": "cpu: 2 cores",
        "plan": json.dumps(
            {
                "members": cells * seeds,
                "programs": 2,
                "chunks": [{"program": 0, "cells": cells, "seeds": list(range(seeds))}],
            }
        ),
        "seconds_total": 41.25,
        "seconds_compile": 6.5,
        "status": "interrupted" if interrupted else "complete",
        "notes": json.dumps(["feature 0 is constant in training data: it is scaled to 0"]),
        "data": json.dumps(
            {
                "name": "digits",
                "source": "scikit-learn (embedded)",
                "fingerprint": "3f" * 32,
                "counts": {"train": 1137, "validation": 300, "test": 360},
            }
        ),
        "parameters": json.dumps([6260, 6460]),
        "train_examples_recorded": 1000,
    }
    if gradient_check:
        attributes["gradient_check"] = json.dumps(GRADIENT_CHECK)
    return attributes


def _block(layer: str, parameter: str, verdict: str = "ok", **more: Any) -> dict[str, Any]:
    base = {"layer": layer, "parameter": parameter, "shape": [64, 50], "error_difference": 3.1e-9}
    return base | {"error_autodiff": 2.2e-15, "worst_index": [3, 7], "verdict": verdict, "note": ""} | more


GRADIENT_CHECK = [
    {
        "network": "batch_norm=true",
        "seed": 0,
        "ok": True,
        "blocks": [
            _block("affine_1", "W"),
            _block(
                "affine_1", "b", "zero by construction", error_difference=None, shape=[50], worst_index=None
            ),
            _block("batch_norm_1", "gamma", "kink", note="2 probes crossed a corner"),
        ],
    }
]
WRONG_CHECK = [
    {
        "network": "own <layer>",
        "seed": 3,
        "ok": False,
        "blocks": [
            _block("affine_1", "W", "WRONG", error_difference=0.41, error_autodiff="inf", note="sign?")
        ],
    }
]

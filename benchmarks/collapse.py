"""`python benchmarks/collapse.py`: 1000 networks of ten layers of two ReLUs, and a Keras loop over ten.

Shoal trains all 1000 as one population; Keras trains ten, one after another, with `fit` as its users call it,
on the backend that KERAS_BACKEND names. Medians over rounds, in which the two take turns; compilation apart.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from pathlib import Path

import numpy as np

from shoal.population.device_data import to_device
from shoal.population.plan import plan_study
from shoal.population.team import CompiledTraining
from shoal.study.load import load_study
from shoal.training.runtime import numerics

STUDY = Path(__file__).resolve().parents[1] / "studies" / "reports" / "003-dying-relu.toml"
NETWORKS, EXAMPLES, BATCH, DEPTH, UNITS = 10, 3000, 64, 10, 2


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    os.environ.setdefault("KERAS_BACKEND", "jax")
    began = time.perf_counter()
    train = population()
    compiling = time.perf_counter() - began
    fit_keras()  # its first fit compiles
    shoal, keras = [], []
    for _ in range(rounds):
        shoal.append(timed(train))
        keras.append(timed(fit_keras) / NETWORKS)
    members = 1000
    ours, theirs = statistics.median(shoal), statistics.median(keras)
    spread = f"{min(shoal):.2f} to {max(shoal):.2f}"
    print(f"Shoal, {members} networks: {ours:.2f} s ({spread}), compiling {compiling:.1f} s")
    backend = os.environ["KERAS_BACKEND"]
    print(f"Keras ({backend}), one network: {theirs:.2f} s ({min(keras):.2f} to {max(keras):.2f})")
    print(
        f"per network: {theirs / (ours / members):,.0f} times; load of the machine {os.getloadavg()[0]:.1f}"
    )


def timed(run) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def population():
    """A function that trains the 1000 networks of the study's first cell, data and measurements included."""
    chunk = plan_study(load_study(STUDY)).chunks[0]
    with numerics("float32") as dtype:
        team = CompiledTraining([chunk], dtype)

    def train() -> None:
        with numerics("float32") as dtype:
            team.data = to_device(chunk.program, team.who[0], dtype)
            team.finish(team.advance(team.start(), chunk.program.steps))

    train()
    return train


def fit_keras() -> None:
    """Ten networks, one after another."""
    import keras

    for seed in range(NETWORKS):
        keras.utils.set_random_seed(seed)
        x = np.random.default_rng(seed).uniform(-7, 7, (EXAMPLES + 750, 1)).astype(np.float32)
        hidden = [keras.layers.Dense(UNITS, activation="relu") for _ in range(DEPTH)]
        model = keras.Sequential([keras.Input((1,)), *hidden, keras.layers.Dense(1, activation="relu")])
        model.compile(keras.optimizers.RMSprop(), "mse")
        model.fit(x[:EXAMPLES], np.abs(x[:EXAMPLES]), batch_size=BATCH, epochs=1, verbose=0)
        np.ptp(model.predict(x[EXAMPLES:], batch_size=750, verbose=0))


if __name__ == "__main__":
    main()

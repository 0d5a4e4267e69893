"""Initial weights and the order of examples from `.npz` files, in place of those that a seed would draw."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from shoal.data.files.npz import DAMAGED, read_member
from shoal.errors import DataError, NetworkError, StudyError
from shoal.files import UnsafeFileError, open_regular, sha256
from shoal.network import Network, given_parameters
from shoal.training.batches import Batches

Weights = dict[str, dict[str, np.ndarray]]


@dataclass(frozen=True, eq=False)
class InitialArrays:
    """What is handed to every member: weights by layer, and the examples of each step's batch (steps, batch).

    `files` holds the SHA-256 of each file that was read, by the setting that names it.
    """

    weights: Weights | None = None
    order: np.ndarray | None = None
    files: dict[str, str] = field(default_factory=dict)

    def batches(self, n: int, batch_norm: bool) -> Batches:
        """The batches of an order: all of its width. An epoch is as many as n examples fill."""
        assert self.order is not None
        size = self.order.shape[1]
        if batch_norm and size == 1:
            raise StudyError(
                "training.order has batches of 1, but a batch norm needs at least two examples.",
                "Give it more columns, or leave batch norm out.",
            )
        return Batches(n, size, 0)


def read_order(path: Path, n: int) -> np.ndarray:
    """The array `order` of an `.npz` file, (steps, batch) indices below n, as int32.

    Raises StudyError for anything else.
    """
    arrays = _read(path, "training.order")
    remedy = (
        f"Save it with numpy.savez({path.name!r}, order=indices), indices (steps, batch) from 0 to {n - 1}."
    )
    if set(arrays) != {"order"}:
        names = ", ".join(arrays) or "no array"
        raise StudyError(f"training.order: {path} holds {names}; expected one array, order.", remedy)
    order = arrays["order"]
    if order.dtype.kind not in "iu" or order.ndim != 2 or not order.size:
        came = f"{order.dtype} of shape {order.shape}"
        raise StudyError(f"training.order: {path} holds {came}; expected integers (steps, batch).", remedy)
    outside = np.argwhere((order < 0) | (order >= n))
    if len(outside):
        step, place = outside[0]
        what = f"the index {order[step, place]} at step {step}, place {place}"
        raise StudyError(
            f"training.order: {path} has {what} (and {len(outside) - 1} more such); "
            f"there are {n} training examples.",
            remedy,
        )
    return order.astype(np.int32)


def read_weights(path: Path, network: Network) -> Weights:
    """The parameters of a network from the arrays of an `.npz` file, "affine_1.W" and so on.

    Raises NetworkError that lists each one that does not fit, StudyError for a file that cannot be read.
    """
    try:
        return given_parameters(network, _read(path, "network.weights"))
    except NetworkError as error:
        raise NetworkError(f"network.weights: {path}: {error.what}", error.remedy) from None


def read_initial_arrays(settings: Any, network: Network, n: int, folder: Path | None) -> InitialArrays:
    """What the settings of a cell hand in, relative to the folder of the study file."""
    base = folder or Path.cwd()
    weights, order, files = None, None, {}
    if settings.network.weights is not None:
        path = base / settings.network.weights
        weights = read_weights(path, network)
        files["network.weights"] = sha256(path)
    if settings.training.order is not None:
        path = base / settings.training.order
        order = read_order(path, n)
        files["training.order"] = sha256(path)
    return InitialArrays(weights, order, files)


def require_differing_seeds(given: InitialArrays, network: Network, seeds: int, drawn: bool) -> None:
    """Raise StudyError where weights and order are given and nothing is left in which seeds could differ."""
    random = drawn or any(layer.draws for layer in network.layers)
    if seeds > 1 and given.weights is not None and given.order is not None and not random:
        raise StudyError(
            f"{seeds} seeds would train the same network: its weights and its order are both given.",
            "Write seed = 1 under [vary], or give only one of network.weights and training.order.",
        )


def _read(path: Path, setting: str) -> dict[str, np.ndarray]:
    """All arrays of an `.npz` file. Pickled ones are refused: they could run code."""
    remedy = f"Give {setting} the path of a file that numpy.savez wrote, from the study file's folder."
    try:
        with open_regular(path) as file:
            if file.read(6) == b"\x93NUMPY":
                raise StudyError(f"{setting}: {path} holds a single array; expected an .npz file.", remedy)
            with zipfile.ZipFile(file) as archive:
                members = [name for name in archive.namelist() if name.endswith(".npy")]
                return {name.removesuffix(".npy"): read_member(path, archive, name) for name in members}
    except DataError as error:
        raise StudyError(f"{setting}: {error.what}", error.remedy) from None
    except FileNotFoundError:
        raise StudyError(f"{setting}: {path} does not exist.", remedy) from None
    except UnsafeFileError as error:
        raise StudyError(f"{setting}: {error.what}", remedy) from None
    except OSError as error:
        raise StudyError(f"{setting}: {path} cannot be read: {error.strerror or error}.", remedy) from None
    except DAMAGED:
        raise StudyError(f"{setting}: {path} is no .npz file of plain arrays.", remedy) from None

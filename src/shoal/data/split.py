"""Splitting a data set into training, validation and test parts."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral, Real

import numpy as np

from shoal.data.dataset import Dataset, Part
from shoal.errors import DataError

Share = int | float | None
_TEST_SHARE = 0.2  # held out of a data set that has no test part of its own


@dataclass(frozen=True, eq=False)
class Splits:
    """Disjoint parts; validation and test are None where nothing was asked for."""

    train: Part
    validation: Part | None
    test: Part | None


def split(
    dataset: Dataset,
    *,
    train: Share = None,
    validation: Share = 0.1,
    test: Share = None,
    seed: int = 0,
    stratify: bool = False,
) -> Splits:
    """Deal the training examples of a data set into parts, in an order drawn from `seed`.

    A share is a count (an integer, 0 for none) or a fraction strictly between 0 and 1. Of the
    published training part, first the test examples are drawn (only if the publisher made no test
    part; 0.2 unless said), then the validation examples, then the training ones (all that are left
    unless said). So another `train` leaves validation and test untouched, and without `stratify` a
    smaller one is a subset of a larger. A publisher's test part is used whole, or as much as `test` says.
    With `stratify` each part has the class proportions of what it is drawn from, to within one example.

    The order is that of 64-bit keys from PCG64, whose stream NumPy keeps for good.
    Raises `DataError` for a share that makes no sense or asks for more examples than there are.
    """
    pool, held_out = dataset.train, dataset.test
    counts = {
        "test": _count("test", _TEST_SHARE if test is None else test, len(pool)) if held_out is None else 0,
        "validation": _count("validation", validation, len(pool)),
    }
    left = len(pool) - sum(counts.values())
    counts["train"] = max(left, 1) if train is None else _count("train", train, len(pool))
    if counts["train"] == 0:
        raise DataError("train = 0 leaves nothing to train on", "ask for one training example or more")
    if sum(counts.values()) > len(pool):
        asked = " + ".join(f"{name} {n}" for name, n in counts.items() if n)
        raise DataError(
            f"{dataset.name}: {asked} examples were asked for, there are {len(pool)}",
            "make the parts smaller: " + ", ".join(f"data.{name}" for name, n in counts.items() if n),
        )
    order, parts = _shuffled(len(pool), seed), {}
    for name, count in counts.items():
        chosen, order = _draw(order, pool.labels, count, stratify)
        parts[name] = pool.take(chosen) if count else None
    if held_out is not None:
        parts["test"] = _some_of(held_out, test, seed, stratify)
    return Splits(**parts)


def _some_of(part: Part, share: Share, seed: int, stratify: bool) -> Part | None:
    if share is None:
        return part
    count = _count("test", share, len(part))
    if count > len(part):
        raise DataError(
            f"{count} test examples were asked for, there are {len(part)}", "make data.test smaller"
        )
    chosen, _ = _draw(_shuffled(len(part), seed), part.labels, count, stratify)
    return part.take(chosen) if count else None


def _count(name: str, share: Share, total: int) -> int:
    """The number of examples that a share of `total` means."""
    remedy = f"give data.{name} a count (300) or a fraction between 0 and 1 (0.1); 0 for none"
    if share is None:
        return 0
    if isinstance(share, bool) or not isinstance(share, Real):
        raise DataError(f"{name} = {share!r} is not a number", remedy)
    if isinstance(share, Integral):
        if share < 0:
            raise DataError(f"{name} = {share} is negative", remedy)
        return int(share)
    if not 0 < share < 1:
        raise DataError(f"{name} = {share} is not a fraction strictly between 0 and 1", remedy)
    count = round(float(share) * total)
    if count == 0:
        raise DataError(f"{name} = {share} of {total} examples is less than one example", remedy)
    return count


def _shuffled(n: int, seed: int) -> np.ndarray:
    if isinstance(seed, bool) or not isinstance(seed, Integral) or seed < 0:
        raise DataError(
            f"split seed {seed!r} is not an integer from 0 up", "give data.split_seed such a number"
        )
    return np.argsort(np.random.PCG64(int(seed)).random_raw(n), kind="stable")


def _draw(order: np.ndarray, labels: np.ndarray, count: int, stratify: bool) -> tuple[np.ndarray, np.ndarray]:
    """The first `count` of an order (with `stratify`: of each class its share), and those that are left."""
    if not stratify:
        return order[:count], order[count:]
    _, classes, sizes = np.unique(labels[order], return_inverse=True, return_counts=True)
    chosen = np.zeros(len(order), bool)
    for c, share in enumerate(_apportion(sizes, count)):
        chosen[np.flatnonzero(classes == c)[:share]] = True
    return order[chosen], order[~chosen]


def _apportion(sizes: np.ndarray, count: int) -> np.ndarray:
    """Integer shares of `count` in proportion to `sizes`, by largest remainder, none above its size."""
    shares, remainders = np.divmod(sizes * count, max(int(sizes.sum()), 1))
    shares[np.argsort(-remainders, kind="stable")[: count - int(shares.sum())]] += 1
    return shares

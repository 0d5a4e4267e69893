"""Arrays in someone's nested structure of dicts and lists: put together from paths, taken apart again."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

Key: TypeAlias = str | int
Path: TypeAlias = tuple[Key, ...]
PREFIXES = ("", "d", "d_", "grad_")  # of the names in a dict of gradients: W1, dW1, d_W1, grad_W1


def assembled(arrays: Mapping[Path, Any]) -> Any:
    """A structure with each array at its path: dicts where keys are words, lists where they are numbers."""
    if () in arrays:
        return arrays[()]
    below = {key: assembled(inner) for key, inner in _by_head(arrays).items()}
    if all(isinstance(key, int) for key in below):
        return [below[key] for key in sorted(below)]
    return below


def found_at(
    value: Any, shapes: Mapping[Path, tuple[int, ...]], words: Mapping[Path, str]
) -> tuple[dict[Path, np.ndarray], list[str]]:
    """The array at each path of `shapes`, and what is wrong, in sentences that call it by `words`."""
    found: dict[Path, np.ndarray] = {}
    problems: list[str] = []
    _walk(value, shapes, words, "gradients", found, problems, ())
    return found, problems


def _walk(
    value: Any,
    shapes: Mapping[Path, Any],
    words: Mapping[Path, str],
    where: str,
    found: dict[Path, np.ndarray],
    problems: list[str],
    path: Path,
) -> None:
    if () in shapes:
        array = as_array(value, shapes[()], words[path], problems)
        if array is not None:
            found[path] = array
        return
    heads = _by_head(shapes)
    items = _items(value, list(heads), where, problems)
    for key, item in items.items():
        _walk(item, heads[key], words, f"{where}[{key!r}]", found, problems, (*path, key))


def _items(value: Any, keys: list[Key], where: str, problems: list[str]) -> dict[Key, Any]:
    """The entries of a dict or list that are known, by key."""
    if isinstance(keys[0], int):
        if not isinstance(value, Sequence) or isinstance(value, str):
            problems.append(f"{where}: {_described(value)} came; expected a list of {len(keys)}")
            return {}
        if len(value) != len(keys):
            problems.append(f"{where}: a list of {len(value)} came; expected {len(keys)}")
            return {}
        return dict(zip(keys, value, strict=True))
    if not isinstance(value, Mapping):
        listed = ", ".join(map(str, keys))
        problems.append(f"{where}: {_described(value)} came; expected a dict with the keys {listed}")
        return {}
    shown = max(PREFIXES, key=lambda prefix: sum(f"{prefix}{key}" in value for key in keys))
    known = {f"{shown}{key}": key for key in keys}
    for name in known:
        if name not in value:
            others = [str(other) for other in value if other not in known]
            problems.append(f"{where}[{name!r}] is missing{_near(name, others)}")
    for name in value:
        if name not in known:
            problems.append(f"{where}[{name!r}] is no parameter of the network")
    return {key: value[name] for name, key in known.items() if name in value}


def as_array(value: Any, shape: tuple[int, ...], word: str, problems: list[str]) -> np.ndarray | None:
    """A gradient as an array of floats of `shape`, or None and one more problem."""
    if value is None:
        problems.append(f"{word}: None came; expected an array of shape {shape}")
        return None
    try:
        array = np.asarray(value)
    except ValueError:  # lists of unequal length
        problems.append(f"{word}: a {type(value).__name__} that is no array came; expected shape {shape}")
        return None
    if array.dtype.kind not in "fiu" or (array.dtype.kind in "iu" and np.any(array)):
        problems.append(_about_kind(array, word))
    elif array.shape != shape:
        problems.append(f"{word}: shape {array.shape} came; expected {shape}{_hint(array.shape, shape)}")
    else:
        return array if array.dtype.kind == "f" else array.astype(np.float64)
    return None


def _about_kind(array: np.ndarray, word: str) -> str:
    if array.dtype.kind in "iu":
        return (
            f"{word}: whole numbers ({array.dtype}) came; a gradient is floats (was its array made of ints?)"
        )
    return f"{word}: {array.dtype} came; expected floats"


def _hint(came: tuple[int, ...], expected: tuple[int, ...]) -> str:
    if came == expected[::-1]:
        return ": its transpose would fit"
    squeezed = tuple(size for size in came if size != 1)
    if squeezed == tuple(size for size in expected if size != 1):
        return ": the same numbers in another shape, see `biases` in [submission]"
    if len(came) == len(expected) + 1 and came[1:] == expected:
        return ": one for each example came; sum over the examples"
    return ""


def _described(value: Any) -> str:
    if value is None:
        return "None (is a `return` missing?)"
    if isinstance(value, tuple):
        return f"a tuple of {', '.join(type(v).__name__ for v in value)} (return the gradients alone)"
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    return f"a {type(value).__name__}"


def _near(name: str, names: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    return f" ({close[0]!r} came)" if close else ""


def _by_head(arrays: Mapping[Path, Any]) -> dict[Key, dict[Path, Any]]:
    heads: dict[Key, dict[Path, Any]] = {}
    for path, value in arrays.items():
        heads.setdefault(path[0], {})[path[1:]] = value
    return heads

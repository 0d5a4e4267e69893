"""Arrays and a header as the bytes of one safetensors file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np


def to_bytes(arrays: Mapping[str, np.ndarray], header: Mapping[str, Any]) -> bytes:
    """The file: `arrays` by name, and `header`, plain values, as JSON in its metadata."""
    from safetensors.numpy import save

    # not ascontiguousarray, which gives an array of no dimension one
    whole = {name: np.asarray(value, order="C") for name, value in arrays.items()}
    return save(whole, metadata={"shoal": json.dumps(header)})


def from_bytes(content: bytes) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The arrays and the header of `to_bytes`, to the last bit."""
    from safetensors.numpy import load

    size = int.from_bytes(content[:8], "little")
    header = json.loads(json.loads(content[8 : 8 + size])["__metadata__"]["shoal"])
    return load(content), header


def read_arrays(file: BinaryIO, path: Path, prefix: str = "") -> dict[str, np.ndarray]:
    """The arrays of an open safetensors file whose name begins with `prefix`."""
    from safetensors.numpy import load

    del path
    return {name: value for name, value in load(file.read()).items() if name.startswith(prefix)}

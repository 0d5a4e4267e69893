"""For tests: gradients that are right, or a failure whose message is the diagnosis."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from shoal.network import Network

from .diagnose import diagnose


def assert_correct(
    network: Network,
    l2: float,
    parameters: Mapping[str, Mapping[str, Any]],
    x: Any,
    y: Any,
    gradients: Mapping[str, Mapping[str, Any]] | Callable[..., Any],
    **options: Any,
) -> None:
    """Raise AssertionError, with the diagnosis for a message, where `diagnose` finds gradients wrong.

    The arguments are those of `diagnose`.
    """
    __tracebackhide__ = True  # pytest then shows the caller's line
    diagnosis = diagnose(network, l2, parameters, x, y, gradients, **options)
    if not diagnosis.ok:
        raise AssertionError(f"\n{diagnosis}")

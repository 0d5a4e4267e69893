"""Which strategy a study's `[search]` names."""

from __future__ import annotations

from typing import Any

from shoal.study.search.draws import DrawStrategy, sobol, uniform
from shoal.study.search.strategy import Strategy
from shoal.study.search.zoom import ZoomStrategy
from shoal.study.spec.search import Draws, Zoom


def strategy_of(settings: Any, resolution: float = 0.0) -> Strategy:
    """The strategy of these settings, before its first round. `resolution` is the step between scores."""
    if isinstance(settings, Zoom):
        return ZoomStrategy(settings, resolution)
    if isinstance(settings, Draws):
        return DrawStrategy(settings, sobol if settings.strategy == "sobol" else uniform)
    raise TypeError(f"no strategy for {type(settings).__name__}")

"""Mistakes in dropout's backward: y = x / keep where kept, else 0, with keep = 1 - rate."""

from __future__ import annotations

import numpy as np

from shoal.doctor.layer_at_point import LayerAtPoint
from shoal.doctor.mistake import Mistake, Way, always, page


def plant(
    site: LayerAtPoint, dy: np.ndarray, *, mask: bool = True, scale: float = 1.0
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """dx = dy / keep^`scale` where kept (everywhere without the `mask`)."""
    kept = np.where(site.saved, 1.0, 0.0) if mask else np.ones_like(dy)
    return dy * kept / (1 - site.layer.rate) ** scale, {}  # type: ignore[attr-defined]


NOT_DRAWN = Mistake(
    "dropout-not-applied",
    "dropout",
    "dropout switched off",
    "the dropout switched off in the forward pass as well",
    "y = x / keep where kept, else 0   <- in training; y = x is for evaluation",
    "Run the forward pass in training mode.",
    page("dropout", "dropout-not-applied"),
)
_RIGHT = "dx = dy / keep where kept, else 0"
MISTAKES = (
    Mistake(
        "dropout-mask-missing",
        "dropout",
        "dropout's mask missing backward",
        "the dropout's mask not applied on the way back",
        f"{_RIGHT}   <- the forward pass's own mask",
        "Keep the mask of the forward pass and apply it to dy.",
        page("dropout", "dropout-mask-missing"),
        always(
            Way({"mask": False, "scale": 0.0}, ("dx",), "nor the scale"),
            Way({"mask": False}, ("dx",), "the scale applied"),
        ),
    ),
    Mistake(
        "dropout-scale-missing",
        "dropout",
        "dropout's scale missing backward",
        "the factor 1/keep of the dropout left out on the way back",
        f"{_RIGHT}   <- 1/keep is missing",
        "Divide dy by keep as the forward pass divides x.",
        page("dropout", "dropout-scale-missing"),
        always(
            Way({"scale": 0.0}, ("dx",)),
            Way({"scale": 2.0}, ("dx",), "applied twice", rank=3),
            Way({"scale": -1.0}, ("dx",), "multiplied by keep", rank=3),
        ),
    ),
)

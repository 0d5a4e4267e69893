"""The backward of average and max pooling with what can be spoilt in it."""

from __future__ import annotations

import numpy as np

from shoal.doctor.catalogue.convolution import Shift, cells, fold
from shoal.doctor.layer_at_point import LayerAtPoint
from shoal.doctor.mistake import Mistake, Way, always, page


def plant_average(
    site: LayerAtPoint, dy: np.ndarray, *, share: str = "1/count", shift: Shift = (0, 0), stride: bool = True
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """dx of average pooling: every cell of a window gets the `share` "1/count", "1", or that of a whole
    window though some of its cells are padding ("1/window")."""
    axes = site.layer.windows.over(site.x.shape[1:])  # type: ignore[attr-defined]
    count = np.multiply.outer(*(np.asarray(axis.real, dtype=np.float64) for axis in axes))[:, :, None]
    window = axes[0].window * axes[1].window
    given = dy / {"1/count": count, "1": 1.0, "1/window": window}[share]
    return fold([given] * window, axes, shift=shift, stride=stride), {}


def plant_global(
    site: LayerAtPoint, dy: np.ndarray, *, share: str = "1/count"
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """dx of global average pooling."""
    _, rows, columns, _ = site.x.shape
    given = dy / (rows * columns if share == "1/count" else 1.0)
    return np.broadcast_to(given[:, None, None, :], site.x.shape).copy(), {}


def plant_max(
    site: LayerAtPoint, dy: np.ndarray, *, to: str = "first", shift: Shift = (0, 0), stride: bool = True
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """dx of max pooling: dy goes `to` the "first" of the largest cells, to the "last", to "all" of them, is
    "shared" by them, or goes to the whole "window", or a share of it ("average")."""
    axes = site.layer.windows.over(site.x.shape[1:])  # type: ignore[attr-defined]
    seen = np.stack(list(cells(site.x, axes, value=-np.inf)))
    largest = (seen == seen.max(axis=0)).astype(np.float64)
    if to in ("first", "last"):
        order = largest if to == "first" else largest[::-1]
        alone = np.cumsum(order, axis=0) == 1
        largest = order * alone
        largest = largest if to == "first" else largest[::-1]
    elif to == "shared":
        largest = largest / largest.sum(axis=0)
    elif to in ("window", "average"):
        largest = np.ones_like(largest) / (len(largest) if to == "average" else 1.0)
    return fold(list(largest * dy), axes, shift=shift, stride=stride), {}


def _strided(site: LayerAtPoint) -> tuple[Way, ...]:
    windows = site.layer.windows  # type: ignore[attr-defined]
    return (Way({"stride": False}, ("dx",)),) if max(windows.stride) > 1 else ()


def _entry(
    kind: str, name: str, title: str, sentence: str, equation: str, remedy: str, *ways: Way
) -> Mistake:
    return Mistake(name, kind, title, sentence, equation, remedy, page("pooling", name), always(*ways))


def _shared(kind: str) -> tuple[Mistake, ...]:
    right = "window i covers the cells i stride, ..., i stride + window - 1"
    return (
        Mistake(
            "pool-stride-ignored",
            kind,
            "stride ignored",
            "the pooling's windows taken side by side, one cell apart, on the way back",
            f"{right}   <- the stride is missing",
            "Add dy to the cells that the window saw in the forward pass.",
            page("pooling", "pool-stride-ignored"),
            _strided,
        ),
        _entry(
            kind,
            "pool-padding-off-by-one",
            "padding off by one",
            "the pooling's padding cut off one cell beside its place",
            f"{right}, counted in the padded image   <- one off",
            "Cut off as many cells as the forward pass put in front.",
            *(Way({"shift": (d, d)}, ("dx",)) for d in (1, -1)),
        ),
    )


AVERAGE = (
    _entry(
        "average_pool",
        "pool-share-missing",
        "1/k^2 missing",
        "each cell of a window handed all of dy in place of its share",
        "dx = dy / (cells in the window)   <- the division is missing",
        "Divide by the number of cells that the mean was taken over.",
        Way({"share": "1"}, ("dx",)),
    ),
    *_shared("average_pool"),
)
GLOBAL = (
    _entry(
        "global_average_pool",
        "pool-share-missing",
        "1/(I J) missing",
        "each cell of the image handed all of dy in place of its share",
        "dx = dy / (I J)   <- the division is missing",
        "Divide by the number of cells that the mean was taken over.",
        Way({"share": "1"}, ("dx",)),
    ),
)
MAX = (
    _entry(
        "max_pool",
        "max-pool-everywhere",
        "dy handed to the whole window",
        "dy handed to every cell of a window, not to its largest alone",
        "dx = dy at the largest cell, else 0   <- the zeros are missing",
        "Keep which cell was the largest in the forward pass.",
        Way({"to": "window"}, ("dx",)),
        Way({"to": "average"}, ("dx",), "as in average pooling"),
    ),
    *_shared("max_pool"),
    _entry(
        "max_pool",
        "max-pool-ties",
        "equal cells all get dy",
        "all of dy handed to each of several cells that are equally large",
        "dx = dy at the largest cell   <- at one of them, or in shares that add up to dy",
        "Choose one of them (argmax does), or divide by their number.",
        Way({"to": "all"}, ("dx",)),
    ),
    Mistake(
        "max-pool-tie-choice",
        "max_pool",
        "another choice among equal cells",
        "another choice where several cells are equally large",
        "dx = dy at the largest cell   <- among equal ones there is no derivative: any shares will do",
        "Nothing to mend: both are right. To compare with other code, use its choice.",
        page("pooling", "max-pool-tie-choice"),
        always(
            Way({"to": "last"}, ("dx",), "the last one"), Way({"to": "shared"}, ("dx",), "in equal shares")
        ),
        rank=1,
        harmless=True,
    ),
)

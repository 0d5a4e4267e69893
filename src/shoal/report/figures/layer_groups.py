"""What goes on inside the layers, where `[record] health` measured it; a group without drawings elsewhere."""

from __future__ import annotations

from dataclasses import replace

from shoal.report.figures.layer_lines import MEASURES, draw_layer_lines
from shoal.report.figures.layers import cells_caption, chosen_cells
from shoal.report.figures.violins import draw_violins
from shoal.report.summary import Summary
from shoal.report.svg import Group

VIOLINS = (
    "Violins are drawn through stored quantiles, from the first to the last, means over seeds; bars hold the "
    "middle half, ticks the median. Each is as wide as its own densest part. "
    "Axes differ where cells do by more than a factor of five; ±: how far a layer reaches at the last step."
)
BATCH_NORM = {
    "gamma_quantile": "gamma",
    "beta_quantile": "beta",
    "running_mean_quantile": "running mean",
    "running_variance_quantile": "running variance",
}


def layer_groups(summary: Summary) -> list[Group]:
    """All of them, in reading order."""
    drawn = (_lines, layer_gradients, _outputs, batch_norms)
    return [group for draw in drawn for group in draw(summary)]


def layer_gradients(summary: Summary) -> list[Group]:
    """Violins of the weight gradients of every layer."""
    drawn = tuple(draw_violins(summary, "gradient_quantile", "weight gradients (nat)", "violin-gradients"))
    return [Group("layer-gradients", "Weight gradients by layer", drawn, caption=_caption(summary, VIOLINS))]


def batch_norms(summary: Summary) -> list[Group]:
    """Violins of what every batch norm has learned and of its running statistics."""
    drawn = tuple(
        replace(drawn, title=f"{label}: {drawn.title}")
        for variable, label in BATCH_NORM.items()
        for drawn in draw_violins(summary, variable, label, f"violin-{variable.removesuffix('_quantile')}", 2)
    )
    caption = _caption(summary, VIOLINS)
    return [Group("batch-norm", "Batch norm by layer", drawn, caption=caption, folded=True)]


def _lines(summary: Summary) -> list[Group]:
    over = f"Lines are means over {summary.seeds} seeds, bands 95 % intervals." if summary.seeds > 1 else ""
    lines = tuple(d for m in MEASURES for d in draw_layer_lines(summary, m, m.variable.replace("_", "-")))
    return [Group("layers", "Layers over steps", lines, caption=_caption(summary, over), folded=True)]


def _outputs(summary: Summary) -> list[Group]:
    drawn = tuple(draw_violins(summary, "activation_quantile", "outputs", "violin-activations"))
    caption = _caption(summary, VIOLINS)
    return [Group("layer-outputs", "Activations by layer", drawn, caption=caption, folded=True)]


def _caption(summary: Summary, words: str) -> str:
    return f"{cells_caption(summary, chosen_cells(summary))} {words}".strip()

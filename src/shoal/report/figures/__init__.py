"""Every figure of the report, one kind a file; `draw_figures` puts them in order."""

from __future__ import annotations

from itertools import combinations

from shoal.analysis.averages import pair_means
from shoal.analysis.factors import Factor
from shoal.report.figures.confusion import draw_confusion
from shoal.report.figures.factor import draw_factor, draw_factor_loss, factor_caption
from shoal.report.figures.images import draw_features, draw_mistakes, features_caption
from shoal.report.figures.layer_groups import batch_norms, layer_gradients, layer_groups
from shoal.report.figures.learning_curves import choose, curve_caption, curve_keys, draw_curves, has_cost
from shoal.report.figures.pairs import as_lines, draw_heat_map, draw_interaction, pair_caption
from shoal.report.figures.rates import draw_rate_and_loss
from shoal.report.figures.variance import draw_variance
from shoal.report.style import drawing
from shoal.report.summary import Summary
from shoal.report.svg import Drawing, Group

MOST_OPEN_PAIRS = 6


def draw_figures(summary: Summary) -> list[Group]:
    """All groups that the result has something for, in reading order."""
    if summary.members[0] == 0:
        return []
    with drawing():
        groups = [
            *_curves(summary),
            *_factors(summary),
            *_pairs(summary),
            *_confusion(summary),
            *_mistakes(summary),
            *_schedule(summary),
            *_variance(summary),
            *_features(summary),
            *layer_groups(summary),
        ]
    return [group for group in groups if group.drawings]


def draw_group(summary: Summary, name: str) -> Group | None:
    """One group of figures alone, or None where the result has nothing for it. Raises KeyError for a name
    that is none of curves, factors, factor-losses, features, variance, layer-gradients, batch-norm.
    """
    draw = {
        "curves": _curves,
        "factors": _factors,
        "factor-losses": lambda summary: [_losses(summary)],
        "features": _features,
        "variance": _variance,
        "layer-gradients": layer_gradients,
        "batch-norm": batch_norms,
    }[name]
    if summary.members[0] == 0:
        return None
    with drawing():
        found = [group for group in draw(summary) if group.name == name and group.drawings]
    return found[0] if found else None


def _curves(summary: Summary) -> list[Group]:
    chosen = choose(summary)
    keys, caption = curve_keys(summary, chosen), curve_caption(summary, chosen)
    accuracy = draw_curves(summary, "accuracy", chosen, "accuracy")
    loss = draw_curves(summary, "loss", chosen, "loss")
    groups = [Group("curves", "Learning curves", (*accuracy, *loss), keys, caption)]
    if has_cost(summary):
        cost = draw_curves(summary, "cost", chosen, "cost")
        groups.append(Group("cost", "Cost (loss and L2 penalty)", tuple(cost), keys, caption, folded=True))
    return groups


def _factors(summary: Summary) -> list[Group]:
    drawings = [draw_factor(summary, effect, f"factor-{i}") for i, effect in enumerate(summary.effects)]
    heading = drawings[0].title if len(drawings) == 1 else "Each factor"
    caption = factor_caption(summary)
    return [Group("factors", heading, tuple(drawings), caption=caption), _losses(summary)]


def _losses(summary: Summary) -> Group:
    tried = (draw_factor_loss(summary, e.factor, f"factor-loss-{i}") for i, e in enumerate(summary.effects))
    drawn = tuple(drawing for drawing in tried if drawing is not None)
    heading = drawn[0].title if len(drawn) == 1 else "Final loss against each factor"
    caption = f"Means with 95 % intervals over {summary.seeds} seeds." if summary.seeds > 1 else ""
    return Group("factor-losses", heading, drawn, caption=caption)


def _pairs(summary: Summary) -> list[Group]:
    varied = [factor for factor in summary.factors if len(factor.levels) > 1]
    drawn = [_pair(summary, *pair, f"pair-{i}") for i, pair in enumerate(combinations(varied, 2))]
    heading = drawn[0].title if len(drawn) == 1 else "Pairs of factors"
    caption = pair_caption(summary)
    groups = [Group("pairs", heading, tuple(drawn[:MOST_OPEN_PAIRS]), caption=caption)]
    more = tuple(drawn[MOST_OPEN_PAIRS:])
    return [
        *groups,
        Group("more-pairs", f"{len(more)} more pairs of factors", more, caption=caption, folded=True),
    ]


def _pair(summary: Summary, first: Factor, second: Factor, name: str) -> Drawing:
    lines = as_lines(first, second)
    if lines is None:
        return draw_heat_map(summary, pair_means(summary.dataset, first, second), name)
    return draw_interaction(summary, pair_means(summary.dataset, *lines), name)


def _confusion(summary: Summary) -> list[Group]:
    drawn = draw_confusion(summary, "confusion")
    return [] if drawn is None else [Group("confusion", "Confusion matrix", (drawn,))]


def _schedule(summary: Summary) -> list[Group]:
    drawn = draw_rate_and_loss(summary, "schedule")
    return [] if drawn is None else [Group("schedule", drawn.title, (drawn,))]


def _mistakes(summary: Summary) -> list[Group]:
    drawn = draw_mistakes(summary, "mistakes")
    return [] if drawn is None else [Group("mistakes", drawn.title, (drawn,))]


def _features(summary: Summary) -> list[Group]:
    drawn = tuple(draw_features(summary))
    return [Group("features", "Learned features", drawn, caption=features_caption(summary))]


def _variance(summary: Summary) -> list[Group]:
    drawn = draw_variance(summary, "variance")
    return [] if drawn is None else [Group("variance", "Principal components", (drawn,))]

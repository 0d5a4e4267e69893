"""The course of a search: its rounds, its trials in order, its rungs, its plane of two factors."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from shoal.analysis.search import SearchPath
from shoal.report.figures.search_scores import bars, labelled, score_text, set_factor_axis, set_score_axis
from shoal.report.numbers import clean, levels_as_text
from shoal.report.style import FAINT, INK, MARKERS, MUTED, PALETTE, PANEL, SEQUENTIAL, colour, panel, panels
from shoal.report.svg import Drawing, Key, to_drawing

ROW = 1.35  # inches of one round


def draw_rounds(path: SearchPath, name: str) -> Drawing:
    """One row a round: means with intervals, the best marked, the next round's range shaded."""
    (factor,) = path.factors
    values, rounds = path.values(factor), path.rounds
    figure, rows = panels(rounds, PANEL[0], 0.75 + ROW * rounds)
    texts, cuts = [], set()
    for index, axes in enumerate(rows):
        own = [trial for trial in path.trials if trial.round == index]
        before = [trial for trial in path.trials if trial.round < index]
        _range(axes, path, index)
        if before:
            axes.plot(
                [values[t.at] for t in before], [t.score.mean for t in before], ".", color=FAINT, zorder=1
            )
        mean, errors, low, high = bars(own)
        at = np.array([values[trial.at] for trial in own], float)
        axes.errorbar(
            at, mean, yerr=errors, color=PALETTE[0], marker="o", markersize=4.5, capsize=2.5, ls="none"
        )
        if path.best.round <= index:
            axes.plot(
                *(values[path.best.at], path.best.score.mean, "*"),
                color=PALETTE[1],
                markersize=13,
                zorder=4,
                clip_on=False,
            )
        set_factor_axis(axes, factor)
        cuts.add(set_score_axis(axes, path, mean, [low, high]))
        axes.set_ylabel("")
        axes.set_title(f"round {index + 1}", loc="left", fontsize=9)
        if index + 1 < rounds:
            axes.set_xlabel("")
        texts += [
            f"round {index + 1}, {text}: {score_text(path, trial.score)}"
            for text, trial in zip(levels_as_text(at.tolist()), own, strict=True)
        ]
    figure.supylabel(labelled(path), fontsize=9)
    caption = (
        f"Means with 95 % intervals over {path.dataset.sizes['seed']} seeds, each round on its own scale of "
        f"scores. Star: the best of all. Shaded: where the next round looked, or would have. Grey dots: "
        f"earlier rounds. {' '.join(sorted(cuts))}"
    )
    return to_drawing(figure, name, "Rounds", "; ".join(texts), caption.strip())


def _range(axes: Axes, path: SearchPath, index: int) -> None:
    ranges = path.settings["rounds_run"][index]["ranges"]
    for low, high in ranges.values():
        axes.axvspan(low, high, color=PALETTE[5], alpha=0.18, linewidth=0, zorder=0)


def draw_order(path: SearchPath, name: str) -> Drawing:
    """Scores by trial, a colour a round, with a stepped line of the best so far."""
    figure, axes = panel()
    means, sign = path.means, 1.0 if path.higher_is_better else -1.0
    best = sign * np.fmax.accumulate(np.where(np.isnan(means), -np.inf, sign * means))
    numbers = np.array([t.number for t in path.trials])
    best = np.where(np.isfinite(best), best, np.nan)
    for index in range(path.rounds):
        own = [t.at for t in path.trials if t.round == index]
        if index:
            axes.axvline(numbers[own[0]] - 0.5, color=FAINT, linewidth=0.8) if own else None
        marker = MARKERS[index % len(MARKERS)]
        axes.plot(numbers[own], means[own], marker, color=colour(index), markersize=4.5, alpha=0.85)
    axes.step(numbers, best, where="post", color=PALETTE[1], linewidth=1.4, zorder=3)
    axes.set_xlabel("trial, in order")
    set_score_axis(axes, path, means)
    said = "; ".join(f"trial {n}: best so far {b:.4g}" for n, b in zip(numbers, best, strict=True))
    keys = (Key("best so far", PALETTE[1]),)
    caption = "Each mark a trial, its mean over seeds; lines part the rounds."
    return to_drawing(figure, name, "Trial by trial", said, caption, keys)


def draw_rungs(path: SearchPath, name: str) -> Drawing:
    """The mean score over seeds by step, each trial as far as it trained; a colour for the rung where it
    ended."""
    figure, axes = panel(PANEL[0], 1.15 * PANEL[1])
    steps = path.dataset["step"].values
    curves = path.dataset["curve"].values.mean(axis=1)
    sound = [trial for trial in path.trials if trial.status != "diverged"]
    rungs = sorted({t.rung for t in sound or path.trials})
    for trial in sorted(path.trials, key=lambda t: t.rung):
        shown = (steps <= trial.steps) & np.isfinite(curves[trial.at])
        last = trial.rung == rungs[-1]
        ink = MUTED if trial.status == "diverged" else _ink(rungs, trial.rung)
        axes.plot(steps[shown], curves[trial.at][shown], color=ink, linewidth=1.5 if last else 0.9, alpha=0.9)
        if shown.any():
            axes.plot(steps[shown][-1], curves[trial.at][shown][-1], "o", color=ink, markersize=3.5)
    for end in sorted({t.steps for t in sound})[:-1]:
        axes.axvline(end, color=FAINT, linewidth=0.9, zorder=0.5)
    axes.set_xlabel("training step")
    axes.set_xlim(left=0)
    set_score_axis(axes, path, curves[:, 1:] if curves.shape[1] > 1 else curves)
    counts = {rung: sum(t.rung == rung for t in sound) for rung in rungs}
    texts = {rung: f"rung {rung + 1}: {count} ended" for rung, count in counts.items()}
    texts[rungs[-1]] = f"to the end: {counts[rungs[-1]]}"
    keys = [Key(text, _ink(rungs, rung)) for rung, text in texts.items()]
    if diverged := len(path.trials) - len(sound):
        keys.append(Key(f"diverged: {diverged}", MUTED))
    said = "; ".join(key.text for key in keys)
    caption = "Means over seeds; a dot where a trial ended; lines mark the rungs."
    return to_drawing(figure, name, "Rungs", said, caption, tuple(keys))


def _ink(rungs: list[int], rung: int) -> str:
    """The colour of a rung; those who reach the end have the first."""
    return PALETTE[0] if rung == rungs[-1] else colour(rungs.index(rung) + 1)


def draw_plane(path: SearchPath, name: str) -> list[Drawing]:
    """The trials by round, and the trials by score."""
    x, y = (path.values(factor).astype(float) for factor in path.factors)
    labels = [clean(factor.label) for factor in path.factors]
    said = "; ".join(
        f"{labels[0]} {x[t.at]:g}, {labels[1]} {y[t.at]:g}: {score_text(path, t.score)}" for t in path.trials
    )
    where = [_by_round(path, x, y, name, said)] if path.rounds > 1 else []
    return [*where, _by_score(path, x, y, f"{name}-score", said)]


def _by_round(path: SearchPath, x: np.ndarray, y: np.ndarray, name: str, said: str) -> Drawing:
    figure, axes = panel()
    for index in range(path.rounds):
        own = [t.at for t in path.trials if t.round == index]
        marker = MARKERS[index % len(MARKERS)]
        axes.plot(x[own], y[own], marker, color=colour(index), markersize=4.5, alpha=0.85, ls="none")
        ends = list(path.settings["rounds_run"][index]["ranges"].values())
        if len(ends) == 2 and index + 1 < path.rounds:
            (left, right), (low, high) = ends
            box = Rectangle((left, low), right - left, high - low, fill=False, ls="--", ec=colour(index + 1))
            axes.add_patch(box)
    _best(axes, path, x, y)
    _axes(axes, path)
    keys = tuple(Key(f"round {i + 1}", colour(i)) for i in range(path.rounds)) if path.rounds > 1 else ()
    boxes = " Dashed: the range of the round of that colour." if path.settings["strategy"] == "zoom" else ""
    caption = f"Each mark a trial; star: the best.{boxes}"
    return to_drawing(figure, name, "Where it looked", said, caption, keys)


def _by_score(path: SearchPath, x: np.ndarray, y: np.ndarray, name: str, said: str) -> Drawing:
    figure, axes = panel(PANEL[0], PANEL[1], "constrained")
    scale = 100.0 if path.higher_is_better else 1.0
    means = scale * path.means
    known = np.isfinite(means)
    low, high = np.nanmin(means), np.nanmax(means)
    drawn = axes.scatter(
        x[known], y[known], c=means[known], cmap=SEQUENTIAL, vmin=low, vmax=high, s=34, linewidths=0
    )
    if not known.all():
        axes.plot(x[~known], y[~known], "x", color=INK, markersize=5)
    bar = figure.colorbar(drawn, ax=axes)
    bar.set_label(labelled(path))
    _best(axes, path, x, y)
    _axes(axes, path)
    caption = f"Means over {path.dataset.sizes['seed']} seeds; star: the best."
    caption += "" if known.all() else " Crosses: diverged."
    return to_drawing(figure, name, "What it found", said, caption)


def _best(axes: Axes, path: SearchPath, x: np.ndarray, y: np.ndarray) -> None:
    at = path.best.at
    axes.plot(x[at], y[at], "*", color=PALETTE[1], markeredgecolor="white", markersize=15, zorder=5)


def _axes(axes: Axes, path: SearchPath) -> None:
    for factor, which in zip(path.factors, "xy", strict=True):
        set_factor_axis(axes, factor, which)

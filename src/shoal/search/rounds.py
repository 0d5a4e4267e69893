"""A round: the points of a search as an ordinary study, run into a folder of its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from shoal.errors import RunError
from shoal.search.strategy import ACCURACY, LOSS, Metric, Point, Trial
from shoal.study.load import make_study
from shoal.study.settings.levels import level_label
from shoal.study.settings.study import Study

if TYPE_CHECKING:
    import xarray as xr


_SECONDS = ("seconds_total", "seconds_compile")
FACTOR = "point"  # what the points are called as a factor, where a search is over several


def points_study(study: Study, points: Sequence[Point], seeds: Sequence[int], weights: bool = False) -> Study:
    """The study with these points in place of its search: levels of the one factor, or named variants.

    Weights are kept as the study says where `weights`, else none are: a search trains many to be forgotten.
    """
    vary: dict[str, Any] = {"seed": list(seeds)}
    paths = list(points[0])
    if len(paths) == 1:
        vary[paths[0]] = [point[paths[0]] for point in points]
    else:
        vary[FACTOR] = dict(zip(names_of_points(points), map(dict, points), strict=True))
    raw = {**study.raw, "vary": vary}
    if not weights:
        raw["record"] = {**raw.get("record", {}), "weights": "none"}
    return make_study(raw, source="A round of this search", folder=study.folder)


def names_of_points(points: Sequence[Point]) -> list[str]:
    """Points in words, with as many digits as it takes to tell them apart: learning rate 0.676, L2 0.0033."""
    names: list[str] = []
    for digits in (3, 4, 5, 6):
        names = [", ".join(_named(path, value, digits) for path, value in p.items()) for p in points]
        if len(set(names)) == len(names):
            break
    return names


def _named(path: str, value: Any, digits: int) -> str:
    words = path.split(".", 1)[-1].replace("_", " ").replace(".", " ")
    text = f"{value:.{digits}g}" if isinstance(value, float) else level_label(value)
    return f"{'L2' if words == 'l2' else words} {text}"


def trials_of(
    study: Study, result: xr.Dataset, points: Sequence[Point], numbers: Sequence[int], round_: int
) -> list[Trial]:
    """The trials of a round's result, whose cells are its points in their order."""
    metric = metric_of(study)
    steps = tuple(int(step) for step in result["step"].values)
    curves = np.asarray(result[metric.name].transpose(..., "seed", "step").values, np.float64)
    diverged = np.asarray(result["diverged_step"].transpose(..., "seed").values)
    curves, diverged = curves.reshape(len(points), -1, len(steps)), diverged.reshape(len(points), -1)
    rungs = np.asarray(result["rung"].values).ravel() if "rung" in result else np.zeros(len(points), int)
    found = []
    for i, point in enumerate(points):
        recorded = np.flatnonzero(~np.isnan(np.asarray(result["epoch"].values).reshape(len(points), -1)[i]))
        last = int(recorded[-1])
        scores = curves[i, :, last].copy()
        if not metric.higher_is_better:
            scores[(diverged[i] >= 0) | np.isnan(scores)] = np.inf
        trial = Trial(
            *(numbers[i], round_, point, metric, np.nan_to_num(scores, nan=0.0), diverged[i]),
            *(steps[last], curves[i][:, recorded], tuple(steps[j] for j in recorded), int(rungs[i])),
        )
        found.append(trial)
    return found


def metric_of(study: Study) -> Metric:
    """Validation accuracy, or validation loss where a study has no classes."""
    return LOSS if study.base.data.is_function else ACCURACY


def fresh_seeds(seeds: Sequence[int], count: int) -> list[int]:
    """The first `count` whole numbers that are none of these seeds."""
    free = (seed for seed in range(len(seeds) + count) if seed not in set(seeds))
    return [seed for _, seed in zip(range(count), free, strict=False)]


def finished_result(folder: Path, study: Study) -> xr.Dataset | None:
    """The result of a round that was finished earlier and is of the same study; None where there is none.

    Raises RunError where it is not what the round comes to.
    """
    from shoal.runs.read_write import finished_run

    run = finished_run(folder)
    if run is None or run.study_text != study.text:
        return None
    if wrong := _wrong_round(run.results, study):
        raise RunError(
            f"{folder / 'results.nc'} is not the result of this round: {wrong}.",
            f"Move {folder} away: the round is then trained again.",
        )
    return run.results


def _wrong_round(result: xr.Dataset, study: Study) -> str:
    """In what a result is not that of a round's study; nothing where it is."""
    factors = tuple(factor.name for factor in study.factors)
    sizes = dict(zip((*factors, "seed"), (*study.shape, len(study.seeds)), strict=True))
    if (found := {dim: result.sizes.get(dim) for dim in sizes}) != sizes:
        return f"its sizes are {found}; expected {sizes}"
    dims = {
        metric_of(study).name: (*factors, "seed", "step"),
        "diverged_step": (*factors, "seed"),
        "epoch": (*factors, "step"),
        "step": ("step",),
        **({"rung": factors} if "rung" in result else {}),
    }
    for name, own in dims.items():
        if name not in result or {*result[name].dims} != {*own}:
            return f"{name} has no values over {', '.join(own)}"
        if result[name].dtype.kind not in ("f" if name in (metric_of(study).name, "epoch") else "iu"):
            return f"{name} is {result[name].dtype}"
    recorded = result["epoch"].notnull()
    if not result.sizes["step"] or not recorded.any("step").all():
        return "a point has no record"
    if not all(isinstance(result.attrs.get(name), (int, float, np.number)) for name in _SECONDS):
        return "it does not say how long it took"
    return ""

# ruff: noqa: E501  (whole sentences read better)
"""What `[vary]` may get wrong: levels, ranges, paths, seeds, and cells that do not fit together."""

import numpy as np
import pytest

from refused import told
from shoal.errors import StudyError
from small_studies import small_study

VARY = [
    # lists of levels
    ({"training.l2": []}, 'vary."training.l2": the list of levels is empty; give at least one level'),
    ({"training.l2": 0.1}, 'vary."training.l2": got 0.1; expected a list of levels or '
     "{ log = [first, last], count = n }"),
    ({"training.l2": [0.1, 1e-1]},
     'vary."training.l2": levels must differ in their first 6 digits; more than one reads 0.1'),
    ({"training.l2": [0.1234567, 0.1234568]},
     'vary."training.l2": levels must differ in their first 6 digits; more than one reads 0.123457'),
    ({"training.l2": {"linear": [1, 1], "count": 3}},
     'vary."training.l2": levels must differ in their first 6 digits; more than one reads 1'),
    ({"training.l2": [float("nan")]}, 'vary."training.l2", level 1 (nan): got nan; expected a finite number'),
    ({"training.l2": [0.1, -1]}, 'vary."training.l2", level 2 (-1): got -1; expected 0 or more'),
    ({"network.hidden": [[8], [8, 0]]},
     'vary."network.hidden", level 2 (8-0): entry 2: got 0; expected a number above 0'),
    ({"network.initial": ["he_normal", {"normal": -1}]},
     'vary."network.initial", level 2 (normal -1): normal: got -1; expected 0 or more'),
    ({"training.epochs": [1]}, "training: the length needs exactly one of `steps`, `epochs` and `cycles`; steps and "
     "epochs given"),
    # ranges of levels
    ({"training.l2": {"log": [0.1, 1]}}, 'vary."training.l2": count: is required and missing'),
    ({"training.l2": {"log": [0, 1], "count": 3}},
     'vary."training.l2": a log range needs two positive ends; [0.0, 1.0] came'),
    ({"training.l2": {"lgo": [0.1, 1], "count": 3}}, 'vary."training.l2": lgo: unknown key; did you mean `log`?'),
    ({"training.l2": {"log": [0.1, 1], "linear": [0, 1], "count": 3}},
     'vary."training.l2": give exactly one range: `log = [first, last]` or `linear = [first, last]`'),
    ({"training.l2": {"log": [1, 2, 3], "count": 3}}, 'vary."training.l2": log: got [1, 2, 3]; expected at most 2 '
     "entries"),
    ({"training.l2": {"log": [1], "count": 3}}, 'vary."training.l2": log, entry 2: is required and missing'),
    ({"training.l2": {"log": [1, float("inf")], "count": 3}},
     'vary."training.l2": log, entry 2: got inf; expected a finite number'),
    ({"training.l2": {"log": [1, "2"], "count": 3}}, 'vary."training.l2": log, entry 2: got \'2\'; expected a number'),
    ({"training.l2": {"log": [1, 2], "count": 0}}, 'vary."training.l2": count: got 0; expected 1 or more'),
    # paths
    ({"training.l3": [1]}, 'vary."training.l3": unknown key; known: optimizer, batch_size, steps, epochs, cycles, '
     "iterations, evaluations, learning_rate, schedule, l2, order, shared_order, precision"),
    ({"training.schedul.max": [1]}, 'vary."training.schedul.max": unknown key; did you mean `schedule`?'),
    ({"l2": [1]}, 'vary."l2": no setting of data, network or training; did you mean `training.l2`?'),
    ({"training..l2": [1]}, 'vary."training..l2": no setting of data, network or training; '
     "did you mean `training.l2`?"),
    ({"record.points": [1]}, 'vary."record.points": no setting of data, network or training; '
     "write for example `training.l2`"),
    ({"training": [1]}, 'vary."training": no setting of data, network or training; did you mean `training.l2`?'),
    ({"training.learning_rate.max": [1]}, 'vary."training.learning_rate.max": training.learning_rate is not a table in '
     "this study, so nothing below it can vary"),
    ({"network.batch_norm.decay": [0.9], "network.batch_norm": [True, False]},
     'vary."network.batch_norm": cannot vary together with network.batch_norm.decay, which lies within it; '
     "write whole tables as its levels"),
    # seeds
    *(({"seed": written}, f"vary.seed: got {shown}; expected a number of seeds (1 to 1,000,000) or a list of different "
       "seeds, each 0 or more and below 2**31")
      for written, shown in [(0, 0), (-1, -1), (True, "true"), (2.0, 2.0), ([], "[]"), ([1, 1], "[1, 1]"),
                             ([0, -1], "[0, -1]"), ([2**31], "[2147483648]"), (10**7, 10**7), ("x", "'x'")]),
]  # fmt: skip


@pytest.mark.parametrize(("vary", "sentence"), VARY, ids=lambda v: str(v)[:50])
def test_a_mistake_in_vary_names_the_factor_and_the_level(vary, sentence):
    assert told(vary=vary) == [sentence]


@pytest.mark.parametrize("vary", [3, [1], "seed"])
def test_vary_is_a_table(vary):
    assert told(vary=vary)[0].endswith("expected a table")


def test_one_path_written_twice_is_refused():
    lines = told(vary={"training.l2": [1], "training": {"l2": [2]}})
    assert lines == ['vary."training.l2": is written twice; give all its levels in one list'] * 2


def test_cells_whose_levels_do_not_fit_together_are_named():
    study = small_study(
        vary={"network.hidden": [[4], [4, 4]], "network.initial": ["he_normal", ["he_normal", "he_uniform"]]}
    )
    with pytest.raises(StudyError) as refusal:
        study.cells()
    assert str(refusal.value).split("\n  ")[1:-1] == [
        "cell (network.hidden = 4-4, network.initial = he_normal-he_uniform): "
        "network: `initial` lists 2 initializers for 3 affine maps"
    ]


def test_a_study_of_a_billion_cells_is_refused_without_counting_them_out():
    spread = {"linear": [0.1, 0.9], "count": 1000}
    lines = told(
        vary={"training.l2": spread, "training.learning_rate": spread, "network.dropout": spread, "seed": 1}
    )
    assert lines == ["vary: 1,000,000,000 members; a study has at most 1,000,000"]


def test_a_list_of_too_many_levels_is_refused():
    lines = told(vary={"training.l2": list(np.arange(100_000) / 7)})
    assert lines == ["vary.training.l2: got 100,000 entries; expected at most 10,000"]

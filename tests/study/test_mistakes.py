# ruff: noqa: E501  (whole sentences read better)
"""What a study file may get wrong, and the one sentence that each mistake is answered with."""

import time

import numpy as np
import pytest
from small_studies import raw_study, small_study

from shoal.errors import StudyError
from shoal.study.load import load_study, make_study
from shoal.study.mistakes import nearest

NOTHING_RAN = "\n  -> Nothing was run."
INITIAL = "he_normal, he_uniform, glorot_normal, glorot_uniform, lecun_normal, lecun_uniform"
PYDANTIC = (
    "Input should",
    "unable to",
    "Unable to",
    "discriminator",
    "Value error",
    "tuple",
    "dict",
    "pydantic",
)


def told(**tables) -> list[str]:
    """The mistakes that a study is refused with, one a line."""
    with pytest.raises(StudyError) as refusal:
        small_study(**tables)
    text = str(refusal.value)
    assert text.endswith(NOTHING_RAN)
    assert not any(word in text for word in PYDANTIC)
    title, *lines = text.removesuffix(NOTHING_RAN).split("\n  ")
    many = len(lines)
    assert title == ("The study has a mistake:" if many == 1 else f"The study has {many} mistakes:")
    return lines


# Each row: the table, what it says, the sentence about it.
ONE_MISTAKE = [
    # keys
    ("data", {"nam": "digits"}, "data.nam: unknown key; did you mean `name`?"),
    ("training", {"momentum": 1}, "training.momentum: unknown key; known: optimizer, batch_size, steps, epochs, "
     "cycles, iterations, evaluations, learning_rate, schedule, l2, order, shared_order, precision"),
    ("network", {"batch_norm": {"decey": 0.9}}, "network.batch_norm.decey: unknown key; did you mean `decay`?"),
    ("training", {"optimizer": {"kind": "adam", "bet1": 0}},
     "training.optimizer.bet1: unknown key; did you mean `beta1`?"),
    ("training", {"optimizer": {"kind": "momentum", "decay": 0.9}},
     "training.optimizer.decay: unknown key; known: kind, momentum"),
    # types
    ("network", {"hidden": 50}, "network.hidden: got 50; expected a list"),
    ("network", {"hidden": [50, 2.5]}, "network.hidden, entry 2: got 2.5; expected a whole number"),
    ("network", {"hidden": [True]}, "network.hidden, entry 1: got true; expected a whole number"),
    ("network", {"dropout": "0.5"}, "network.dropout: got '0.5'; expected a number"),
    ("network", {"batch_norm": "yes"}, "network.batch_norm: got 'yes'; expected true or false, or a table"),
    ("network", {"batch_norm": 1}, "network.batch_norm: got 1; expected true or false, or a table"),
    ("data", {"name": 3}, "data.name: got 3; expected a text in quotes"),
    ("data", {"stratify": 1}, "data.stratify: got 1; expected true or false"),
    ("training", {"batch_size": 10.0}, 'training.batch_size: got 10.0; expected a whole number, or "whole"'),
    ("training", {"optimizer": 3}, "training.optimizer: got 3; expected a table, or one of sgd, momentum, nesterov, "
     "rmsprop, adam, adamw, tnc, l-bfgs, cg, newton-cg"),
    ("training", {"optimizer": {"kind": "momentum", "momentum": "high"}},
     "training.optimizer.momentum: got 'high'; expected a number"),
    ("data", "digits", "data: got 'digits'; expected a table"),
    ("training", [1], "training: got [1]; expected a table"),
    ("question", 3, "question: got 3; expected a text in quotes"),
    # ranges
    ("network", {"hidden": [50, 0]}, "network.hidden, entry 2: got 0; expected a number above 0"),
    ("network", {"dropout": 1.0}, "network.dropout: got 1.0; expected a number below 1"),
    ("network", {"activation": {"leaky_relu": -1}}, "network.activation.leaky_relu: got -1; expected 0 or more"),
    ("training", {"l2": -0.5}, "training.l2: got -0.5; expected 0 or more"),
    ("training", {"l2": float("nan")}, "training.l2: got nan; expected a finite number"),
    ("training", {"l2": float("inf")}, "training.l2: got inf; expected a finite number"),
    ("training", {"l2": 10**400}, f"training.l2: got 1{'0' * 69}...; expected a number"),
    ("data", {"validation": -1}, "data.validation: got -1; expected a count (300; 0 for none) or a fraction "
     "between 0 and 1 (0.1)"),
    ("data", {"test": float("nan")}, "data.test: got nan; expected a count (300; 0 for none) or a fraction "
     "between 0 and 1 (0.1)"),
    ("record", {"points": 10**9}, "record.points: got 1000000000; expected 10000 or less"),
    # words, names and forms
    ("training", {"optimizer": "adma"}, "training.optimizer: got 'adma'; expected a table, or one of sgd, momentum, "
     "nesterov, rmsprop, adam, adamw, tnc, l-bfgs, cg, newton-cg; did you mean `adam`?"),
    ("training", {"optimizer": {"kind": "adma"}}, "training.optimizer.kind: got 'adma'; expected one of sgd, "
     "momentum, nesterov, rmsprop, adam, adamw, tnc, l-bfgs, cg, newton-cg; did you mean `adam`?"),
    ("network", {"batch_norm": {"position": "befor"}},
     "network.batch_norm.position: got 'befor'; expected one of before, after; did you mean `before`?"),
    ("network", {"activation": "rleu"},
     "network.activation: got 'rleu'; expected a table, or one of relu, leaky_relu, sigmoid, tanh; "
     "did you mean `relu`?"),
    ("network", {"activation": {"leaky_rel": 1}}, "network.activation: got { leaky_rel = 1 }; expected a table with "
     "one of the keys leaky_relu, sigmoid; did you mean `leaky_relu`?"),
    ("network", {"initial": "he_norml"},
     f"network.initial: got 'he_norml'; expected a table, or a list, or one of {INITIAL}; did you mean `he_normal`?"),
    ("network", {"initial": ["he_normal", "he_norml"]},
     f"network.initial, entry 2: got 'he_norml'; expected a table, or one of {INITIAL}; did you mean `he_normal`?"),
    ("network", {"initial": ["he_normal"]}, "network: `initial` lists 1 initializers for 2 affine maps"),
    # what goes together
    ("training", {"epochs": 3},
     "training: the length needs exactly one of `steps`, `epochs` and `cycles`; steps and epochs given"),
    ("training", {"steps": None},
     "training: the length needs exactly one of `steps`, `epochs` and `cycles`; none of them given"),
    ("training", {"learning_rate": None},
     "training: the rate needs exactly one of `learning_rate` and `schedule`; neither given"),
    ("training", {"schedule": {"kind": "exponential", "rate": 0.1, "factor": 0.9}},
     "training: the rate needs exactly one of `learning_rate` and `schedule`; both given"),
    ("training", {"steps": None, "cycles": 2},
     "training: `cycles` needs a cyclical schedule (triangular, triangular2, exp_range or cyclical)"),
    ("training", {"learning_rate": None, "schedule": {"kind": "one_cycle", "max": 0.1}},
     "training: a one_cycle schedule moves the momentum too: use the optimizer `momentum` or `nesterov`"),
    ("network", {"layers": ["relu"]}, "network: give either `hidden` or `layers`, not both"),
    ("network", {"hidden": None, "layers": ["relu"], "dropout": 0.5},
     "network: with `layers`, write dropout as layers in the list: they are not added to it"),
    ("record", {"steps": [1]}, "record: give either `points` or `steps`, not both"),
]  # fmt: skip


@pytest.mark.parametrize(("table", "written", "sentence"), ONE_MISTAKE, ids=lambda v: str(v)[:40])
def test_a_mistake_is_told_in_one_sentence(table, written, sentence):
    assert told(**{table: written}) == [sentence]


SCHEDULES = [
    ("triangular", "training.schedule: got 'triangular'; expected a table"),
    ({"kind": "trianglar", "min": 0}, "training.schedule.kind: got 'trianglar'; expected one of step_decay, "
     "exponential, triangular, triangular2, exp_range, cyclical, cosine, one_cycle; did you mean `triangular`?"),
    ({"min": 0}, "training.schedule.kind: is required and missing; known: step_decay, exponential, triangular, "
     "triangular2, exp_range, cyclical, cosine, one_cycle"),
    ({"kind": "triangular", "min": "low", "max": 1, "half_cycle": 3},
     "training.schedule.min: got 'low'; expected a number"),
    ({"kind": "triangular", "min": 0, "max": 1}, "training.schedule.half_cycle: is required and missing"),
    ({"kind": "step_decay", "rate": 1, "every": 1, "every_steps": 9},
     "training.schedule: give either `every` (epochs) or `every_steps`, not both"),
    ({"kind": "cosine", "rate": 1, "warmup": "3"}, "training.schedule.warmup: got '3'; expected a whole number"),
    ({"kind": "exp_range", "min": 0, "max": 1, "half_cycle": 3, "gamma": 1.5},
     "training.schedule.gamma: got 1.5; expected 1 or less"),
]  # fmt: skip


@pytest.mark.parametrize(("written", "sentence"), SCHEDULES, ids=lambda v: str(v)[:40])
def test_a_mistake_in_a_schedule_is_told_of_its_own_kind_alone(written, sentence):
    assert told(training={"learning_rate": None, "schedule": written}) == [sentence]


def test_each_wrong_layer_is_told_in_one_sentence_about_the_layer_it_comes_nearest_to():
    layers = [
        {"dense": 10}, "relo", {"dence": 3}, {"dense": 0}, 3,
        {"dense": 3, "initial": {"normal": -1}}, {"batch_norm": {"decay": 2.0}}, "batch_norm",
    ]  # fmt: skip
    assert told(network={"hidden": None, "layers": layers}) == [
        "network.layers, entry 2: got 'relo'; expected a table, or one of relu, leaky_relu, sigmoid, tanh, batch_norm, "
        "flatten, global_average_pool; did you mean `relu`?",
        "network.layers, entry 3: got { dence = 3 }; expected a table with one of the keys dense, conv, average_pool, "
        "max_pool, dropout, batch_norm, leaky_relu, sigmoid; did you mean `dense`?",
        "network.layers, entry 4, dense: got 0; expected a number above 0",
        "network.layers, entry 5: got 3; expected a table, or one of relu, leaky_relu, sigmoid, tanh, batch_norm, "
        "flatten, global_average_pool",
        "network.layers, entry 6, initial, normal: got -1; expected 0 or more",
        "network.layers, entry 7, batch_norm, decay: got 2.0; expected a number below 1",
    ]


def test_all_mistakes_are_listed_at_once_each_with_its_path():
    lines = told(
        recrod={"points": 3},
        data={"nam": "x"},
        network={"dropout": 3},
        training={"optimizer": "x", "l2": -1},
        vary={"seed": 0, "training.l3": [1]},
    )
    assert [line.split(":")[0] for line in lines] == [
        "recrod", "vary.seed", "data.nam", "network.dropout", "training.optimizer", "training.l2",
        'vary."training.l3"',
    ]  # fmt: skip
    assert lines[0] == "recrod: unknown table or key; did you mean `record`?"


def test_a_long_list_of_mistakes_is_cut():
    with pytest.raises(StudyError) as refusal:
        small_study(vary={"training.l2": [0.5, *(f"x{i}" for i in range(30))]})
    text = str(refusal.value)
    assert text.startswith("The study has 30 mistakes:")
    assert text.count("expected a number") == 20
    assert text.endswith(f"and 10 more{NOTHING_RAN}")


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
    began = time.monotonic()
    lines = told(
        vary={"training.l2": spread, "training.learning_rate": spread, "network.dropout": spread, "seed": 1}
    )
    assert lines == ["vary: 1,000,000,000 members; a study has at most 1,000,000"]
    assert time.monotonic() - began < 2


def test_a_list_of_too_many_levels_is_refused():
    began = time.monotonic()
    lines = told(vary={"training.l2": list(np.arange(100_000) / 7)})
    assert lines == ['vary."training.l2": 100,000 levels; a factor has at most 10,000']
    assert time.monotonic() - began < 2


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"[training\n", "is not valid TOML: Expected ']'"),
        (b"[training]\nsteps = 3\nsteps = 4\n", "is not valid TOML: Cannot overwrite a value (at line 3"),
        (b"\xff\xfe\x00", "is not valid TOML: 'utf-8' codec"),
        (b"seed = " + b"9" * 5000, "is not valid TOML: Exceeds the limit"),
        (b"x = " + b"[" * 100_000, "is nested too deeply"),
        (b"x = " + b"{ y = " * 100_000, "is nested too deeply"),
        (b".".join([b"x"] * 50_000) + b" = 1", "is nested too deeply"),
        (b"#" * 1_000_001, "is larger than 1,000,000 bytes"),
    ],
    ids=["no end", "twice", "not text", "long number", "lists", "tables", "dots", "huge"],
)
def test_a_file_that_is_no_study_is_refused_with_one_message(tmp_path, content, sentence):
    file = tmp_path / "study.toml"
    file.write_bytes(content)
    with pytest.raises(StudyError) as refusal:
        load_study(file)
    assert sentence in str(refusal.value)
    assert len(str(refusal.value)) < 500


@pytest.mark.parametrize("name", ["nowhere.toml", "."])
def test_a_file_that_cannot_be_read_is_named(tmp_path, name):
    with pytest.raises(StudyError, match=r"cannot be read: (No such file|Is a directory)"):
        load_study(tmp_path / name)


def test_an_endless_file_is_not_read_to_its_end():
    with pytest.raises(StudyError, match="larger than"):
        load_study("/dev/zero")


def test_a_date_where_a_number_belongs_is_refused_also_with_another_number_of_seeds(tmp_path):
    file = tmp_path / "study.toml"
    file.write_text("[training]\nsteps = 3\nlearning_rate = 1979-05-27\n")
    with pytest.raises(StudyError, match=r"training\.learning_rate: got a date; expected a number"):
        load_study(file, seeds=3)


def test_an_object_of_python_is_refused_like_any_other_wrong_type():
    with pytest.raises(StudyError, match=r"training\.l2: got a object; expected a number"):
        make_study(raw_study(training={"l2": object()}))


def test_a_dictionary_that_holds_itself_is_refused():
    raw = raw_study()
    raw["network"]["hidden"] = raw
    with pytest.raises(StudyError, match="nested more than 12 deep"):
        make_study(raw)


def test_a_text_that_no_result_file_can_hold_is_refused():
    with pytest.raises(StudyError, match="holds a NUL character"):
        make_study(raw_study(question="what\0?"))


def test_the_nearest_known_word_is_offered_else_all_of_them():
    assert nearest("epoch", ["epochs", "steps"]) == "; did you mean `epochs`?"
    assert nearest("zzz", ["epochs", "steps"]) == "; known: epochs, steps"
    assert nearest("zzz", []) == ""

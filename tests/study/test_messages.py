# ruff: noqa: E501  (whole sentences read better)
"""What the tables of a study may get wrong, and the one sentence that each mistake is answered with."""

import pytest

from refused import NOTHING_RAN, told
from shoal.errors import StudyError
from shoal.study.messages import nearest
from small_studies import small_study

INITIAL = "he_normal, he_uniform, glorot_normal, glorot_uniform, lecun_normal, lecun_uniform"

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
     "rmsprop, adam, adamw, adagrad, lion, tnc, l-bfgs, cg, newton-cg"),
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
    ("record", {"points": 10**9}, "record.points: got 1000000000; expected 10,000 or less"),
    # words, names and forms
    ("training", {"optimizer": "adma"}, "training.optimizer: got 'adma'; expected a table, or one of sgd, momentum, "
     "nesterov, rmsprop, adam, adamw, adagrad, lion, tnc, l-bfgs, cg, newton-cg; did you mean `adam`?"),
    ("training", {"optimizer": {"kind": "adma"}}, "training.optimizer.kind: got 'adma'; expected one of sgd, "
     "momentum, nesterov, rmsprop, adam, adamw, adagrad, lion, tnc, l-bfgs, cg, newton-cg; did you mean `adam`?"),
    ("network", {"batch_norm": {"position": "befor"}},
     "network.batch_norm.position: got 'befor'; expected one of before, after; did you mean `before`?"),
    ("network", {"activation": "rleu"},
     "network.activation: got 'rleu'; expected a table, or one of relu, leaky_relu, sigmoid, tanh, gelu, silu; "
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
        "network.layers, entry 2: got 'relo'; expected a table, or one of relu, leaky_relu, sigmoid, tanh, gelu, "
        "silu, batch_norm, "
        "flatten, global_average_pool; did you mean `relu`?",
        "network.layers, entry 3: got { dence = 3 }; expected a table with one of the keys dense, conv, average_pool, "
        "max_pool, dropout, batch_norm, leaky_relu, sigmoid; did you mean `dense`?",
        "network.layers, entry 4, dense: got 0; expected a number above 0",
        "network.layers, entry 5: got 3; expected a table, or one of relu, leaky_relu, sigmoid, tanh, gelu, "
        "silu, batch_norm, "
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


def test_the_nearest_known_word_is_offered_else_all_of_them():
    assert nearest("epoch", ["epochs", "steps"]) == "; did you mean `epochs`?"
    assert nearest("zzz", ["epochs", "steps"]) == "; known: epochs, steps"
    assert nearest("zzz", []) == ""

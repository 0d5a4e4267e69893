"""Network files: the words of study files, read whole, with every mistake told at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shoal.doctor.submissions.case import submission_examples
from shoal.doctor.submissions.network_file import load_network_file, make_network_file
from shoal.errors import StudyError

SMALL: dict[str, Any] = {"inputs": 12, "classes": 5, "network": {"hidden": [8]}}


def mistakes(raw: dict[str, Any]) -> list[str]:
    with pytest.raises(StudyError) as caught:
        make_network_file(raw)
    return [line.strip() for line in str(caught.value).splitlines()[1:-1]]


def test_little_needs_to_be_said() -> None:
    settings = make_network_file(SMALL)
    own = settings.submission
    assert (own.parameters, own.first, own.weights, own.examples) == ("dict", 1, "inputs_first", "rows")
    assert (own.biases, own.labels, own.dtype, own.batch, own.seed) == (
        "vector",
        "integers",
        "float64",
        12,
        0,
    )
    assert settings.training.l2 == 0


def test_a_whole_study_file_without_vary_is_a_network_file(tmp_path: Path) -> None:
    path = tmp_path / "net.toml"
    path.write_text("""
        question = "Is it right?"
        [data]
        name = "digits"
        [network]
        hidden = [5]
        [training]
        cycles = 2
        schedule = { kind = "triangular", min = 1e-5, max = 0.1, half_cycle = 100 }
        l2 = 0.005
        [record]
        points = 10
    """)
    settings = load_network_file(path, seed=7)
    assert settings.training.l2 == 0.005
    assert settings.submission.seed == 7


def test_all_mistakes_are_listed_at_once_with_the_nearest_right_name() -> None:
    assert mistakes(
        {
            "inputs": 12,
            "classes": 1,
            "network": {"hiden": [3], "activation": "rellu"},
            "training": {"l3": 0.1},
            "submission": {
                "parameters": "dct",
                "names": {"w": "W{i}"},
                "batch": 1,
                "first": -1,
                "weights": "inputs",
                "labels": "onehot",
            },
            "vary": {"seed": 3},
            "extra": 1,
        }
    ) == [
        "vary: a network file describes one network; leave [vary] out",
        "classes: got 1; expected 2 or more",
        "network.activation: got 'rellu'; expected a table, or one of relu, leaky_relu, sigmoid, tanh, gelu, "
        "silu; did you mean `relu`?",
        "network.hiden: unknown key; did you mean `hidden`?",
        "training.l3: unknown key; known: optimizer, batch_size, steps, epochs, cycles, iterations, "
        "evaluations, learning_rate, schedule, l2, order, shared_order, precision",
        "submission.parameters: got 'dct'; expected one of dict, list, layers, lists; did you mean `dict`?",
        "submission.names.w: unknown key; known: W, b, gamma, beta",
        "submission.first: got -1; expected 0 or more",
        "submission.weights: got 'inputs'; expected one of inputs_first, outputs_first; did you mean "
        "`inputs_first`?",
        "submission.labels: got 'onehot'; expected one of integers, one_hot; did you mean `one_hot`?",
        "submission.batch: got 1; expected 2 or more",
        "extra: unknown key; known: question, inputs, classes, data, network, training, record, submission",
    ]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"data": {}}, "give either [data], or `inputs` and `classes`, not both"),
        ({"classes": None}, "the shape of the examples is missing: write `inputs = 12` and `classes = 5`"),
        ({"network": None}, "network: is required and missing"),
        ({"submission": {"names": {"W": "W"}}}, 'write the place of the number as {i}, as in "W{i}"'),
        ({"submission": {"names": {"W": "p{i}", "b": "p{i}"}}}, "two kinds of parameter have the same name"),
        ({"submission": {"names": {"W": "b{i}"}}}, "two kinds of parameter have the same name"),
        ({"submission": {"dtype": "float16"}}, "submission.dtype: got 'float16'; expected one of float64"),
        ({"training": {"l2": -1}}, "training.l2: got -1; expected 0 or more"),
    ],
)
def test_what_does_not_fit_together(change: dict[str, Any], expected: str) -> None:
    raw = {key: value for key, value in (SMALL | change).items() if value is not None}
    assert expected in "\n".join(mistakes(raw))


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"The network file .* cannot be read: No such file"):
        load_network_file(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_text("inputs = = 3")
    with pytest.raises(StudyError, match="is not valid TOML"):
        load_network_file(tmp_path / "bad.toml")


def test_batches_are_drawn_and_belong_to_the_seed() -> None:
    batches = submission_examples(make_network_file(SMALL))
    x, labels = batches.batch(0, 7)
    assert x.shape == (7, 12)
    assert set(labels) == set(range(5))
    np.testing.assert_array_equal(batches.batch(0, 7)[0], x)
    assert not np.array_equal(batches.batch(1, 7)[0], x)
    other = submission_examples(make_network_file(SMALL | {"submission": {"seed": 1}}))
    assert not np.array_equal(other.batch(0, 7)[0], x)


def test_batches_of_real_examples() -> None:
    batches = submission_examples(make_network_file({"data": {"name": "digits"}, "network": {"hidden": [4]}}))
    x, labels = batches.batch(0, 12)
    assert (batches.inputs, batches.classes) == ((8, 8, 1), 10)
    assert x.shape == (12, 8, 8, 1)
    assert x.dtype == np.float64
    assert labels.shape == (12,)

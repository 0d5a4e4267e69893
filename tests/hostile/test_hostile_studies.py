"""Study files with numbers, types and amounts that no training can use: refused at once, when read."""

import datetime as dt
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from shoal.doctor.submissions.network_file import make_network_file
from shoal.errors import DeviceError, StudyError
from shoal.population.plan import plan_study
from shoal.study.load import load_study, make_study

TRAINING = {"steps": 3, "learning_rate": 0.1}
SECONDS = 20.0


def schedule(**table):
    return {"training": {"steps": 3, "schedule": table}}


def training(**table):
    return {"training": {**TRAINING, **table}}


def layers(*entries):
    return {"network": {"layers": list(entries)}, "training": TRAINING}


def function(name, low, high):
    data = {"name": "function", "function": name, "range": [low, high], "examples": 10}
    return {"data": data, "network": {"loss": "squared_error"}, "training": TRAINING}


NUMBERS = {
    "training.l2: got 1e+39; expected 3.40282e+38 or less": training(l2=1e39),
    "training.learning_rate: got 1e+39; expected 3.40282e+38 or less": training(learning_rate=1e39),
    "training.learning_rate: got 1e-50; in single precision it is 0": training(learning_rate=1e-50),
    "network.initial.normal: got 1e+39; expected 3.40282e+38 or less": {
        "network": {"initial": {"normal": 1e39}},
        "training": TRAINING,
    },
    "training.steps: got 1000000000000; expected 2,147,483,647 or less": training(steps=10**12),
    "training.batch_size: got 1000000000000; expected": training(batch_size=10**12),
    "training.schedule.every: got 1000000000000; expected 2,147,483,647 or less": schedule(
        kind="step_decay", rate=0.1, every=10**12
    ),
    "training.schedule.factor: got 1e+308; expected 3.40282e+38 or less": schedule(
        kind="step_decay", rate=0.1, factor=1e308
    ),
    "training.schedule.warmup: got 1000000000000; expected 2,147,483,647 or less": schedule(
        kind="cosine", rate=0.1, warmup=10**12
    ),
    "max / start_divisor is 1e+42; expected a rate of 3.40282e+38 or less": {
        "training": {
            "steps": 3,
            "optimizer": "momentum",
            "schedule": {"kind": "one_cycle", "max": 1e30, "start_divisor": 1e-12},
        }
    },
    "network.dropout: got 0.9999999999; in single precision it is 1": {
        "network": {"dropout": 0.9999999999},
        "training": TRAINING,
    },
    "network.activation.sigmoid: got 1e+308; expected 3.40282e+38 or less": {
        "network": {"activation": {"sigmoid": 1e308}},
        "training": TRAINING,
    },
    "data.range, entry 1: got -1e+308; expected -3.40282e+38 or more": function("identity", -1e308, 1e308),
    "data: range = [-3e+38, 3e+38] is wider than single precision's 3.40282e+38": function(
        "identity", -3e38, 3e38
    ),
    "data: range = [0, 1000]: exp(x) passes single precision's 3.40282e+38 beyond x = 88": function(
        "exp", 0, 1000
    ),
    "data: range = [-1e+13, 0]: cube(x) passes single precision's": function("cube", -1e13, 0),
    "vary.seed: got [2147483648]; expected": {"training": TRAINING, "vary": {"seed": [2**31]}},
    "data.split_seed: got 9223372036854775808; expected": {
        "data": {"split_seed": 2**63},
        "training": TRAINING,
    },
    "data.train: got 1000000000000; expected a count": {"data": {"train": 10**12}, "training": TRAINING},
    "record.health.examples: got 1000000000000; expected 2,147,483,647 or less": {
        "record": {"health": {"examples": 10**12}},
        "training": TRAINING,
    },
    "training.optimizer.maxcor: got 2147483647; expected 1,000 or less": {
        "training": {"optimizer": {"kind": "l-bfgs", "maxcor": 2**31 - 1}, "iterations": 3}
    },
}
TYPES = {
    "training.optimizer: got [[1]]; expected a table, or one of sgd": training(optimizer=[[1]]),
    "training.optimizer.kind: got []; expected one of": training(optimizer={"kind": []}),
    "training.learning_rate: got 2026-01-01; expected a number": training(learning_rate=dt.date(2026, 1, 1)),
    'vary."training.l2", level 1 (12:30:00): got 12:30:00; expected a number': {
        "training": TRAINING,
        "vary": {"training.l2": [dt.time(12, 30)]},
    },
    "data.name: got 2026-01-01T00:00:00; expected a text in quotes": {
        "data": {"name": dt.datetime(2026, 1, 1)},
        "training": TRAINING,
    },
    "The study is nested more than 12 deep": {"training": {"l2": [[[[[[[[[[[[[[1]]]]]]]]]]]]]]}},
    "The study is []; expected a dictionary of tables": [],
    "is not Unicode: it holds half a surrogate pair": {"question": "\ud800", "training": TRAINING},
    "cannot be written as a study file: TOML has no form for a NoneType": {
        "network": {"hidden": [None]},
        "training": TRAINING,
        "vary": {"network.hidden": [[3], [4]]},
    },
    "cannot be written as a study file: Exceeds the limit": {
        "network": {"hidden": [10**5000]},
        "training": TRAINING,
        "vary": {"network.hidden": [[3], [4]]},
    },
    "training.l2: got a set; expected a number": training(l2={1}),
    "training.learning_rate: got a complex; expected a number": training(learning_rate=np.complex64(1)),
}
AMOUNTS = {
    "network.hidden: got 300,000 entries; expected at most 1,001": {
        "network": {"hidden": [-1] * 300_000},
        "training": TRAINING,
    },
    "network.layers: got 200,000 entries; expected at most 1,001": layers(*["x"] * 200_000),
    "top: got 50,000 keys; expected at most 1,000": {f"key{i}": i for i in range(50_000)},
    "training: got 50,002 keys; expected at most 1,000": training(**{f"key{i}": i for i in range(50_000)}),
    "vary: 900 factors; a study has at most 24": {
        "training": TRAINING,
        "vary": {f"training.k{i}": [1, 2] for i in range(900)},
    },
    "has 100 mistakes or more:": layers(*[{"denso": 1}] * 900),
    'vary.variant."x": sets 300 settings; a variant sets at most 100': {
        "training": TRAINING,
        "vary": {"variant": {"x": {f"training.k{i}": 1 for i in range(300)}}},
    },
    "vary: 5,000,000,000 members; a study has at most 1,000,000": {
        "training": TRAINING,
        "vary": {
            "seed": 1_000_000,
            "training.l2": {"log": [1e-5, 1.0], "count": 5000},
        },
    },
    "The study holds more than 1,000,000 values": {"training": {"l2": [[[1] * 1000] * 1000] * 1000}},
    "entry 1, stride: got 1000000000; expected a whole number above 0": layers(
        {"average_pool": 2, "stride": 10**9}
    ),
    "entry 1, kernel: got [1000, 1000], 1,000,000 cells; expected a window of at most 1,024": layers(
        {"conv": 1, "kernel": [1000, 1000]}
    ),
    "entry 1, padding: got 1000000000; expected": layers({"conv": 1, "kernel": 2, "padding": 10**9}),
    'search.over."training.l2": 900 choices; a search has at most 100, or a range': {
        "training": TRAINING,
        "search": {"strategy": "random", "over": {"training.l2": [i / 10 for i in range(900)]}},
    },
}


@pytest.mark.parametrize(
    ("message", "study"),
    [*NUMBERS.items(), *TYPES.items(), *AMOUNTS.items()],
    ids=[message[:50] for message in (*NUMBERS, *TYPES, *AMOUNTS)],
)
def test_a_study_is_refused_when_it_is_read_and_soon(message, study):
    began = time.monotonic()
    with pytest.raises(StudyError) as refused:
        make_study(study)
    assert message in str(refused.value)
    assert refused.value.exit_code == 2
    assert len(str(refused.value)) < 30_000
    assert time.monotonic() - began < SECONDS


def test_numbers_at_the_limit_are_taken():
    assert make_study(training(l2=3.4e38, learning_rate=1.2e-38)).member_count == 5
    assert make_study(function("exp", -1000, 88)).member_count == 5
    assert make_study(function("square", -1.7e19, 1.7e19)).member_count == 5


def test_a_network_file_is_held_to_the_same_limits():
    with pytest.raises(StudyError, match="hidden: got 300,000 entries"):
        make_network_file({"network": {"hidden": [3] * 300_000}, "inputs": 3, "classes": 2})


def test_a_date_is_refused_in_a_file_too(tmp_path):
    file = tmp_path / "study.toml"
    file.write_text("[training]\nsteps = 3\nl2 = 12:30:00\nlearning_rate = 1979-05-27T07:32:00Z\n")
    with pytest.raises(StudyError, match=r"learning_rate: got 1979-05-27T07:32:00\+00:00; expected a number"):
        load_study(file, seeds=2)


@pytest.mark.parametrize(
    "entry",
    [
        {"dense": 2**31 - 1},
        {"conv": 10**9, "kernel": 3},
        {"conv": 1, "kernel": 2, "padding": 10**6},
        {"conv": 1, "kernel": 2, "padding": 10**6, "stride": 10**6},
    ],
    ids=str,
)
def test_a_network_of_absurd_size_is_refused_by_arithmetic(entry):
    began = time.monotonic()
    with pytest.raises(DeviceError, match=r"takes about .* GiB to train; the device has"):
        plan_study(make_study({**layers(entry), "data": {"validation": 100, "test": 100}}))
    assert time.monotonic() - began < SECONDS


def test_a_stride_far_beyond_the_image_needs_no_memory():
    """In a process that may take 4 GiB; the zeros between windows would be 50 times that."""
    code = (
        "import resource, sys; from shoal.layers import AveragePool; import numpy as np\n"
        "layer = AveragePool(2, 1_000_000); x = np.ones((10, 6, 5, 2))\n"
        "resource.setrlimit(resource.RLIMIT_AS, (2**32, 2**32))\n"
        "y, saved = layer.forward({}, x); dx, _ = layer.backward({}, saved, np.ones_like(y)); print(dx.sum())"
    )
    source = str(Path(__file__).resolve().parents[2] / "src")
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={"PYTHONPATH": source}, check=False
    )
    assert done.stdout.strip() == "20.0", done.stderr

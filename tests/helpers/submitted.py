"""Files of code as people hand them in, and how they are refused."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shoal.doctor.submissions.guard import Guard
from shoal.doctor.submissions.layout import Layout
from shoal.doctor.submissions.submission import Submission
from shoal.errors import SubmissionError
from shoal.layers import HeNormal, ReLU, SoftmaxCrossEntropy
from shoal.network import compose

LABELS = np.array([0, 1, 2, 0])
X = np.random.default_rng(3).standard_normal((4, 5))
NETWORK = compose((5,), 3, hidden=[], activation=ReLU(), initial=HeNormal(), loss=SoftmaxCrossEntropy())
DROPS = compose(
    (5,),
    3,
    hidden=[],
    activation=ReLU(),
    input_dropout=0.25,
    initial=HeNormal(),
    loss=SoftmaxCrossEntropy(),
)
PARAMETERS = {"affine_1": {"W": np.ones((5, 3)), "b": np.zeros(3)}}
RIGHT = """
    def loss(parameters, x, y):
        return 0.5
    def gradients(parameters, x, y):
        return {name: value.copy() for name, value in parameters.items()}
"""


def load(folder: Path, code: str, network: Any = NETWORK, **guard: Any) -> Submission:
    path = folder / "net.py"
    path.write_text(textwrap.dedent(code))
    return Submission.load(Guard(path, **guard), Layout(network))


def refused(folder: Path, code: str, **settings: Any) -> str:
    with pytest.raises(SubmissionError) as caught:
        load(folder, code, **settings)
    assert caught.value.exit_code == 2
    return str(caught.value)


def with_loss(folder: Path, body: str) -> Submission:
    head = "import numpy as np\ndef gradients(parameters, x, y):\n    return parameters\n"
    return load(folder, f"{head}def loss(parameters, x, y):\n    {body}\n")

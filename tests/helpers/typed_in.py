"""What the tests of `shoal run` type in, and where."""

import sys
from pathlib import Path

COMMAND = [sys.executable, "-c", "from shoal.cli.main import main; main()"]
STUDY = """question = "Does L2 help?"
[data]
train = 100
validation = 50
test = 50
[network]
hidden = [4]
[training]
steps = 20
batch_size = 20
learning_rate = 0.2
[record]
points = 2
[vary]
"training.l2" = [0.0, 0.01]
seed = 3
"""
CROSSED = STUDY.replace("[vary]", '[vary]\n"network.batch_norm" = [false, true]')


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())

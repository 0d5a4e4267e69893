"""A small finished run, written without training."""

from pathlib import Path

import numpy as np
import xarray as xr

from shoal.runs.folder import RunFolder
from shoal.runs.read_write import write_results, write_weights

TEXT = 'question = "Ü?"\r\n[training]\r\nsteps = 3\r\n'  # as a study file of another system has it
RESULTS = xr.Dataset(
    {
        "train_loss": (("seed", "step"), np.arange(3.0)[None]),
        "finished": ("seed", [True]),
        "diverged": ("seed", [False]),
        "diverged_step": ("seed", [-1]),
    },
    {"seed": [0], "step": [0, 1, 2]},
    {"study": TEXT, "status": "complete", "seconds_total": 1.5, "seconds_compile": 0.5},
)
WEIGHTS = {"l2=0/seed=0/affine_1.W": np.eye(2), "l2=1/seed=0/affine_1.W": np.ones((2, 2), np.float32)}


def write_run(folder: Path) -> Path:
    """The folder of a small finished run."""
    with RunFolder(folder, TEXT) as writer:
        writer.write_text("study.toml", TEXT)
        writer.log("started", pid=1)
        write_results(writer, RESULTS)
        write_weights(writer, WEIGHTS)
    return folder


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())

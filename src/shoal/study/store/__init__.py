"""A run folder: study.toml, results.nc, weights.safetensors, report.html, log.jsonl, manifest.json.

An unfinished run also holds run.json (what it was begun with), chunks/ and checkpoints/. Every file is
written to a temporary name, synced and renamed, and its SHA-256 stands in the manifest. Nothing is pickled.
"""

from shoal.study.store.folder import RunFolder as RunFolder
from shoal.study.store.folder import sweep_finished as sweep_finished
from shoal.study.store.read import Run as Run
from shoal.study.store.read import finished_run as finished_run
from shoal.study.store.read import open_run as open_run
from shoal.study.store.read import study_text as study_text
from shoal.study.store.write import write_dataset as write_dataset
from shoal.study.store.write import write_results as write_results
from shoal.study.store.write import write_weights as write_weights

__all__ = [
    "Run",
    "RunFolder",
    "finished_run",
    "open_run",
    "study_text",
    "sweep_finished",
    "write_dataset",
    "write_results",
    "write_weights",
]

"""A plan carried out in a run folder.

A finished folder holds study.toml, results.nc, weights.safetensors, report.html, log.jsonl and manifest.json.
An unfinished one also holds run.json (what it was begun with), chunks/ and checkpoints/. Every file is
written to a temporary name, synced and renamed, and its SHA-256 stands in the manifest. Nothing is pickled.
"""

"""The old place of `shoal.doctor.submissions.examine`; it goes with version 0.2."""

from importlib import import_module
from typing import Any
from warnings import warn


def __getattr__(name: str) -> Any:
    found = getattr(import_module("shoal.doctor.submissions.examine"), name)
    warn(
        f"shoal.study.examine.{name} is now shoal.doctor.submissions.examine.{name}.",
        FutureWarning,
        stacklevel=2,
    )
    return found

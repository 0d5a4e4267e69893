"""Every error that a user can meet. A message says what came, what was expected and what to do.

The command line prints a `ShoalError` without a traceback and exits with its `exit_code`:
2 when the user can mend it (a study file, data, an option), 1 when a run or a check failed.
"""

from __future__ import annotations

from shoal.text import printable_lines


class ShoalError(Exception):
    """Base of all errors meant for a user.

    `what` states the fact (what came, what was expected); `remedy` says what to do about it. Both may repeat
    names and contents of files: control characters and those that turn the direction of writing are escaped.
    """

    exit_code = 2

    def __init__(self, what: str, remedy: str = "") -> None:
        what, remedy = printable_lines(what), printable_lines(remedy)
        super().__init__(f"{what}\n  -> {remedy}" if remedy else what)
        self.what = what
        self.remedy = remedy


class StudyError(ShoalError):
    """A study file or a setting in it is wrong. Lists every mistake found at once."""


class DataError(ShoalError):
    """A data set is missing, damaged or unfit for what was asked of it."""


class NetworkError(ShoalError):
    """Layers, shapes or initial values do not fit together."""


class SubmissionError(ShoalError):
    """Code that was handed in to have its gradients judged cannot be loaded, called or understood."""


class GradientError(ShoalError):
    """A loss, a gradient or the parameters given to a check cannot be judged."""


class RunError(ShoalError):
    """A run folder cannot be written, read or trusted."""


class HaltedError(RunError):
    """A run in the middle could not go on: its folder refused a file. What was kept can be resumed."""


class ClusterError(ShoalError):
    """A cluster cannot be reached, has no workers, or has workers that cannot do the work."""


class DeviceError(ShoalError):
    """The device ran out of memory or refused the program."""

    exit_code = 1

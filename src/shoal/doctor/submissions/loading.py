"""A Python file as a module, and the `loss` and `gradients` in it."""

from __future__ import annotations

import difflib
import inspect
import itertools
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from shoal.doctor.submissions.guard import Guard
from shoal.errors import SubmissionError

_SYNONYMS = {
    "loss": ("cost", "computecost", "computeloss", "lossfn", "lossfunction", "objective", "j"),
    "gradients": ("grad", "grads", "computegradients", "computegrads", "computegradsanalytic", "backward"),
}
_fresh = itertools.count(1)


def load_module(guard: Guard) -> ModuleType:
    """The guard's file as a module of a fresh name, run as an import runs it (`__name__` is not "__main__").

    Raises SubmissionError where it cannot be read, and with its own traceback where it raises.
    """
    path = guard.path
    if path.suffix != ".py":
        remedy = "Save the notebook's code as a .py file." if path.suffix == ".ipynb" else "Give a .py file."
        raise SubmissionError(f"{path} is not a Python file.", remedy)
    try:
        source = path.read_bytes()
    except OSError as error:
        raise SubmissionError(f"{path} cannot be read: {error.strerror}.", "Check its path.") from None
    module = ModuleType(f"shoal_submission_{next(_fresh)}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module  # dataclasses and pickle look a class's module up by its name

    def execute() -> None:
        exec(compile(source, str(path), "exec", dont_inherit=True), module.__dict__)

    guard.call(f"importing {path.name}", execute)
    return module


def find_functions(
    module: ModuleType, path: Path, arguments: tuple[str, ...]
) -> dict[str, Callable[..., Any]]:
    """`loss` and `gradients` of a module. Raises SubmissionError for those missing and those that take
    other arguments than `arguments`."""
    found, problems = {}, []
    for name in ("loss", "gradients"):
        function = getattr(module, name, None)
        if not callable(function):
            problems.append(f"no function `{name}`{_near(name, module)}")
            continue
        found[name] = function
        if not _takes(function, len(arguments)):
            signature = inspect.signature(function)
            problems.append(f"`{name}{signature}` is called as {name}({', '.join(arguments)})")
    if problems:
        listed = ", ".join(arguments)
        extra = (
            "; masks holds, for each dropout layer, an array that is True where a unit is kept"
            if "masks" in arguments
            else ""
        )
        raise SubmissionError(
            f"{path} has:\n  " + "\n  ".join(problems),
            f"Write loss({listed}), which returns one number, and gradients({listed}), which returns the "
            f"gradients in the structure of the parameters{extra}.",
        )
    return found


def _takes(function: Callable[..., Any], count: int) -> bool:
    try:
        inspect.signature(function).bind(*range(count))
    except TypeError:
        return False
    except ValueError:  # a function written in C tells nothing
        return True
    return True


def _near(name: str, module: ModuleType) -> str:
    own = [key for key, value in vars(module).items() if callable(value) and not key.startswith("__")]
    bare = {key.lower().replace("_", ""): key for key in own}
    for word in (*_SYNONYMS[name], *difflib.get_close_matches(name, bare, n=1, cutoff=0.6)):
        if word in bare:
            return f"; `{bare[word]}` is there: add the line `{name} = {bare[word]}` if it is meant"
    for key in own:
        if inspect.isclass(vars(module)[key]) and callable(getattr(vars(module)[key], name, None)):
            return f"; the class `{key}` has one: write a function that makes a {key} and calls it"
    return ""

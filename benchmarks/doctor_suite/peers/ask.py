"""Every peer, with its defaults and with tolerances that suit float64, asked about one case."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from doctor_suite.case import Case

from .problem import Problem, problem

Answer = tuple[bool, "tuple[str, str] | None"]  # does it complain, and which array does it point at


def ask_peers(case: Case) -> dict[str, dict[str, Any]]:
    """For each peer whether it complains, and whether it points at an array that has the mistake's place.

    A mistake with memory is handed over anew to each, with one batch already behind it.
    """
    return {name: _ask(ask, case) for name, ask in PEERS.items()}


def _ask(ask: Callable[[Problem], Answer], case: Case) -> dict[str, Any]:
    start = time.perf_counter()
    given = problem(case)
    found: dict[str, Any] = {"detected": False, "located": False, "error": ""}
    try:
        found["detected"], block = ask(given)
        found["located"] = found["detected"] and block in given.wanted
    except Exception as error:  # a peer that cannot run is counted as such
        found["error"] = repr(error)
    return {**found, "seconds": time.perf_counter() - start}


def _gradcheck(given: Problem, **settings: Any) -> Answer:
    from .pytorch import gradcheck

    return gradcheck(given, **settings)


def _check_grads(given: Problem, **settings: Any) -> Answer:
    from .jax_check import check_grads

    return check_grads(given, **settings)


def _check_grad(given: Problem, most: float, relative: bool) -> Answer:
    from .scipy_check import norm

    return norm(given, most, relative)


def _rel_error(given: Problem, most: float) -> Answer:
    from .course import rel_error

    return rel_error(given, most)


PEERS: dict[str, Callable[[Problem], Answer]] = {
    "PyTorch": lambda given: _gradcheck(given),
    "PyTorch, rtol 1e-5": lambda given: _gradcheck(given, atol=1e-7, rtol=1e-5),
    "JAX": lambda given: _check_grads(given),
    "JAX, eps 1e-6": lambda given: _check_grads(given, eps=1e-6, atol=1e-6, rtol=1e-6),
    "SciPy, norm 1e-6": lambda given: _check_grad(given, 1e-6, relative=False),
    "SciPy, relative 1e-5": lambda given: _check_grad(given, 1e-5, relative=True),
    "rel_error 1e-7": lambda given: _rel_error(given, 1e-7),
    "rel_error 1e-5": lambda given: _rel_error(given, 1e-5),
}

"""The proof: gradients held against central differences and automatic differentiation.

`check` takes any two functions, `check_network` Shoal's own networks. Importing this loads no jax; the first
check of one of Shoal's networks does.
"""

from importlib import import_module
from typing import Any
from warnings import warn

from .functions import BlockResult as BlockResult
from .functions import FunctionCheck as FunctionCheck
from .functions import check as check
from .networks import BlockCheck as BlockCheck
from .networks import Case as Case
from .networks import GradientCheck as GradientCheck
from .networks import LayerCheck as LayerCheck
from .networks import Point as Point
from .networks import check_network as check_network
from .networks import check_point as check_point
from .networks import check_start as check_start
from .networks import distinct as distinct
from .networks import draw_point as draw_point
from .networks import make_point as make_point
from .verdict import Verdict as Verdict

_MOVED = ("CATALOGUE", "Cause", "Diagnosis", "Layout", "assert_correct", "diagnose")  # until version 0.2


def __getattr__(name: str) -> Any:
    if name in _MOVED:
        warn(f"shoal.gradients.{name} is now shoal.doctor.{name}.", FutureWarning, stacklevel=2)
        return getattr(import_module("shoal.doctor"), name)
    raise AttributeError(f"module 'shoal.gradients' has no attribute {name!r}")

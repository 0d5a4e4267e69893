"""The proof: gradients held against central differences, automatic differentiation and planted mistakes.

`check` takes any two functions, `diagnose` a known network, `check_network` Shoal's own.
Importing this loads no jax; the first check of one of Shoal's networks does.
"""

from .blackbox import BlockResult as BlockResult
from .blackbox import FunctionCheck as FunctionCheck
from .blackbox import check as check
from .doctor import CATALOGUE as CATALOGUE
from .doctor import Cause as Cause
from .doctor import Diagnosis as Diagnosis
from .doctor import Layout as Layout
from .doctor import assert_correct as assert_correct
from .doctor import diagnose as diagnose
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

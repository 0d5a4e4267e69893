"""The proof: gradients against central differences and automatic differentiation.

Importing this loads no jax; the first check of a network does.
"""

from .doctor import CATALOGUE as CATALOGUE
from .doctor import Diagnosis as Diagnosis
from .doctor import assert_correct as assert_correct
from .doctor import diagnose as diagnose
from .networks import BlockCheck as BlockCheck
from .networks import Case as Case
from .networks import GradientCheck as GradientCheck
from .networks import LayerCheck as LayerCheck
from .networks import Point as Point
from .networks import Verdict as Verdict
from .networks import check_network as check_network
from .networks import check_point as check_point
from .networks import check_start as check_start
from .networks import distinct as distinct
from .networks import draw_point as draw_point
from .networks import make_point as make_point

"""The check of Shoal's own networks: hand-written gradients against differences and autodiff."""

from .check import check_network as check_network
from .check import check_point as check_point
from .check import check_start as check_start
from .distinct import Case as Case
from .distinct import distinct as distinct
from .local import LayerCheck as LayerCheck
from .point import Point as Point
from .result import BlockCheck as BlockCheck
from .result import GradientCheck as GradientCheck
from .start import draw_point as draw_point
from .start import make_point as make_point

"""The check of Shoal's own networks: hand-written gradients against differences and autodiff."""

from shoal.gradients.networks.check import check_network as check_network
from shoal.gradients.networks.check import check_point as check_point
from shoal.gradients.networks.check import check_start as check_start
from shoal.gradients.networks.local import LayerCheck as LayerCheck
from shoal.gradients.networks.point import Point as Point
from shoal.gradients.networks.point import draw_point as draw_point
from shoal.gradients.networks.point import make_point as make_point
from shoal.gradients.networks.result import BlockCheck as BlockCheck
from shoal.gradients.networks.result import GradientCheck as GradientCheck
from shoal.gradients.networks.structure import Case as Case
from shoal.gradients.networks.structure import distinct as distinct

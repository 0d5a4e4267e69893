"""The mathematics: one layer, loss or rule a file, each an equation with its derivative next to it.

Axis letters, here and in every docstring:

    N  examples                 I, J  image rows and columns
    D  inputs of a layer        K, L  rows and columns of a kernel or window
    H  units of a layer         F     filters of a convolution
    C  classes, or channels     M     members of a population
                                S     steps

Examples come first and channels last. A prime is a transpose: x' dy is (D, N) times (N, H).
`dy` is the derivative of the cost by y, and has y's shape. I' and J' are the image's rows and columns behind
a layer.
"""

from .affine import Affine as Affine
from .arrays import Array as Array
from .arrays import Number as Number
from .arrays import Shape as Shape
from .arrays import Values as Values
from .arrays import namespace as namespace
from .arrays import one_hot as one_hot
from .average_pool import AveragePool as AveragePool
from .base import Layer as Layer
from .batch_norm import BatchNorm as BatchNorm
from .convolution import Convolution as Convolution
from .dropout import Dropout as Dropout
from .flatten import Flatten as Flatten
from .global_average_pool import GlobalAveragePool as GlobalAveragePool
from .initial import GlorotNormal as GlorotNormal
from .initial import GlorotUniform as GlorotUniform
from .initial import HeNormal as HeNormal
from .initial import HeUniform as HeUniform
from .initial import Initial as Initial
from .initial import LecunNormal as LecunNormal
from .initial import LecunUniform as LecunUniform
from .initial import Normal as Normal
from .initial import Uniform as Uniform
from .l2 import l2_cost as l2_cost
from .l2 import l2_gradient as l2_gradient
from .leaky_relu import LeakyReLU as LeakyReLU
from .loss import Loss as Loss
from .max_pool import MaxPool as MaxPool
from .moments import Moments as Moments
from .moments import merge_moments as merge_moments
from .moments import moments as moments
from .moments import no_moments as no_moments
from .relu import ReLU as ReLU
from .sigmoid import Sigmoid as Sigmoid
from .sigmoid import logistic as logistic
from .sigmoid_cross_entropy import SigmoidCrossEntropy as SigmoidCrossEntropy
from .softmax_cross_entropy import SoftmaxCrossEntropy as SoftmaxCrossEntropy
from .softmax_cross_entropy import log_softmax as log_softmax
from .softmax_cross_entropy import softmax as softmax
from .squared_error import SquaredError as SquaredError
from .tanh import Tanh as Tanh

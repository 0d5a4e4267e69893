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

from shoal.layers.affine import Affine as Affine
from shoal.layers.arrays import Array as Array
from shoal.layers.arrays import Number as Number
from shoal.layers.arrays import Shape as Shape
from shoal.layers.arrays import Values as Values
from shoal.layers.arrays import namespace as namespace
from shoal.layers.arrays import one_hot as one_hot
from shoal.layers.average_pool import AveragePool as AveragePool
from shoal.layers.base import Layer as Layer
from shoal.layers.batch_norm import BatchNorm as BatchNorm
from shoal.layers.convolution import Convolution as Convolution
from shoal.layers.dropout import Dropout as Dropout
from shoal.layers.flatten import Flatten as Flatten
from shoal.layers.gelu import GELU as GELU
from shoal.layers.global_average_pool import GlobalAveragePool as GlobalAveragePool
from shoal.layers.initial import GlorotNormal as GlorotNormal
from shoal.layers.initial import GlorotUniform as GlorotUniform
from shoal.layers.initial import HeNormal as HeNormal
from shoal.layers.initial import HeUniform as HeUniform
from shoal.layers.initial import Initial as Initial
from shoal.layers.initial import LecunNormal as LecunNormal
from shoal.layers.initial import LecunUniform as LecunUniform
from shoal.layers.initial import Normal as Normal
from shoal.layers.initial import Uniform as Uniform
from shoal.layers.l2 import l2_cost as l2_cost
from shoal.layers.l2 import l2_gradient as l2_gradient
from shoal.layers.leaky_relu import LeakyReLU as LeakyReLU
from shoal.layers.loss import Loss as Loss
from shoal.layers.max_pool import MaxPool as MaxPool
from shoal.layers.moments import Moments as Moments
from shoal.layers.moments import merge_moments as merge_moments
from shoal.layers.moments import moments as moments
from shoal.layers.moments import no_moments as no_moments
from shoal.layers.relu import ReLU as ReLU
from shoal.layers.sigmoid import Sigmoid as Sigmoid
from shoal.layers.sigmoid import logistic as logistic
from shoal.layers.sigmoid_cross_entropy import SigmoidCrossEntropy as SigmoidCrossEntropy
from shoal.layers.silu import SiLU as SiLU
from shoal.layers.softmax_cross_entropy import SoftmaxCrossEntropy as SoftmaxCrossEntropy
from shoal.layers.softmax_cross_entropy import log_softmax as log_softmax
from shoal.layers.softmax_cross_entropy import softmax as softmax
from shoal.layers.squared_error import SquaredError as SquaredError
from shoal.layers.tanh import Tanh as Tanh

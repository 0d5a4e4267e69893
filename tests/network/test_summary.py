"""A table of layers, shapes and counts, with Keras's numbers."""

import re

from networks import PLAIN, small_network
from shoal.layers import BatchNorm
from shoal.network import compose, parameter_count, summarize

TABLE = """\
Layer (type)               Output shape     Param #
---------------------------------------------------
input                      (N, 32, 32, 3)         0
flatten_1 (Flatten)        (N, 3072)              0
affine_1 (Affine)          (N, 50)          153,650
batch_norm_1 (BatchNorm)   (N, 50)              200
relu_1 (ReLU)              (N, 50)                0
affine_2 (Affine)          (N, 10)              510
---------------------------------------------------
Total params: 154,360
Trainable params: 154,260
Non-trainable params: 100
Loss: softmax_cross_entropy"""


def test_reads_like_this():
    assert summarize(compose((32, 32, 3), 10, hidden=[50], batch_norm=BatchNorm(), **PLAIN)) == TABLE


def test_count_is_of_what_is_trained():
    assert parameter_count(small_network(hidden=[], batch_norm=None)) == 4 * 3 + 3
    assert parameter_count(small_network(hidden=[5])) == (4 * 5 + 5) + 2 * 5 + (5 * 3 + 3)


def test_lines_up():
    table = summarize(small_network()).splitlines()
    assert len({len(line) for line in table if re.search(r"\(N, ", line)} | {len(table[0])}) == 1

"""Fast forms of single layers for one kind of device, each tested equal to the plain equation.

`accelerate` replaces the convolutions, and what stands between them, by forms that compute the same
numbers to the last digits' rounding, in the order that was measured fastest (benchmarks/convolution.py):

    cpu  images in inner order between the layers, windows gathered by tables, blocks of outputs to a
         matrix product (`inner_convolution`)
    gpu  the device's own convolutions, called for each of the three products (`lax_convolution`)

What is in plain order at a network's edges stays so, and names, parameters and state are unchanged.
"""

from shoal.kernels.accelerate import accelerate as accelerate

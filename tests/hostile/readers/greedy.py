"""In place of the reader of a file: it asks for more memory than its limit."""

from shoal.processes import limit_process
from shoal.runs.hdf5_limits import memory_for, seconds_for

limit_process(memory_for(0), seconds_for(0))
bytearray(2**33)

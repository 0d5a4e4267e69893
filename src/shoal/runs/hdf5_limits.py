"""What a stored result may ask of the process that reads it, and how that process answers.

Far above what any study needs, and far below what harms a machine.
"""

from __future__ import annotations

MOST_OBJECTS = 4096
MOST_ATTRIBUTES = 64  # of an object
MOST_NUMBERS = 1024  # in an attribute
MOST_TEXT_BYTES = 2**26  # in all texts of a file
MOST_CHUNK_BYTES = 2**26
MOST_INFLATED = 32  # times the file's size, all arrays of compressed files together
LEAST_INFLATED = 2**26  # bytes that are allowed in any case
LEAST_SECONDS, BYTES_A_SECOND = 10, 2e7  # of the processor; a sound file takes a third of a second
PATIENCE = 6  # times as long, where others have the processor
LEAST_MEMORY, MEMORY_A_BYTE = 2**30, 8  # address space, of which the library itself takes a tenth
READ, REFUSED = b"=", b"!"  # how an answer begins


def seconds_for(size: int) -> int:
    """How long the processor may take over a file of so many bytes."""
    return int(LEAST_SECONDS + size / BYTES_A_SECOND)


def memory_for(size: int) -> int:
    """How many bytes of address space a file of so many bytes may take."""
    return LEAST_MEMORY + MEMORY_A_BYTE * size

"""What a device allows a plan's chunks."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class DeviceLimits:
    """The most bytes and members of a chunk, the operations of a step that are worth a chunk, and all the
    bytes that the device has."""

    memory: float
    widest: int
    least_work: float
    bytes: float


def limits_here(memory: float | None = None) -> DeviceLimits:
    """The limits of this process's device, with `memory` in place of what suits it if given."""
    from shoal.training.runtime import chunk_limits, device_bytes

    suited, widest, least_work = chunk_limits()
    return DeviceLimits(suited if memory is None else memory, widest, least_work, device_bytes())

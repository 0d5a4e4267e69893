"""Initial weights: `W = scale(fan_in, fan_out) * noise`.

The noise is standard normal or uniform on [-1, 1) and is drawn elsewhere, so that a check can hold it
still. fan_in is D and fan_out is H for a weight of shape (D, H). Biases start at zero.

Caveat: a normal here is not truncated; Keras truncates its He, Glorot and LeCun normals at two sigma.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from math import inf, sqrt
from typing import ClassVar

from shoal.layers.arrays import Number
from shoal.layers.base import check_number


@dataclass(frozen=True)
class Initial(ABC):
    """A rule that scales noise into initial weights."""

    distribution: ClassVar[str]
    """"normal": noise from N(0, 1); "uniform": noise from U[-1, 1)."""

    @abstractmethod
    def scale(self, fan_in: int, fan_out: int) -> Number:
        """What the noise is multiplied by."""


@dataclass(frozen=True)
class Normal(Initial):
    """W ~ N(0, sigma^2), whatever the fan. `sigma` may be traced."""

    sigma: Number
    distribution: ClassVar[str] = "normal"

    def __post_init__(self) -> None:
        check_number("sigma", self.sigma, lambda v: 0 <= v < inf, "finite and not negative")

    def scale(self, fan_in: int, fan_out: int) -> Number:
        return self.sigma


@dataclass(frozen=True)
class Uniform(Initial):
    """W ~ U[-bound, bound), whatever the fan. `bound` may be traced."""

    bound: Number
    distribution: ClassVar[str] = "uniform"

    def __post_init__(self) -> None:
        check_number("bound", self.bound, lambda v: 0 <= v < inf, "finite and not negative")

    def scale(self, fan_in: int, fan_out: int) -> Number:
        return self.bound


@dataclass(frozen=True)
class HeNormal(Initial):
    """W ~ N(0, 2 / fan_in): keeps the variance through ReLUs. Source: He et al. (2015), eq. 10."""

    distribution: ClassVar[str] = "normal"

    def scale(self, fan_in: int, fan_out: int) -> float:
        return sqrt(2 / fan_in)


@dataclass(frozen=True)
class HeUniform(Initial):
    """W ~ U[-a, a), a^2 = 6 / fan_in: the variance of HeNormal. Source: He et al. (2015), eq. 10."""

    distribution: ClassVar[str] = "uniform"

    def scale(self, fan_in: int, fan_out: int) -> float:
        return sqrt(6 / fan_in)


@dataclass(frozen=True)
class GlorotNormal(Initial):
    """W ~ N(0, 2 / (fan_in + fan_out)), also called Xavier. Source: Glorot and Bengio (2010), eq. 12."""

    distribution: ClassVar[str] = "normal"

    def scale(self, fan_in: int, fan_out: int) -> float:
        return sqrt(2 / (fan_in + fan_out))


@dataclass(frozen=True)
class GlorotUniform(Initial):
    """W ~ U[-a, a), a^2 = 6 / (fan_in + fan_out). Source: Glorot and Bengio (2010), eq. 16."""

    distribution: ClassVar[str] = "uniform"

    def scale(self, fan_in: int, fan_out: int) -> float:
        return sqrt(6 / (fan_in + fan_out))


@dataclass(frozen=True)
class LecunNormal(Initial):
    """W ~ N(0, 1 / fan_in): keeps the variance of a linear map. Source: LeCun et al. (1998), eq. 16."""

    distribution: ClassVar[str] = "normal"

    def scale(self, fan_in: int, fan_out: int) -> float:
        return sqrt(1 / fan_in)


@dataclass(frozen=True)
class LecunUniform(Initial):
    """W ~ U[-a, a), a^2 = 3 / fan_in: the variance of LecunNormal. Source: LeCun et al. (1998), eq. 16."""

    distribution: ClassVar[str] = "uniform"

    def scale(self, fan_in: int, fan_out: int) -> float:
        return sqrt(3 / fan_in)

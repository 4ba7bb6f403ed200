"""What a covariance function offers: its values on a block in float64 or in balls, and what is known exactly."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

from flint import arb, arb_mat

from ..eigenvalues.nullspace import NullVector, RankBound
from ..kernels.ballarray import BallArray
from ..studies.data import DataSet
from .block import Block


class Covariance(ABC):
    """A positive semidefinite function of two inputs; subclasses are frozen dataclasses, equal by value.

    ``str`` of it is how it is written at the front door.
    """

    __slots__ = ()

    @property
    @abstractmethod
    def name(self) -> str:
        """The name under which the front door makes it."""

    @property
    @abstractmethod
    def parameters(self) -> Mapping[str, object]:
        """Everything that determines it besides the name, exact."""

    @abstractmethod
    def changed(self, changes: Mapping[str, object]) -> Covariance:
        """The same with other parameters; :class:`SpecError` for one it does not have."""

    @abstractmethod
    def values(self, block: Block) -> BallArray:
        """The values in float64 with proved radii; a ``BallMatrix`` on a symmetric block."""

    @abstractmethod
    def balls(self, block: Block, bits: int) -> arb_mat:
        """The same values in ball arithmetic at ``bits``."""

    @abstractmethod
    def diagonal(self, data: DataSet, bits: int) -> list[arb]:
        """The values k(x, x) for each point."""

    @abstractmethod
    def singular(self, data: DataSet) -> NullVector | RankBound | None:
        """An exact reason why the square matrix on these points is singular, when one is known."""

    def quick(self, block: Block) -> bool:
        """Whether :meth:`balls` is quick enough for the eigenvalue ladder to ask for it by itself."""
        return True

"""What a covariance function offers: its values on a block in float64 or in balls, and what is known exactly."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from flint import arb, arb_mat

from ..eigenvalues.nullspace import NullVector, RankBound
from ..kernels.ballarray import BallArray
from ..studies.data import DataSet
from .block import Block


class Covariance(Protocol):
    """A positive semidefinite function of two inputs, an immutable value."""

    @property
    def name(self) -> str:
        """The name under which the front door makes it."""
        ...

    @property
    def parameters(self) -> Mapping[str, object]:
        """Everything that determines it besides the name, exact."""
        ...

    def changed(self, changes: Mapping[str, object]) -> Covariance:
        """The same with other parameters; :class:`SpecError` for one it does not have."""
        ...

    def values(self, block: Block) -> BallArray:
        """The values in float64 with proved radii; a ``BallMatrix`` on a symmetric block."""
        ...

    def balls(self, block: Block, bits: int) -> arb_mat:
        """The same values in ball arithmetic at ``bits``."""
        ...

    def diagonal(self, data: DataSet, bits: int) -> list[arb]:
        """The values k(x, x) for each point."""
        ...

    def quick(self, block: Block) -> bool:
        """Whether :meth:`balls` is quick enough for the eigenvalue ladder to ask for it by itself."""
        ...

    def singular(self, data: DataSet) -> NullVector | RankBound | None:
        """An exact reason why the square matrix on these points is singular, when one is known."""
        ...

    def __str__(self) -> str:
        """How it is written at the front door."""
        ...

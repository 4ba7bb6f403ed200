"""What a system on data must offer so that its population Gram matrix can be asked for, bounded and certified."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from ..balls.budget import Budget
from ..balls.enclosure import Enclosure
from ..eigenvalues.nullspace import NullVector, RankBound
from ..kernels.ballmatrix import BallMatrix
from .data import DataSet


class Modelled(Protocol):
    """A system with a subject, and what may be spent on it."""

    @property
    def system(self) -> str:
        """The name of the system or kernel."""

    @property
    def subject(self) -> str:
        """The name of the activations, or of the kernel where the system is about kernels."""

    @property
    def budget(self) -> Budget:
        """What may be spent."""


class GramModel(Modelled, Protocol):
    """A kernel on data: deep equilibrium models, implicit networks, kernels of residual and of plain networks."""

    @property
    def data(self) -> DataSet:
        """The data."""

    @property
    def parameters(self) -> Mapping[str, object]:
        """Everything besides subject and data that determines the matrix, as JSON data: exact numbers are text."""

    @property
    def gram(self) -> BallMatrix:
        """The matrix in float64, with its radius; positive semidefinite."""

    def refine(self, bits: int) -> BallMatrix:
        """The same matrix in ball arithmetic."""

    @property
    def refinement(self) -> Callable[[int], BallMatrix] | None:
        """:meth:`refine` where it is quick enough for the eigenvalue ladder, None otherwise."""

    @property
    def null_vector(self) -> NullVector | RankBound | None:
        """An exact reason why the matrix is singular, when there is one."""

    @property
    def eigenvalue(self) -> Enclosure:
        """The least eigenvalue, proved on both sides; exactly 0 where the matrix is singular for an exact reason."""

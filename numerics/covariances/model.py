"""A covariance function on data as the eigenvalue ladder and certificates take it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from ...theory.verdict import Evidence
from ..balls.budget import Budget
from ..balls.enclosure import Enclosure
from ..eigenvalues.eigenvalue import least_eigenvalue
from ..eigenvalues.nullspace import NullVector, RankBound
from ..kernels.ballmatrix import BallMatrix
from ..studies.data import DataSet
from .block import Block
from .covariance import Covariance
from .leaf import written


@dataclass(frozen=True, eq=False)
class KernelModel:
    """A kernel on one set of points; see :class:`~certigram.numerics.studies.gram_model.GramModel`.

    >>> from ..balls.budget import Budget
    >>> from ..studies.given import given_data
    >>> from .catalogue import make
    >>> model = KernelModel(make("gaussian", {}), Block(given_data([[0], [1]], None), None, Budget()))
    >>> model.system, round(model.eigenvalue.lower, 12)  # 1 - exp(-1/2)
    ('kernel', 0.393469340287)
    """

    covariance: Covariance
    block: Block

    @property
    def system(self) -> str:
        """``kernel``."""
        return "kernel"

    @property
    def subject(self) -> str:
        """The kernel as the front door makes it."""
        return str(self.covariance)

    @property
    def budget(self) -> Budget:
        """What may be spent."""
        return self.block.budget

    @property
    def data(self) -> DataSet:
        """The points."""
        return self.block.left

    @property
    def parameters(self) -> dict[str, object]:
        """The parameters of the kernel as JSON data."""
        return {key: written(value) for key, value in self.covariance.parameters.items()}

    @cached_property
    def gram(self) -> BallMatrix:
        """The matrix in float64 with its radius; positive semidefinite."""
        found = self.covariance.values(self.block)
        assert isinstance(found, BallMatrix)
        return found

    def refine(self, bits: int) -> BallMatrix:
        """The same matrix in ball arithmetic."""
        return BallMatrix.from_arb(self.covariance.balls(self.block, bits), (f"ball arithmetic at {bits} bits",))

    @property
    def refinement(self) -> Callable[[int], BallMatrix] | None:
        """:meth:`refine` where it is quick enough for the eigenvalue ladder."""
        return self.refine if self.covariance.quick(self.block) else None

    @cached_property
    def null_vector(self) -> NullVector | RankBound | None:
        """An exact reason why the matrix is singular, when one is known."""
        return self.covariance.singular(self.data)

    @cached_property
    def eigenvalue(self) -> Enclosure:
        """The least eigenvalue, proved on both sides; exactly 0 where the matrix is singular for an exact reason."""
        if self.null_vector is not None:
            return Enclosure(0.0, 0.0, Evidence.EXACT, f"exactly singular: {self.null_vector.reason}")
        return least_eigenvalue(self.gram, budget=self.block.budget, refine=self.refinement, known_psd=True)

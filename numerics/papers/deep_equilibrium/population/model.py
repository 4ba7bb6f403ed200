"""The population of a deep equilibrium model on one data set: fixed points, kernel, matrices, least eigenvalue."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from typing import Any, Self

from flint import arb

from .....theory.activations.activation import Activation
from .....theory.errors import DerivationGap
from .....theory.verdict import Evidence
from ....balls.ball import enclose
from ....balls.budget import Budget
from ....balls.enclosure import Enclosure
from ....balls.precision import precision
from ....eigenvalues.eigenvalue import least_eigenvalue
from ....eigenvalues.nullspace import NullVector, RankBound
from ....expressions.growth import require_square_integrable
from ....expressions.regularity import Regularity, regularity
from ....hermite import hermite_transform
from ....kernels.ballmatrix import BallMatrix
from ....kernels.border import bordered
from ....kernels.cosines import cosines_arb
from ....kernels.gram import ENTRY_BITS, gram, gram_arb
from ....kernels.order import START, choose_order
from ....studies.data import DataSet
from ....studies.inputs import Inputs
from ....studies.workspace import Workspace
from .contraction import contraction_squared
from .gram_unequal import gram_unequal
from .kernel import EquilibriumKernel, equilibrium_kernel
from .pair import pair_matrix, zero_input
from .pair_entry import PairEntry, reach_of_series
from .schur_bounds import LowerBounds
from .singularity import equilibrium_singularity
from .tangent import EquilibriumTangent, equilibrium_tangent_series
from .variance import VarianceFixedPoint, variance_fixed_point

FLOAT_BITS = 96
"""Precision of the series behind a float64 matrix: far beyond float64, so that its radius is the matrix's own."""
FLOAT_TARGET = arb((1, -56))
"""Tail of the series, relative to the mass, below which more terms no longer help a float64 matrix."""
UNEQUAL_ORDER = 256
"""Hermite orders used where the norms differ; the rest of the series is bounded, not dropped."""
PAIRS_IN_LADDER = 48
"""Up to this many inputs of different norms the eigenvalue ladder computes all pairs at more bits."""


@dataclass(frozen=True, eq=False)
class Population:
    """The limit of infinitely wide networks on data: the fixed point, the kernel, the matrices, the eigenvalue.

    Each property is computed at its first use and kept. All of them raise :class:`SpecError` when ``sigma_w2`` lies
    outside the contraction range, and :class:`DerivationGap` when the Lipschitz constant is unknown.
    """

    system: str
    activation: Activation
    data: DataSet
    sigma_w2: Fraction
    budget: Budget
    workspace: Workspace = field(default_factory=Workspace)

    @property
    def subject(self) -> str:
        """The name of the activation."""
        return self.activation.name

    @property
    def parameters(self) -> dict[str, Any]:
        """What determines the kernel besides activation and data, as JSON data."""
        return {"sigma_w2": str(self.sigma_w2)}

    @cached_property
    def regularity(self) -> Regularity:
        """Lipschitz constants, boundedness and smoothness of the activation."""
        return regularity(self.activation, self.budget.bits)

    @property
    def lipschitz(self) -> arb:
        """An enclosure of sup|φ'|."""
        found = self.regularity.lipschitz
        if found is None:
            raise DerivationGap(
                f"no finite Lipschitz constant of {self.activation.name} is known"
                f" ({self.regularity.reason('lipschitz')}), so its equilibrium is not known to exist:"
                " choose a Lipschitz activation."
            )
        return found

    @property
    def mean_lipschitz(self) -> arb:
        r"""The constant Λ by which the maps of the population contract; L unless a system knows a smaller one.

        It must bound :math:`\mathbb E\varphi'(u)\varphi'(v)` by Λ² for Gaussian u, v of any variances, and the change
        of :math:`\lVert\varphi(\sqrt v z)\rVert_{L^2}` by Λ times that of :math:`\sqrt v`.
        """
        return self.lipschitz

    @property
    def contraction_name(self) -> str:
        """What θ is called in evidence."""
        return "sqrt(2) sigma_w L"

    @property
    def well_posed(self) -> str:
        """The lemma that makes the population unique on the range of this system."""
        return "lemma.well-posed"

    @cached_property
    def tangent(self) -> EquilibriumTangent:
        """The limit of the tangent Gram matrix as a series in the cosine; :class:`DerivationGap` unless χ < 1."""
        return equilibrium_tangent_series(self.float_kernel)

    @cached_property
    def fixed_point(self) -> VarianceFixedPoint:
        """The variance of the equilibrium on inputs of the common norm."""
        return self.variance_at(self._norm(), self.budget.bits)

    def variance_at(self, norm: Fraction, bits: int) -> VarianceFixedPoint:
        """The variance of the equilibrium on an input with ``|x|²/d`` = ``norm``."""
        return variance_fixed_point(
            self.activation, self.sigma_w2, bits, lipschitz=self.mean_lipschitz, input_variance=2 * norm
        )

    @cached_property
    def contraction2(self) -> arb:
        """θ² = 2 σ_w² Λ² with Λ of :attr:`mean_lipschitz`, proved below 1."""
        with precision(self.budget.bits):
            return contraction_squared(self.activation.name, self.sigma_w2, self.mean_lipschitz)

    @cached_property
    def inputs(self) -> Inputs:
        """What is known of the inputs."""
        return Inputs(self.data, self.budget)

    @cached_property
    def _rest(self) -> Self | None:
        """The same model on the inputs that are not zero."""
        rest = self.inputs.nonzero
        return None if rest is None else replace(self, data=rest.data)

    def _border(self, block: BallMatrix | None, bits: int) -> BallMatrix:
        """The matrix from that of the inputs that are not zero."""
        kept = self.data.nonzero_rows
        *edge, corner = zero_input(
            self.activation,
            [*(self.inputs.norms[i] for i in kept), Fraction(0)],
            self.sigma_w2,
            bits,
            lipschitz=self.mean_lipschitz,
            max_terms=self.budget.max_terms,
        )
        return bordered(block, kept, edge, corner, self.data.n)

    def kernel(self, order: int, bits: int) -> EquilibriumKernel:
        """The equilibrium kernel to a given order and precision, cut from one of the lengths that a search passes."""
        passed = START
        while passed < order:
            passed *= 2
        found = equilibrium_kernel(
            self.activation,
            self.sigma_w2,
            max(order, min(passed, self.budget.max_terms)),
            bits,
            lipschitz=self.mean_lipschitz,
            input_variance=2 * self._norm(),
        )
        return found.truncate(order)

    def order_for(self, target: arb, bits: int, *, individually: bool = True) -> int:
        """The series length at which the tail on this data is below ``target`` (or the longest allowed).

        ``individually``: pairs next to ±1 are taken one by one where they can be, and need no terms.
        """
        return self.order_at(self.reach if individually else self.inputs.separation, target, bits)

    def order_at(self, cosine: float, target: arb, bits: int) -> int:
        """The series length at which the tail at a cosine is below ``target`` (or the longest allowed)."""
        with precision(bits):
            delta, most = arb(min(cosine, 1.0)), self.budget.max_terms
            return choose_order(lambda order: self.kernel(order, bits).series, delta, target, max_terms=most)

    @cached_property
    def reach(self) -> float:
        """An upper bound of |C_ij| over the pairs that a series has to serve; :meth:`pair_entry` takes the others."""
        return reach_of_series(self.inputs, self.pair_entry(FLOAT_BITS))

    @cached_property
    def float_kernel(self) -> EquilibriumKernel:
        """The kernel behind the float64 matrices, with as many terms as this data needs."""
        return self.kernel(max(self.order_for(FLOAT_TARGET, FLOAT_BITS), 8), FLOAT_BITS)

    @cached_property
    def gram(self) -> BallMatrix:
        """The population Gram matrix K in float64, with its radius."""
        if self.data.zero_rows:
            return self._border(None if self._rest is None else self._rest.gram, FLOAT_BITS)
        if self.inputs.common_norm is None:
            return self._gram_of_unequal_norms()
        entry = self.pair_entry(ENTRY_BITS) if self.reach < self.inputs.separation else None
        return gram(self.float_kernel.series, self.inputs.cosines, budget=self.budget, entry=entry)

    def _gram_of_unequal_norms(self) -> BallMatrix:
        order = min(UNEQUAL_ORDER, self.budget.max_terms)
        transforms = [hermite_transform(self.activation, order, p.s, FLOAT_BITS) for p in self.variances.values()]
        place = {norm: k for k, norm in enumerate(self.variances)}
        found = gram_unequal(
            transforms,
            [place[norm] for norm in self.inputs.norms],
            self.inputs.cosines,
            sigma_w2=self.sigma_w2,
            lipschitz=self.mean_lipschitz,
            budget=self.budget,
        )
        assert isinstance(found, BallMatrix)  # that of all pairs
        return found

    @cached_property
    def correlation(self) -> BallMatrix:
        """The correlation matrix P of the pre-activations in float64, with its radius."""
        entry = self.pair_entry(ENTRY_BITS).correlation if self.reach < self.inputs.separation else None
        return gram(self.float_kernel.correlation, self.inputs.cosines, budget=self.budget, entry=entry)

    def refine(self, bits: int) -> BallMatrix:
        """The population Gram matrix in ball arithmetic, with a series long enough for ``bits``.

        Where the norms differ every entry has a fixed point of its own, so that takes seconds for n = 64.
        """
        if self.data.zero_rows:
            return self._border(None if self._rest is None else self._rest.refine(bits), bits)
        if self.inputs.common_norm is None:
            return pair_matrix(
                self.activation,
                self.data.source,
                self.sigma_w2,
                bits,
                lipschitz=self.mean_lipschitz,
                max_terms=self.budget.max_terms,
            )
        order = self.order_for(arb((1, -bits)), bits)
        exact_cosines = cosines_arb(self.data.source, bits)
        return gram_arb(self.kernel(order, bits).series, exact_cosines, bits, entry=self.pair_entry(bits))

    def pair_entry(self, bits: int) -> PairEntry:
        """The kernel at one cosine, for pairs so close that the series is slow."""
        return PairEntry(self.activation, self.sigma_w2, self._norm(), self.mean_lipschitz, bits)

    @property
    def refinement(self) -> Callable[[int], BallMatrix] | None:
        """:meth:`refine` where it is quick enough for the ladder to ask for it by itself, None otherwise."""
        if self.data.zero_rows:
            return self.refine if self._rest is None or self._rest.refinement is not None else None
        return self.refine if self.inputs.common_norm is not None or self.data.n <= PAIRS_IN_LADDER else None

    @cached_property
    def variances(self) -> dict[Fraction, VarianceFixedPoint]:
        """The variance fixed point for each squared norm ``|x_i|²/d`` that occurs in the data."""
        if self.inputs.common_norm is not None:
            return {self.inputs.common_norm: self.fixed_point}
        return {norm: self.variance_at(norm, self.budget.bits) for norm in sorted(set(self.inputs.norms))}

    @cached_property
    def null_vector(self) -> NullVector | RankBound | None:
        """An exact reason why K is singular, when there is one: duplicates, antipodes, or an affine activation."""
        return equilibrium_singularity(self.activation, self.sigma_w2, self.inputs)

    @cached_property
    def eigenvalue(self) -> Enclosure:
        """The least eigenvalue of K, proved on both sides; exactly 0 where K is singular for an exact reason."""
        if self.null_vector is not None:
            return Enclosure(0.0, 0.0, Evidence.EXACT, f"exactly singular: {self.null_vector.reason}")
        return least_eigenvalue(self.gram, budget=self.budget, refine=self.refinement, known_psd=True)

    @cached_property
    def bounds(self) -> LowerBounds:
        """The theory's lower bounds of the least eigenvalue."""
        return LowerBounds(self.float_kernel, self.inputs.cosines, self.correlation, self.budget)

    def require_square_integrable(self) -> None:
        """Raise :class:`SpecError` when the activation is not known to be square-integrable on these inputs."""
        with precision(self.budget.bits):
            largest = enclose(2 * max(self.inputs.norms))
            require_square_integrable(self.activation.expression, largest, name=self.activation.name)

    def with_data(self, data: DataSet) -> Self:
        """The same model on other data."""
        return replace(self, data=data)

    def with_activation(self, activation: Activation) -> Self:
        """The same data with another activation."""
        return replace(self, activation=activation)

    def _norm(self) -> Fraction:
        norm = self.inputs.common_norm
        if norm is None:
            raise DerivationGap("the inputs have different norms, and this statement is about a common norm.")
        return norm

r"""Dot-product kernels in the place of translation-invariant ones: the dual kernel of an activation on a sphere.

.. math:: k(z, z') = \mathbb E\,\varphi(w\cdot z)\varphi(w\cdot z') = \sum_r \mu_r(\sqrt v)^2 \rho^r,
          \qquad w \sim N(0, I/s^2),\ v = |z|^2/s^2,

for points of one norm, ρ their cosine: a certified power series (:mod:`~certigram.numerics.kernels.series`). Its least
eigenvalue on data is proved like any other. The theory of these networks needs a kernel that separates states anywhere
in space; a dual kernel does not (two states on one ray approach each other), so every claim but that one is
NOT_APPLICABLE.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from flint import arb

from ....theory.activations.activation import Activation
from ....theory.activations.homogeneity import monomial_degrees
from ....theory.claims.claim import Hypothesis
from ....theory.errors import DerivationGap, SpecError
from ....theory.verdict import Evidence, Verdict
from ...balls.ball import enclose
from ...balls.budget import Budget
from ...balls.enclosure import Enclosure
from ...balls.precision import precision
from ...certificates.certificate import Discharged
from ...eigenvalues.eigenvalue import least_eigenvalue
from ...eigenvalues.monomial_rank import monomial_rank
from ...eigenvalues.nullspace import NullVector, RankBound, null_vector_from_pairs
from ...expressions.growth import require_square_integrable
from ...hermite import hermite_transform
from ...kernels.ballmatrix import BallMatrix
from ...kernels.cosines import cosines_arb
from ...kernels.gram import gram, gram_arb
from ...kernels.order import choose_order
from ...kernels.series import DotProductSeries
from ...studies.data import DataSet
from ...studies.inputs import Inputs
from ...studies.parameters import require_scale
from ...studies.workspace import Workspace

FLOAT_BITS = 96
FLOAT_TARGET = arb((1, -56))
"""Tail of the series, relative to its mass, below which more terms no longer help a float64 matrix."""


@dataclass(frozen=True, eq=False)
class DotProductInstance:
    """``resnet-rkhs`` with the dual kernel of an activation; only its Gram matrix is examined."""

    system: str
    activation: Activation
    data: DataSet
    values: Mapping[str, Fraction]
    budget: Budget
    workspace: Workspace

    @property
    def parameters(self) -> dict[str, str]:
        """What determines the Gram matrix besides kernel and data, as JSON data."""
        return {name: str(self.values[name]) for name in ("scale", "embedding")}

    @property
    def refinement(self) -> Callable[[int], BallMatrix]:
        """:meth:`refine`, which the eigenvalue ladder may ask for by itself."""
        return self.refine

    @property
    def subject(self) -> str:
        """The name of the kernel."""
        return f"dual({self.activation.name})"

    def admit(self) -> None:
        """Raise :class:`SpecError` for inputs of different norms or an activation that is not square-integrable."""
        for name in ("scale", "embedding"):
            require_scale(self.system, name, self.values[name])
        with precision(self.budget.bits):
            require_square_integrable(self.activation.expression, enclose(self.variance), name=self.activation.name)

    def discharge(self, hypothesis: Hypothesis) -> Discharged:
        """A dual kernel is not translation-invariant; nothing else is examined."""
        if hypothesis.name == "translation-invariant":
            text = f"{self.subject} depends on directions, so it does not separate two states on one ray far away"
            return Discharged(hypothesis.name, Verdict.REFUTED, text)
        return Discharged(
            hypothesis.name, Verdict.UNKNOWN, "not examined for kernels that are not translation-invariant"
        )

    @cached_property
    def variance(self) -> Fraction:
        """v = α² |x|²/s², exactly; raises :class:`SpecError` when the norms differ."""
        factor = (self.values["embedding"] / self.values["scale"]) ** 2
        norm = self.data.common_norm
        if norm is None:
            raise SpecError(f"{self.subject}: the inputs have different norms: rescale them (normalize = sphere).")
        return factor * norm * (self.data.d or self.data.n)

    def series(self, order: int, bits: int) -> DotProductSeries:
        """The kernel as a certified power series in the cosine."""
        with precision(bits):
            found = hermite_transform(self.activation, order, enclose(self.variance), bits)
            return DotProductSeries(tuple(c * c for c in found.coefficients), found.second_moment)

    def order(self, target: arb, bits: int) -> int:
        """The length of the series that this data needs."""
        with precision(bits):
            delta = arb(min(self.inputs.cosines.delta, 1.0))
            mass = self.series(8, bits).mass
            return choose_order(
                lambda order: self.series(order, bits), delta, target * mass, max_terms=self.budget.max_terms
            )

    @cached_property
    def inputs(self) -> Inputs:
        """What is known of the inputs."""
        return Inputs(self.data, self.budget)

    @cached_property
    def gram(self) -> BallMatrix:
        """The kernel Gram matrix in float64 with its radius."""
        series = self.series(max(self.order(FLOAT_TARGET, FLOAT_BITS), 8), FLOAT_BITS)
        return gram(series, self.inputs.cosines, budget=self.budget)

    def refine(self, bits: int) -> BallMatrix:
        """The same in ball arithmetic."""
        return gram_arb(self.series(self.order(arb((1, -bits)), bits), bits), cosines_arb(self.data.source, bits), bits)

    @cached_property
    def null_vector(self) -> NullVector | RankBound | None:
        """An exact reason why the matrix is singular: repeated points, antipodes of an odd φ, a polynomial φ."""
        odd = self.activation.parity == "odd"
        found = null_vector_from_pairs(self.inputs.parallel, self.data.n, odd=odd)
        if found is not None:
            return found
        degrees = monomial_degrees(self.activation)
        if degrees is None:
            return None
        bound = monomial_rank(self.data.source, degrees, one_norm=True, what=self.activation.name)
        return bound if bound.singular else None

    @cached_property
    def eigenvalue(self) -> Enclosure:
        """The least eigenvalue, proved on both sides."""
        if self.null_vector is not None:
            return Enclosure(0.0, 0.0, Evidence.EXACT, f"exactly singular: {self.null_vector.reason}")
        return least_eigenvalue(self.gram, budget=self.budget, refine=self.refine, known_psd=True)


def activation_of(name: str) -> str | None:
    """The expression inside ``dual(...)``, or None for another name.

    >>> activation_of("dual(erf(x))"), activation_of("gaussian")
    ('erf(x)', None)
    """
    if name.startswith("dual(") and name.endswith(")"):
        inside = name[len("dual(") : -1].strip()
        if not inside:
            raise DerivationGap("dual() names no activation: write dual(erf), for instance.")
        return inside
    return None

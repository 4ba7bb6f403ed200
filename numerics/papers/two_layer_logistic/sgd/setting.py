r"""The constants of noisy descent for one network, one data set, one way to draw batches (Lemma 1), in balls.

.. math::
    \bar q = \frac1{1+e^{-R}},\quad R=\max_i\sup(-y_if_i),\qquad
    \lambda_{cvx} = \bar qM_2\lVert a\rVert_\infty\lVert\Sigma_x\rVert,\qquad
    \kappa_+ = \tfrac14M_1^2\lVert a\rVert_2^2+\bar qM_2\lVert a\rVert_\infty,

.. math::
    \Lambda = \lambda+\kappa_+\lVert\Sigma_x\rVert,\quad T = \lambda N+\kappa_+p\operatorname{tr}\Sigma_x,\quad
    G = \bar qM_1\lVert a\rVert_2\lVert\Sigma_x\rVert^{1/2},\quad
    D = \operatorname{tr}\Sigma_x\bigl(\tfrac14M_1^2\lVert a\rVert_2^2+\bar qM_2\lVert a\rVert_1\bigr),

.. math::
    X = \min\{\bar q\chi\lVert a\rVert_1,\ W(1/e)+\kappa\lVert a\rVert_1\},\quad
    \sigma^2 = \tfrac\nu b\bar q^2M_1^2\lVert a\rVert_2^2\operatorname{tr}\Sigma_x,\quad
    C_F = \tfrac\nu b\bar q^2M_1^2\lVert a\rVert_2^2\lVert\Sigma_x\rVert_F,\quad
    b_\infty = 2\bar qM_1\lVert a\rVert_2\max_i\lVert x_i\rVert .

For an activation that is not bounded :math:`\bar q=1` and :math:`\inf g\ge0`. Every ball contains the number that the
formula gives for the exact data, so that its outer end is a bound.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, reduce

import sympy
from flint import arb

from .....theory.activations.activation import Activation
from .....theory.activations.functions import X
from .....theory.errors import DerivationGap, SpecError
from ....balls.ball import enclose
from ....balls.ends import nonnegative
from ....balls.precision import precision
from ....expressions.lowering import lower_arb
from ..bounds import OuterWeights
from ..scalar import ScalarLoss
from .activation import DescentActivation, descent_activation
from .inputs import InputMoments, LabelledInputs, input_moments


@dataclass(frozen=True, slots=True)
class Batches:
    """Mini-batches of ``size`` inputs, drawn anew at every step, with or without ``replacement``."""

    size: int
    replacement: bool = False

    def share(self, inputs: LabelledInputs) -> Fraction:
        """ν/b, the variance of a mean over a batch by that of one input.

        Raises :class:`SpecError` for a size that cannot be drawn, and for unequal weights without replacement.

        >>> from ....kernels.points import points
        >>> ten = LabelledInputs.of(points([[k + 1] for k in range(10)]), (1, -1) * 5)
        >>> Batches(9).share(ten), Batches(2, replacement=True).share(ten)
        (Fraction(1, 81), Fraction(1, 2))
        """
        n = inputs.points.n
        if self.size < 1:
            raise SpecError(f"a batch of {self.size} inputs is none: take at least 1.")
        if self.replacement:
            return Fraction(1, self.size)
        if not inputs.uniform:
            raise SpecError("inputs of different weights are drawn with replacement only.")
        if self.size > n:
            raise SpecError(f"a batch of {self.size} of {n} inputs needs replacement: take at most {n}.")
        return Fraction(n - self.size, (n - 1) * self.size) if n > 1 else Fraction(0)


@dataclass(frozen=True, eq=False)
class SgdSetting:
    r"""All constants; :meth:`of` makes one from exact data, ``dataclasses.replace`` changes a number in the formulas.

    ``slope`` M₁, ``bend`` M₂; ``norm``, ``trace``, ``frobenius`` of Σ_x; ``largest_input`` is max ‖x_i‖²; ``shares``
    the weights of the labels 1 and -1; ``at_zero`` is g(0), ``gradient_at_zero`` the norm of ∇g(0); ``noise_share`` is
    ν/b, 0 without mini-batches; ``largest_spread`` bounds q(1-q).

    >>> from ..scalar import reference
    >>> case = SgdSetting.scalar(reference("T1"))
    >>> case.convexity_threshold.str(8), case.smoothness.str(8)
    ('[3.8987180 +/- 3.62e-8]', '[6.7837180 +/- 3.62e-8]')
    """

    activation: DescentActivation
    outer: OuterWeights
    dimension: int
    regularisation: Fraction
    slope: arb
    bend: arb
    norm: arb
    trace: arb
    frobenius: arb
    largest_input: arb
    shares: tuple[Fraction, Fraction]
    at_zero: arb
    gradient_at_zero: arb
    noise_share: Fraction = Fraction(0)
    largest_spread: Fraction = Fraction(1, 4)
    bits: int = 128

    def __post_init__(self) -> None:
        if self.regularisation <= 0:
            raise SpecError("noisy descent has a stationary law only with regularisation: take lambda > 0.")

    @classmethod
    def of(
        cls,
        activation: Activation,
        outer: OuterWeights,
        inputs: LabelledInputs,
        regularisation: Fraction,
        batches: Batches | None = None,
        bits: int = 128,
    ) -> SgdSetting:
        """For exact data; raises :class:`DerivationGap` for an activation without M₁ or M₂, :class:`SpecError` for
        λ ≤ 0 and for batches that cannot be drawn."""
        moments, found = input_moments(inputs, bits), descent_activation(activation, bits)
        return cls.from_moments(found, outer, inputs, moments, regularisation, batches, bits)

    @classmethod
    def from_moments(
        cls,
        found: DescentActivation,
        outer: OuterWeights,
        inputs: LabelledInputs,
        moments: InputMoments,
        regularisation: Fraction,
        batches: Batches | None = None,
        bits: int = 128,
    ) -> SgdSetting:
        """The same, with the moments of the inputs given: several activations share them."""
        share = Fraction(0) if batches is None else batches.share(inputs)
        shares = (inputs.share(1), inputs.share(-1))
        with precision(bits):
            value = enclose(sum(outer.values, Fraction(0))) * lower_arb(found.activation.expression)(arb(0))
            at_zero = enclose(shares[0]) * loss(value) + enclose(shares[1]) * loss(-value)
            slope = lower_arb(sympy.diff(found.activation.expression, X))(arb(0))
            pull = slope * enclose(outer.two_squared).sqrt() * _mean_pull(inputs, value)
        return cls(
            found,
            outer,
            inputs.points.d,
            regularisation,
            found.slope,
            found.bend,
            moments.norm,
            moments.trace,
            moments.frobenius,
            moments.largest,
            shares,
            at_zero,
            abs(pull),
            share,
            bits=bits,
        )

    @classmethod
    def scalar(cls, case: ScalarLoss, batches: Batches | None = None, bits: int = 128) -> SgdSetting:
        """One weight: a reference case."""
        inputs = LabelledInputs.on_a_line(case.data)
        return cls.of(case.activation, case.weights, inputs, case.regularisation, batches, bits)

    # -- sizes ----------------------------------------------------------------------

    @property
    def width(self) -> int:
        """p."""
        return len(self.outer.values)

    @property
    def parameters(self) -> int:
        """N = pd."""
        return self.width * self.dimension

    @cached_property
    def rate(self) -> arb:
        """λ."""
        with precision(self.bits):
            return enclose(self.regularisation)

    @cached_property
    def outer_norm(self) -> arb:
        """The Euclidean norm of a."""
        with precision(self.bits):
            return enclose(self.outer.two_squared).sqrt()

    # -- the network's values -------------------------------------------------------

    @cached_property
    def values(self) -> tuple[arb, arb] | None:
        """Exact numbers between which all values of the network lie; None for an activation that is not bounded."""
        low, high = self.activation.low, self.activation.high
        if low is None or high is None:
            return None
        with precision(self.bits):
            ends = [(enclose(v) * low, enclose(v) * high) for v in self.outer.values]
            least = sum((a.min(b) for a, b in ends), arb(0))
            most = sum((a.max(b) for a, b in ends), arb(0))
            return least.lower(), most.upper()

    @cached_property
    def largest_q(self) -> arb:
        """The bound of q_i = 1/(1 + exp(y_i f_i))."""
        if self.values is None:
            return arb(1)
        low, high = self.values
        with precision(self.bits):
            worst = [-low] * (self.shares[0] > 0) + [high] * (self.shares[1] > 0)
            return 1 / (1 + (-reduce(arb.max, worst)).exp())

    @cached_property
    def loss_floor(self) -> arb:
        """g_inf, a lower bound of the data term."""
        if self.values is None:
            return arb(0)
        low, high = self.values
        with precision(self.bits):
            return enclose(self.shares[0]) * loss(high) + enclose(self.shares[1]) * loss(-low)

    @cached_property
    def loss_ceiling(self) -> arb | None:
        """An upper bound of the data term; None for an activation that is not bounded."""
        if self.values is None:
            return None
        low, high = self.values
        with precision(self.bits):
            return enclose(self.shares[0]) * loss(low) + enclose(self.shares[1]) * loss(-high)

    @cached_property
    def oscillation(self) -> arb | None:
        """An upper bound of sup g - inf g; None for an activation that is not bounded."""
        if self.loss_ceiling is None:
            return None
        with precision(self.bits):
            return self.loss_ceiling - self.loss_floor

    # -- derivatives ----------------------------------------------------------------

    @cached_property
    def _pull(self) -> arb:
        """The bound of the part of the Hessian that may be negative, by Σ_x."""
        return self.largest_q * self.bend * enclose(self.outer.infinity)

    @cached_property
    def _spread(self) -> arb:
        """The bound of the part of Gauss and Newton, by Σ_x."""
        return self.slope**2 * enclose(self.largest_spread * self.outer.two_squared)

    @cached_property
    def convexity_threshold(self) -> arb:
        """λ_cvx: the Hessian of the data term is at least minus this."""
        with precision(self.bits):
            return self._pull * self.norm

    @cached_property
    def strong_convexity(self) -> arb:
        """m = λ - λ_cvx, of either sign."""
        with precision(self.bits):
            return self.rate - self.convexity_threshold

    @property
    def convex(self) -> bool:
        """Whether m > 0 is proved."""
        return bool(self.strong_convexity > 0)

    @cached_property
    def smoothness(self) -> arb:
        """Λ, a bound of the norm of the Hessian of the loss."""
        with precision(self.bits):
            return self.rate + (self._spread + self._pull) * self.norm

    @cached_property
    def hessian_trace(self) -> arb:
        """T, the trace of the matrix that bounds the Hessian from both sides."""
        with precision(self.bits):
            return self.rate * self.parameters + (self._spread + self._pull) * self.width * self.trace

    @cached_property
    def gradient(self) -> arb:
        """G, a bound of the gradient of the data term."""
        with precision(self.bits):
            return self.largest_q * self.slope * self.outer_norm * nonnegative(self.norm).sqrt()

    @cached_property
    def laplacian(self) -> arb:
        """D, a bound of its Laplacian."""
        with precision(self.bits):
            return self.trace * (self._spread + self.largest_q * self.bend * enclose(self.outer.one))

    @cached_property
    def radial(self) -> arb:
        """X: the radial derivative of the data term is at least -X.

        Raises :class:`DerivationGap` where neither χ nor κ is known to be finite.
        """
        chi, defect = self.activation.chi, self.activation.defect
        with precision(self.bits):
            one = enclose(self.outer.one)
            found = []
            if chi is not None:
                found.append(self.largest_q * chi * one)
            if defect is not None:
                found.append((-arb(1)).exp().lambertw() + defect * one)
            if not found:
                name = self.activation.activation.name
                raise DerivationGap(f"neither sup|z sigma'(z)| nor sup|sigma - z sigma'| of {name} was bounded.")
            return found[0] if len(found) == 1 else found[0].min(found[1])

    # -- the noise of mini-batches --------------------------------------------------

    @cached_property
    def _gradient_variance(self) -> arb:
        return enclose(self.noise_share) * (self.largest_q * self.slope * self.outer_norm) ** 2

    @cached_property
    def noise(self) -> arb:
        """σ², a bound of the mean squared norm of the noise of mini-batches; 0 without them."""
        with precision(self.bits):
            return self._gradient_variance * self.trace

    @cached_property
    def noise_frobenius(self) -> arb:
        """C_F, a bound of the Frobenius norm of its covariance."""
        with precision(self.bits):
            return self._gradient_variance * self.frobenius

    @cached_property
    def noise_bound(self) -> arb:
        """b_∞, a bound of its norm; 0 where there is none."""
        if self.noise_share == 0:
            return arb(0)
        with precision(self.bits):
            return 2 * self.largest_q * self.slope * self.outer_norm * self.largest_input.sqrt()

    # -- the minimiser --------------------------------------------------------------

    @cached_property
    def room_at_zero(self) -> arb:
        r"""A bound of L(0) - inf L: the least of g(0) - g_inf, G²/(2λ) and, where m > 0, |∇L(0)|²/(2m)."""
        with precision(self.bits):
            found = (self.at_zero - self.loss_floor).min(self.gradient**2 / (2 * self.rate))
            return found.min(self.gradient_at_zero**2 / (2 * self.strong_convexity)) if self.convex else found

    @cached_property
    def minimiser(self) -> arb:
        """A bound of the squared norm of every minimiser.

        The least of 2(g(0) - g_inf)/λ, (G/λ)², X/λ and, where m > 0, (|∇L(0)|/m)².
        """
        with precision(self.bits):
            found = (2 * (self.at_zero - self.loss_floor) / self.rate).min((self.gradient / self.rate) ** 2)
            if self.convex:
                found = found.min((self.gradient_at_zero / self.strong_convexity) ** 2)
            try:
                return nonnegative(found.min(self.radial / self.rate))
            except DerivationGap:
                return nonnegative(found)


def _mean_pull(inputs: LabelledInputs, value: arb) -> arb:
    r"""The norm of :math:`\sum_i\omega_iy_iq_ix_i` where the network has one value at all inputs."""
    q = {1: 1 / (1 + value.exp()), -1: 1 / (1 + (-value).exp())}
    total = [arb(0)] * inputs.points.d
    for i, (label, weight) in enumerate(zip(inputs.labels, inputs.weights, strict=True)):
        factor = label * q[label] * enclose(weight) * enclose(inputs.scale_squared(i)).sqrt()
        total = [t + factor * enclose(x) for t, x in zip(total, inputs.points.entries(i), strict=True)]
    return sum((t * t for t in total), arb(0)).sqrt()


def loss(margin: arb) -> arb:
    """The logistic loss log(1 + exp(-m)).

    >>> loss(arb(0)).overlaps(arb(2).log()), loss(arb(-1000)) - 1000 < arb(2) ** -30
    (True, True)
    """
    return (-margin).exp().log1p() if margin > 0 else margin.exp().log1p() - margin

r"""The constants of the theorems for one network and one data set, in ball arithmetic.

With :math:`M_1=\sup|\sigma'|`, :math:`M_2=\sup|\sigma''|`, outer weights a, N = pd weights in the inner layer and
:math:`\lVert x_i\rVert\le B`, for the logistic loss

.. math::
    \lVert\nabla g\rVert\le G = M_1 B\lVert a\rVert_2,\qquad
    |\Delta g|\le D = B^2\bigl(\tfrac14M_1^2\lVert a\rVert_2^2 + M_2\lVert a\rVert_1\bigr),\qquad
    \lambda_{cvx} = B^2M_2\lVert a\rVert_\infty,

where g is the loss without its regulariser. Proofs: docs/papers/two_layer_logistic/proofs.md, sections 4 to 7.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from flint import arb

from ....theory.errors import DerivationGap, SpecError
from ...balls.ball import enclose
from ...balls.precision import precision
from .constants import ActivationConstants


@dataclass(frozen=True, slots=True)
class OuterWeights:
    """The fixed outer layer a, exactly.

    >>> a = alternating(4, Fraction(1, 2))
    >>> a.values, a.one, a.two_squared, a.infinity
    ((Fraction(1, 2), Fraction(-1, 2), Fraction(1, 2), Fraction(-1, 2)), Fraction(2, 1), Fraction(1, 1), Fraction(1, 2))
    """

    values: tuple[Fraction, ...]

    def __post_init__(self) -> None:
        if not any(self.values):
            raise SpecError("the outer weights are all zero, so the network is zero: give a non-zero outer weight.")

    @property
    def one(self) -> Fraction:
        """The sum of absolute values."""
        return sum((abs(v) for v in self.values), Fraction(0))

    @property
    def two_squared(self) -> Fraction:
        """The sum of squares."""
        return sum((v * v for v in self.values), Fraction(0))

    @property
    def infinity(self) -> Fraction:
        """The largest absolute value."""
        return max(abs(v) for v in self.values)


def alternating(width: int, size: Fraction) -> OuterWeights:
    """The weights size, -size, size, ... ; raises :class:`SpecError` for a width below 1."""
    if width < 1:
        raise SpecError(f"a network of width {width} is empty: the width must be at least 1.")
    return OuterWeights(tuple(size if j % 2 == 0 else -size for j in range(width)))


@dataclass(frozen=True, slots=True)
class LogisticBounds:
    """The constants of the theorems; every method works at ``bits`` binary digits and returns balls.

    ``slope`` and ``bend`` enclose M₁ and M₂, ``norm_squared`` encloses B², ``dimension`` is d. The constants of the
    formulas are ``largest_q``, the bound of |q|, and ``largest_spread``, that of q(1 - q); smaller ones plant
    falsehoods.
    """

    slope: arb
    bend: arb
    outer: OuterWeights
    norm_squared: arb
    dimension: int
    regularisation: Fraction
    bits: int = 128
    largest_q: Fraction = Fraction(1)
    largest_spread: Fraction = Fraction(1, 4)

    @classmethod
    def of(
        cls,
        constants: ActivationConstants,
        outer: OuterWeights,
        norm_squared: Fraction | int,
        dimension: int,
        regularisation: Fraction,
        bits: int = 128,
    ) -> LogisticBounds:
        """For an activation; raises :class:`DerivationGap` when M₁ or M₂ is not known to be finite."""
        slope, bend = constants.slope.value, constants.bend.value
        if slope is None or bend is None:
            reason = constants.slope.reason or constants.bend.reason
            raise DerivationGap(f"a derivative of {constants.name} is not known to be bounded: {reason}.")
        with precision(bits):
            return cls(slope, bend, outer, enclose(norm_squared), dimension, regularisation, bits)

    @property
    def parameters(self) -> int:
        """N = pd."""
        return len(self.outer.values) * self.dimension

    @property
    def gradient(self) -> arb:
        """G."""
        with precision(self.bits):
            return enclose(self.largest_q) * self.slope * (self.norm_squared * enclose(self.outer.two_squared)).sqrt()

    @property
    def _spread(self) -> arb:
        """The bound of q(1 - q) |∇f|²/|x|²."""
        return self.slope**2 * enclose(self.largest_spread * self.outer.two_squared)

    @property
    def laplacian(self) -> arb:
        """D."""
        with precision(self.bits):
            return self.norm_squared * (self._spread + self.bend * enclose(self.largest_q * self.outer.one))

    @property
    def convexity_threshold(self) -> arb:
        """λ_cvx: above it the loss is strongly convex."""
        with precision(self.bits):
            return self.norm_squared * self.bend * enclose(self.largest_q * self.outer.infinity)

    @property
    def published_threshold(self) -> arb:
        r"""The sufficient threshold as recalled from the papers: :math:`M_1^2B^2\lVert a\rVert_2^2/2`."""
        with precision(self.bits):
            return self.slope**2 * self.norm_squared * enclose(self.outer.two_squared) / 2

    @property
    def smoothness(self) -> arb:
        """An upper bound of the Lipschitz constant of the gradient of the loss."""
        with precision(self.bits):
            bend = self.bend * enclose(self.largest_q * self.outer.infinity)
            return enclose(self.regularisation) + self.norm_squared * (self._spread + bend)

    @property
    def strong_convexity(self) -> arb:
        """λ - λ_cvx, a lower bound of the Hessian (of either sign)."""
        with precision(self.bits):
            return enclose(self.regularisation) - self.convexity_threshold

    def growth(self, norm: arb, step: Fraction) -> arb:
        r"""The lower bound :math:`(\lambda\lVert W\rVert-G)_+^2/s-\lambda pd-D` of V at a norm."""
        with precision(self.bits):
            rate = enclose(self.regularisation)
            excess = (rate * norm - self.gradient).max(arb(0))
            return excess * excess / enclose(step) - rate * self.parameters - self.laplacian

    def radius(self, level: Fraction, step: Fraction) -> arb:
        r"""The radius beyond which :math:`V\ge K`; raises :class:`SpecError` at λ = 0, where there is none."""
        if self.regularisation <= 0:
            raise SpecError("without regularisation (lambda = 0) V is bounded, so no radius exists: take lambda > 0.")
        with precision(self.bits):
            rate = enclose(self.regularisation)
            inner = enclose(step) * (enclose(level) + rate * self.parameters + self.laplacian)
            return (self.gradient + inner.nonnegative_part().sqrt()) / rate

    def ceiling(self, step: Fraction) -> arb:
        r"""The bound :math:`G^2/s+D` of :math:`|V|` at λ = 0."""
        with precision(self.bits):
            return self.gradient**2 / enclose(step) + self.laplacian

    def second_moment(self, step: Fraction) -> arb:
        r"""The bound r² of :math:`\mathbb E_{\mu_s}\lVert W\rVert^2` by integration by parts."""
        with precision(self.bits):
            rate = enclose(self.regularisation)
            root = (self.gradient**2 + 2 * rate * self.parameters * enclose(step)).nonnegative_part().sqrt()
            return ((self.gradient + root) / (2 * rate)) ** 2

    def stationary_excess(self, step: Fraction, second_moment: arb | None = None) -> arb:
        r"""The bound :math:`\tfrac{sN}4\log\tfrac{2e\,\mathrm{gLip}\,r^2}{sN}` of the stationary excess."""
        with precision(self.bits):
            r2 = self.second_moment(step) if second_moment is None else second_moment
            s, n = enclose(step), self.parameters
            return s * n / 4 * (2 * arb.const_e() * self.smoothness * r2 / (s * n)).log()

    def descent(self, step: Fraction, steps: int, distance_squared: arb) -> arb:
        r"""The bound :math:`\tfrac\Lambda2[(1-sm)^{2k}\mathbb E\lVert W_0-W_*\rVert^2+sN/(m(2-sm))]` of the excess.

        :math:`\Lambda` is :attr:`smoothness`, m is :attr:`strong_convexity`; for m > 0 and
        :math:`s\le2/(m+\Lambda)`. ``distance_squared`` bounds the expected squared distance of the start.
        """
        with precision(self.bits):
            s, m, curvature = enclose(step), self.strong_convexity, self.smoothness
            start = (1 - s * m) ** (2 * steps) * distance_squared
            return curvature / 2 * (start + s * self.parameters / (m * (2 - s * m)))


def log_partition_bound(regularisation: Fraction, parameters: int, step: Fraction, bits: int = 128) -> arb:
    r"""The logarithm of :math:`(\pi s/\lambda)^{N/2}`, which bounds that of :math:`\int e^{-2L/s}`."""
    with precision(bits):
        return (arb.pi() * enclose(step / regularisation)).log() * parameters / 2


def holley_stroock(regularisation: Fraction, oscillation: arb, step: Fraction, bits: int = 128) -> arb:
    r"""The lower bound :math:`\lambda e^{-2\operatorname{osc}(g)/s}` of the spectral gap.

    >>> round(float(holley_stroock(Fraction(1, 100), arb(1), Fraction(2))), 12)
    0.003678794412
    """
    with precision(bits):
        return enclose(regularisation) * (-2 * oscillation / enclose(step)).exp()


def oscillation(low: arb, high: arb, outer: OuterWeights, signs: tuple[int, ...], bits: int = 128) -> arb:
    r"""A bound of :math:`\operatorname{osc}(g)` when :math:`\sigma` takes values in [``low``, ``high``].

    ``signs`` are the labels that occur. :math:`f` lies in :math:`[f_-,f_+]`, and each summand of g oscillates by at
    most :math:`\ell(f_-)-\ell(f_+)` (label 1) or :math:`\ell(-f_+)-\ell(-f_-)` (label -1).

    >>> oscillation(arb(-1), arb(1), alternating(2, Fraction(1)), (1, -1)).contains(2)
    True
    """
    with precision(bits):
        ends = [(enclose(v) * low, enclose(v) * high) for v in outer.values]
        least = sum((a.min(b) for a, b in ends), arb(0))
        most = sum((a.max(b) for a, b in ends), arb(0))
        loss = {1: _loss(least) - _loss(most), -1: _loss(-most) - _loss(-least)}
        found = [loss[sign] for sign in sorted(set(signs))]
        return found[0] if len(found) == 1 else found[0].max(found[1])


def _loss(margin: arb) -> arb:
    r"""The logistic loss :math:`\log(1+e^{-m})`."""
    return (-margin).exp().log1p() if margin > 0 else margin.exp().log1p() - margin

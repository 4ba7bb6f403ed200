r"""Entries of the population Gram matrix for two inputs of any norms, and the matrix made of them at any precision.

:math:`\rho_{ij}` is the fixed point of :math:`T(\rho) = (2\sigma_w^2 K_{ij}(\rho) + 2 c_{ij})/\sqrt{s_i s_j}` with
:math:`K_{ij}(\rho) = \sum_r \mu_r(\sqrt{s_i})\,\mu_r(\sqrt{s_j})\,\rho^r`, a contraction of [-1, 1] with constant
:math:`2\sigma_w^2 L^2`. Proofs: ``docs/papers/deep_equilibrium/kernel.md``, section 5.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial

from flint import arb, arb_mat, arb_poly

from .....theory.activations.activation import Activation
from .....theory.errors import PrecisionExhausted, SpecError
from ....balls.ball import enclose
from ....balls.banach import banach
from ....balls.ends import between, nonnegative
from ....balls.precision import precision
from ....dual import dual, vanishes_at_zero
from ....hermite import HermiteTransform, hermite_transform
from ....kernels.ballmatrix import BallMatrix
from ....kernels.input_gram import InputGram
from ....kernels.points import Points
from .contraction import contraction_squared
from .variance import variance_fixed_point

GUARD = 24
"""Extra working bits of the fixed points and transforms."""
SLACK_BITS = 8
"""A radius of the series beyond 2^(SLACK_BITS - bits) is mended by the dual activation, where that is sharper."""
STEPS = 64
"""Newton steps allowed; quadratic convergence needs about ten, and the enclosure is valid wherever they stop."""


@dataclass(frozen=True, slots=True, eq=False)
class PairFixedPoint:
    r"""``rho`` encloses the correlation :math:`\rho_{ij}` in [-1, 1], ``value`` the Gram entry :math:`K_{ij}`."""

    rho: arb
    value: arb


def equilibrium_pair(
    activation: Activation,
    hermite_i: HermiteTransform,
    hermite_j: HermiteTransform,
    sigma_w2: Fraction,
    c_ij: Fraction | arb,
    bits: int,
    *,
    lipschitz: arb | None,
    dual: Callable[[arb, arb, arb], arb] | None = None,
    start: arb | None = None,
) -> PairFixedPoint:
    r"""Enclose :math:`\rho_{ij}` and :math:`K_{ij}` for two inputs whose variances are those of the Hermite transforms.

    .. math:: |\rho_{ij} - \tilde\rho| \le \frac{|T(\tilde\rho) - \tilde\rho|}{1 - 2\sigma_w^2 L^2}, \qquad
              \Bigl|K_{ij}(\rho) - \sum_{r \le R} \mu_r \mu_r' \rho^r\Bigr| \le |\rho|^{R+1} \sqrt{\tau_i \tau_j},

    with :math:`\tau` the tails of the transforms, which are taken at the fixed points
    :math:`s_i = 2C_{ii} + 2\sigma_w^2 q_i` of :func:`~.variance.variance_fixed_point`.
    ``c_ij`` is the entry of the input Gram matrix, with :math:`c_{ij}^2 = c_{ii}c_{jj}` allowed. ``dual(a, b, c)``,
    when given, encloses :math:`E\,\varphi(u)\varphi(v)` and replaces the series, whose tail is large near
    :math:`|\rho| = 1`. ``start`` is a guess of the correlation, which saves steps.

    Raises :class:`SpecError` when :math:`c_{ij}^2 > c_{ii} c_{jj}` is proved or σ_w² is outside the contraction range,
    :class:`PrecisionExhausted` when a variance is not proved positive. Source: truong2023deq (the limit); own proof in
    ``docs/papers/deep_equilibrium/kernel.md``, section 5.
    """
    with precision(bits):
        theta2 = contraction_squared(activation.name, sigma_w2, lipschitz)
        w, c = enclose(2 * sigma_w2), c_ij if isinstance(c_ij, arb) else enclose(c_ij)
        s_i, s_j = hermite_i.variance, hermite_j.variance
        _refuse_impossible(c, s_i - w * hermite_i.second_moment, s_j - w * hermite_j.second_moment)
        scale = (s_i * s_j).sqrt()
        if not scale > 0:
            raise PrecisionExhausted("a pre-activation variance is not proved positive: ask for more bits.")
        odd = activation.parity == "odd"
        products = [
            arb(0) if odd and r % 2 == 0 else a * b
            for r, (a, b) in enumerate(zip(hermite_i.coefficients, hermite_j.coefficients, strict=False))
        ]
        head, tail = arb_poly(products), _tail(hermite_i, hermite_j, len(products))

        def kernel(rho: arb) -> arb:
            if dual is not None:
                return dual(s_i, s_j, rho * scale)
            return head(rho) + arb(0, (rho.abs_upper() ** len(products) * tail).upper())

        point = _clip((2 * c / scale if start is None else start).mid())
        if sigma_w2 == 0:
            rho = _within_one(2 * c / scale)
            return PairFixedPoint(rho, kernel(rho))
        slope_of = head.derivative()
        image = (w * kernel(point) + 2 * c) / scale
        for _ in range(STEPS):
            step = (image.mid() - point) / (1 - _cut(w * slope_of(point) / scale, theta2))
            moved = _clip((point + step).mid())
            if abs(moved - point) <= image.rad() + arb((1, -bits)):
                break
            point, image = moved, (w * kernel(moved) + 2 * c) / scale
        rho = _within_one(banach(point, image, theta2))
        slack = theta2 / w * scale * abs(rho - point)
        value = kernel(point) + arb(0, slack.upper())
        return PairFixedPoint(rho, value)


def _tail(first: HermiteTransform, second: HermiteTransform, terms: int) -> arb:
    """An upper bound of ``sqrt(tail · tail)``, both tails taken after the same number of terms."""
    tails = [nonnegative(h.tail) + sum((mu * mu for mu in h.coefficients[terms:]), arb(0)) for h in (first, second)]
    return nonnegative(tails[0] * tails[1]).sqrt().upper()


def _refuse_impossible(c: arb, twice_c_ii: arb, twice_c_jj: arb) -> None:
    if 4 * c * c > twice_c_ii * twice_c_jj:
        raise SpecError(
            f"c_ij = {c.str(8, radius=False)} breaks the Cauchy-Schwarz inequality c_ij^2 <= c_ii c_jj with "
            f"c_ii = {(twice_c_ii / 2).str(8, radius=False)}, c_jj = {(twice_c_jj / 2).str(8, radius=False)}: "
            "the input Gram matrix is not positive semidefinite."
        )


def _clip(x: arb) -> arb:
    """An exact point moved into [-1, 1]."""
    return arb(1) if x > 1 else arb(-1) if x < -1 else x


def _within_one(rho: arb) -> arb:
    """The part in [-1, 1] of the ball of a correlation."""
    return rho if rho.abs_upper() <= 1 else between(_clip(rho.lower()), _clip(rho.upper()))


def _cut(slope: arb, bound: arb) -> arb:
    """The midpoint of a slope, cut to the range in which the true one lies; it steers Newton and proves nothing."""
    middle, limit = slope.mid(), bound.lower()
    return limit if middle > limit else -limit if middle < -limit else middle


@dataclass(frozen=True, eq=False)
class EquilibriumPairs:
    """Entries for two inputs of given norms, with transforms that equal norms share."""

    activation: Activation
    sigma_w2: Fraction
    bits: int
    lipschitz: arb
    max_terms: int
    transforms: dict[Fraction, HermiteTransform] = field(default_factory=dict)

    def transform(self, norm: Fraction) -> HermiteTransform:
        """The Hermite transform at the variance of the equilibrium on an input with ``|x|²/d`` = ``norm``."""
        work, order = self.bits + GUARD, min(max(2 * self.bits, 32), self.max_terms)
        if norm not in self.transforms:
            point = variance_fixed_point(
                self.activation, self.sigma_w2, work, lipschitz=self.lipschitz, input_variance=2 * norm
            )
            self.transforms[norm] = hermite_transform(self.activation, order, point.s, work)
        return self.transforms[norm]

    def entry(self, first: Fraction, second: Fraction, c: Fraction) -> arb:
        """The entry of two different inputs: by the series, or by the dual activation where that is sharper."""
        work = self.bits + GUARD
        pair = partial(
            equilibrium_pair,
            self.activation,
            self.transform(first),
            self.transform(second),
            self.sigma_w2,
            c,
            work,
            lipschitz=self.lipschitz,
        )
        found = pair()
        if not found.value.rad() > (1 + abs(found.value)).upper() * arb((1, SLACK_BITS - self.bits)):
            return found.value
        other = pair(dual=lambda a, b, c: dual(self.activation, a, b, c, work), start=found.rho).value
        return other if other.rad() < found.value.rad() else found.value


def pair_matrix(
    activation: Activation,
    source: Points | InputGram,
    sigma_w2: Fraction,
    bits: int,
    *,
    lipschitz: arb,
    max_terms: int,
) -> BallMatrix:
    r"""The matrix K of inputs with any norms, (n, n) balls at ``bits``: one scalar fixed point for each pair.

    The diagonal is q_i; off it :math:`\rho_{ij}` comes from Banach's bound with the Hermite series, or with the dual
    activation where the tail of ``max_terms`` orders is too large (correlations near ±1). Equal pairs of norms share
    their transforms; n(n-1)/2 fixed points are solved one by one, so this is for small n.
    """
    n, pairs = source.n, EquilibriumPairs(activation, sigma_w2, bits, lipschitz, max_terms)
    norms = [source.second_moment(i) for i in range(n)]
    share = source.d if isinstance(source, Points) else 1
    result = arb_mat(n, n)
    with precision(bits):
        for i in range(n):
            result[i, i] = +pairs.transform(norms[i]).second_moment
            for j in range(i):
                result[i, j] = result[j, i] = +pairs.entry(norms[i], norms[j], source.inner(i, j) / share)
        return BallMatrix.from_arb(result, (f"ball arithmetic at {bits} bits, pair by pair",))


def zero_input(
    activation: Activation,
    norms: Sequence[Fraction],
    sigma_w2: Fraction,
    bits: int,
    *,
    lipschitz: arb,
    max_terms: int,
) -> list[arb]:
    r"""The entries :math:`K(0, x)` for inputs with these :math:`|x|^2/d`, 0 among them; exact zeros if φ(0) = 0.

    The pre-activation of a zero input has the variance :math:`s_0 = 2\sigma_w^2q_0`, the fixed point without an input
    term; its correlation with another one comes from the weights W alone.
    docs/papers/deep_equilibrium/kernel.md, section 5.
    """
    if vanishes_at_zero(activation):
        return [arb(0)] * len(norms)
    zero = Fraction(0)
    if sigma_w2 == 0:
        return [dual(activation, zero, 2 * norm, zero, bits + GUARD) for norm in norms]
    pairs = EquilibriumPairs(activation, sigma_w2, bits, lipschitz, max_terms)
    values = {norm: pairs.entry(zero, norm, zero) for norm in {*norms} - {zero}}
    values[zero] = pairs.transform(zero).second_moment
    return [values[norm] for norm in norms]

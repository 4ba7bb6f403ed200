r"""One off-diagonal entry of the population Gram matrix, for two inputs of any norms.

:math:`\rho_{ij}` is the fixed point of :math:`T(\rho) = (2\sigma_w^2 K_{ij}(\rho) + 2 c_{ij})/\sqrt{s_i s_j}` with
:math:`K_{ij}(\rho) = \sum_r \mu_r(\sqrt{s_i})\,\mu_r(\sqrt{s_j})\,\rho^r`, a contraction of [-1, 1] with constant
:math:`2\sigma_w^2 L^2`. Proofs: ``docs/papers/deep_equilibrium/kernel.md``, section 5.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from flint import arb, arb_poly

from .....theory.activations.activation import Activation
from .....theory.errors import PrecisionExhausted, SpecError
from ....balls.ball import enclose
from ....balls.banach import banach
from ....balls.ends import between, nonnegative
from ....balls.precision import precision
from ....hermite import HermiteTransform
from .contraction import contraction_squared

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

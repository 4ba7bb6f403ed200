r"""The arc-cosine kernel of order one on unit vectors, as a closed form and as a certified power series.

.. math:: g(\rho) = \mathbb E\,\sigma(w\cdot x)\sigma(w\cdot x')
          = \frac{\sqrt{1-\rho^2} + (\pi-\arccos\rho)\rho}{2\pi}
          = \frac1{2\pi} + \frac\rho4 + \sum_{k\ge1} c_k \rho^{2k},\qquad
          c_k = \frac{\binom{2k}{k}}{2\pi\,4^k(2k-1)^2}.

Proofs: ``docs/papers/implicit_relu/proofs.md``, "Arc-cosine kernel", "Power series" and "Hermite bounds".
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate
from operator import mul

from flint import arb, arb_mat

from ....theory.verdict import Evidence
from ...balls.ball import Ball, enclose
from ...balls.enclosure import Enclosure, float_above, float_below
from ...balls.ends import between, within_unit
from ...balls.precision import precision
from ...kernels.ballmatrix import BallMatrix
from ...kernels.series import DotProductSeries

GUARD_BITS = 32
"""Extra working precision of the closed form: sqrt(1 - t^2) and acos lose half the bits near t = 1."""


def arc_cosine(t: arb) -> arb:
    r"""Enclose :math:`g(t)` by the closed form, for the number in [-1, 1] that the ball ``t`` encloses.

    The angle is taken from ``atan2`` on the side where it is far from its cut, so that balls that touch ±1 are fine.
    Raises ``ValueError`` when the ball has no point in [-1, 1]. Source: cho2009;
    ``docs/papers/implicit_relu/proofs.md``.

    >>> print(arc_cosine(arb(1)), arc_cosine(arb(-1)))
    0.500000000000000 0
    >>> bool(arc_cosine(arb(0)).overlaps(1 / (2 * arb.pi())))
    True
    """
    if t.abs_lower() > 1:
        raise ValueError(f"a cosine lies in [-1, 1], not at {t}")
    if t == 1:
        return arb(1) / 2
    t = within_unit(t)
    height = ((1 - t) * (1 + t)).nonnegative_part().sqrt()
    turned = arb.atan2(height, -t) if t < 0 else arb.pi() - arb.atan2(height, t)
    return ((height + turned * t) / (2 * arb.pi())).nonnegative_part()


def arc_cosine_series(order: int, bits: int) -> DotProductSeries:
    r"""The kernel as a dot-product series with coefficients 0..``order``; its mass is g(1) = 1/2, hence its tail.

    >>> g = arc_cosine_series(8, 64)
    >>> print(g.coefficients[1], g.coefficients[3], g.mass)
    0.250000000000000 0 0.500000000000000
    """
    with precision(bits + GUARD_BITS):
        ratios = (arb((2 * k - 1) ** 2) / ((2 * k + 1) * (2 * k + 2)) for k in range(order // 2))
        coefficients = [arb(0)] * (order + 1)
        coefficients[::2] = accumulate(ratios, mul, initial=1 / (2 * arb.pi()))
        if order:
            coefficients[1] = arb(1) / 4
        return DotProductSeries(tuple(coefficients), arb(1) / 2)


def arc_cosine_matrix(cosines: arb_mat, bits: int) -> BallMatrix:
    r"""The matrix :math:`g(C_{ij})` in ball arithmetic, the diagonal exactly 1/2; (n, n).

    >>> from ...kernels.cosines import cosines_arb
    >>> found = arc_cosine_matrix(cosines_arb([[1.0, 0.0], [0.0, 2.0]], 64), 64)
    >>> float(found.mid[0, 0]), round(float(found.mid[0, 1]), 12)
    (0.5, 0.159154943092)
    """
    n = cosines.nrows()
    with precision(bits + GUARD_BITS):
        result = arb_mat(n, n)
        for i in range(n):
            result[i, i] = arb(1) / 2
            for j in range(i):
                result[i, j] = result[j, i] = arc_cosine(cosines[i, j])
        return BallMatrix.from_arb(result, (f"closed form of the arc-cosine kernel at {bits} bits",))


def pair_eigenvalue(cosine: arb | None, bits: int = 128) -> Enclosure:
    r""":math:`\lambda_0 = 1/2 - g(\rho)` of two unit inputs of cosine ρ; 1/2 for a single one (None).

    >>> pair_eigenvalue(arb(0)).contains(0.34084505690810466)
    True
    """
    with precision(bits):
        value = arb(1) / 2 if cosine is None else (arb(1) / 2 - arc_cosine(cosine)).nonnegative_part()
        return _enclosure(value, "closed form of two inputs")


@dataclass(frozen=True, slots=True)
class HermiteBound:
    r"""The lower bounds of :math:`\lambda_0` through Gershgorin's discs of the even Schur powers.

    ``single`` encloses :math:`\max_k \mu_{2k}^2(1-(n-1)\rho^{2k})`, attained at ``order`` = k; ``summed`` the sum over
    all k of the positive ones; ``simple_order`` is the least k with :math:`(n-1)\rho^{2k} \le 1/2` and ``simple`` half
    of its weight (None when no k up to the limit has it).
    """

    order: int
    single: Enclosure
    summed: Enclosure
    simple_order: int | None
    simple: Enclosure | None


def hermite_bound(n: int, rho: tuple[Fraction, Fraction], *, terms: int = 512, bits: int = 128) -> HermiteBound:
    r"""Both Hermite bounds for n points whose largest :math:`|\cos|` lies between the two rationals ``rho``.

    The factors of the terms beyond ``terms`` lie between the next one (or 0) and 1. For n = 1 every disc is a point.

    >>> found = hermite_bound(2, (Fraction(1, 2), Fraction(1, 2)))
    >>> found.order, round(found.single.lower, 9)
    (1, 0.059683104)
    """
    with precision(bits):
        low, high = (enclose(q) for q in rho)
        square = (between(low, high) if low < high else low) ** 2
        series = arc_cosine_series(2 * terms, bits)
        weights = series.coefficients[2::2]
        factors = [1 - (n - 1) * power for power in accumulate([square] * (terms + 1), mul)]
        values = [weight * factor for weight, factor in zip(weights, factors, strict=False)]
        best = max(range(terms), key=lambda k: Ball(values[k]).lower)
        rest = factors[-1].nonnegative_part()  # every later factor lies between this and 1
        total = sum((value.nonnegative_part() for value in values if not value < 0), arb(0))
        simple = next((k for k, factor in enumerate(factors[:-1], 1) if factor >= arb(1) / 2), None)
        return HermiteBound(
            best + 1,
            _enclosure(values[best], f"k = {best + 1}"),
            _enclosure(total + series.tail * between(rest.lower(), arb(1)), "sum over k"),
            simple,
            None if simple is None else _enclosure(weights[simple - 1] / 2, f"half the weight of order {2 * simple}"),
        )


def _enclosure(x: arb, method: str) -> Enclosure:
    ball = Ball(x)
    return Enclosure(float_below(ball.lower), float_above(ball.upper), Evidence.ENCLOSED, method)

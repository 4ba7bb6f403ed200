r"""Hermite coefficients of functions that are polynomials times exponentials between thresholds.

With :math:`I_r=\int_{\tau_0}^{\tau_1}e^{\lambda z}\,\mathrm{He}_r(z)\phi(z)\,dz`, :math:`\lambda=p\sigma`,
integration by parts (:math:`\mathrm{He}_r\phi=-(\mathrm{He}_{r-1}\phi)'`) gives

.. math:: I_0=e^{\lambda^2/2}\bigl(\Phi(\tau_1-\lambda)-\Phi(\tau_0-\lambda)\bigr),\qquad
          I_r=\lambda I_{r-1}-\Bigl[e^{\lambda z}\mathrm{He}_{r-1}(z)\phi(z)\Bigr]_{\tau_0}^{\tau_1},

and a factor x acts by :math:`\mu_r(xf)=\sigma(\sqrt{r+1}\,\mu_{r+1}(f)+\sqrt r\,\mu_{r-1}(f))`. The second
moment is the coefficient of order 0 of the square, piece by piece.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import sympy
from flint import arb

from ...theory.activations.elementary_terms import Term
from ...theory.activations.pieces import Piece, pieces
from ...theory.derivations.functions import terms
from ...theory.errors import DerivationGap
from ..balls.ball import enclose
from ..balls.precision import precision
from ..expressions.lowering import constant
from ..hermite import HermiteTransform
from ..hermite.kernels import times_x
from .special import normal_cdf

GUARD = 64
"""Extra bits for the recurrence, next to two for each order."""


def transform(f: sympy.Expr, order: int, variance: Fraction, bits: int) -> HermiteTransform | None:
    """The transform of a function with thresholds, None when it is not of this kind.

    >>> from ...theory.activations.functions import X
    >>> found = transform(sympy.Heaviside(X), 2, Fraction(1), 64)
    >>> [bool(mu.overlaps(x)) for mu, x in zip(found.coefficients, (arb(0.5), 1 / (2 * arb.pi()).sqrt(), arb(0)))]
    [True, True, True]
    """
    try:
        found = pieces(f)
        parts = [(piece, terms(piece.expression)) for piece in found]
        squares = [(piece, terms(sympy.expand(piece.expression**2))) for piece in found]
    except DerivationGap:
        return None
    if len(found) < 2 or any(t.core != "one" or t.decay != 0 for _, ts in parts + squares for t in ts):
        return None
    with precision(bits + GUARD + 2 * order):
        sigma = enclose(variance).sqrt()
        coefficients = _sum(parts, sigma, order)
        square = _sum(squares, sigma, 0)[0]
        tail = square - sum((mu * mu for mu in coefficients), arb(0))
        return HermiteTransform(
            str(f), enclose(variance), tuple(coefficients), square, tail.nonnegative_part(), "thresholds", bits
        )


def _sum(parts: list[tuple[Piece, tuple[Term, ...]]], sigma: arb, order: int) -> list[arb]:
    total = [arb(0)] * (order + 1)
    for piece, found in parts:
        for term in found:
            values = _exponential(piece, constant(term.rate) * sigma, sigma, order + term.power)
            values = times_x(values, sigma, term.power)
            k = constant(term.coefficient)
            total = [x + k * y for x, y in zip(total, values, strict=True)]
    return total


def _exponential(piece: Piece, rate: arb, sigma: arb, order: int) -> list[arb]:
    """The normalised coefficients of the exponential on one piece."""
    ends = [None if end.is_infinite else constant(end) / sigma for end in (piece.lo, piece.hi)]
    low = arb(0) if ends[0] is None else normal_cdf(ends[0] - rate)
    high = arb(1) if ends[1] is None else normal_cdf(ends[1] - rate)
    values, factorial = [(rate * rate / 2).exp() * (high - low)], arb(1)
    plain = values[0]
    boundary = [_boundary(end, rate) for end in ends]
    for r in range(1, order + 1):
        plain = rate * plain - next(boundary[1]) + next(boundary[0])
        factorial *= r
        values.append(plain / factorial.sqrt())
    return values


def _boundary(end: arb | None, rate: arb) -> Iterator[arb]:
    """exp(rate z) He_r(z) phi(z) at an end, r = 0, 1, ...; zero at infinity."""
    if end is None:
        while True:
            yield arb(0)
    weight = (rate * end - end * end / 2).exp() / (2 * arb.pi()).sqrt()
    previous, current, r = arb(0), arb(1), 0
    while True:
        yield weight * current
        previous, current, r = current, end * current - r * previous, r + 1

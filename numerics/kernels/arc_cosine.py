r"""The functions :math:`J_n` of the arc-cosine kernels, of every order n.

.. math:: J_n(\theta) = (\pi-\theta)\,A_n(c) + \sqrt{1-c^2}\,B_n(c), \quad c = \cos\theta, \qquad
          A_{n+1} = (1-c^2)A_n' + (2n+1)\,c\,A_n, \quad B_{n+1} = A_n + (1-c^2)B_n' + 2n\,c\,B_n,

from :math:`A_0 = 1, B_0 = 0`; all coefficients are non-negative integers, :math:`A_n(1) = (2n-1)!!`, and
:math:`dJ_n/dc = n^2J_{n-1}`. Source: cho2009 (:math:`J_n = (-1)^n(\sin\theta)^{2n+1}(\frac1{\sin\theta}
\frac{d}{d\theta})^n\frac{\pi-\theta}{\sin\theta}`); derivation: docs/kernels.md, "Arc-cosine kernels".
"""

from __future__ import annotations

from functools import cache

from flint import arb, arb_poly, fmpz_poly

from ..balls.ends import within_unit
from ..balls.precision import precision

GUARD_BITS = 40


@cache
def arc_cosine_polynomials(order: int) -> tuple[fmpz_poly, fmpz_poly]:
    """The pair A_n, B_n.

    >>> arc_cosine_polynomials(2)
    (2*x^2 + 1, 3*x)
    """
    a, b = fmpz_poly([1]), fmpz_poly([0])
    square, x = fmpz_poly([1, 0, -1]), fmpz_poly([0, 1])
    for n in range(order):
        a, b = square * a.derivative() + (2 * n + 1) * x * a, a + square * b.derivative() + 2 * n * x * b
    return a, b


def arc_cosine(order: int, t: arb, bits: int) -> arb:
    r""":math:`J_n` at the angle whose cosine is the number of [-1, 1] in the ball ``t``; about half of the bits
    are lost next to ±1, where the formula takes square roots.

    >>> arc_cosine(1, arb(1), 64).overlaps(arb.pi()), arc_cosine(3, arb(-1), 64).contains(0)
    (True, True)
    """
    a, b = arc_cosine_polynomials(order)
    with precision(bits + GUARD_BITS):
        t = within_unit(t)
        height = ((1 - t) * (1 + t)).nonnegative_part().sqrt()
        turned = arb.atan2(height, -t) if t < 0 else arb.pi() - arb.atan2(height, t)
        value: arb = turned * _at(a, t) + height * _at(b, t)
        return value.nonnegative_part()


def _at(polynomial: fmpz_poly, t: arb) -> arb:
    value: arb = arb_poly(polynomial)(t)
    return value

r"""A smooth Lipschitz activation for which the squared loss *needs* regularisation: :math:`z(k+\sin\log(1+z^2))`.

With one weight, x = 1, outer weight a and target y, :math:`u=\log(1+w^2)` and
:math:`\varphi(u)=(k+\sin u)(k+\sin u+2\cos u)`,

.. math:: L'(w)/w = a^2\varphi(u)+\lambda+O(1/w),\qquad |L''(w)|\le C,

so that V4 holds when :math:`\lambda>-a^2\min\varphi` and fails when :math:`0\le\lambda<-a^2\min\varphi`: then L' has
infinitely many zeros and V = -L'' is bounded along them. docs/papers/two_layer_logistic/proofs.md, section 6.4.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import sympy
from flint import arb
from scipy.optimize import minimize_scalar

from ....theory.activations.functions import X
from ....theory.errors import PrecisionExhausted, SpecError
from ....theory.verdict import Verdict
from ...balls.ball import enclose
from ...balls.precision import precision
from ...expressions.lowering import lower_arb
from ...expressions.range import infimum


def profile(k: Fraction) -> sympy.Expr:
    """φ as an expression of x (which stands for u)."""
    base = sympy.Rational(k) + sympy.sin(X)
    return base * (base + 2 * sympy.cos(X))


@dataclass(frozen=True, slots=True)
class CounterexampleDecision:
    """Whether the squared loss is a Villani function for this k, λ and a: PROVED, REFUTED or UNKNOWN.

    ``least`` encloses min φ. When REFUTED, ``below`` and ``above`` are rational u with
    :math:`a^2\\varphi+\\lambda` negative and positive, ``start`` a proved w beyond which the signs of L' there agree
    with them, and ``ceiling`` a proved bound of :math:`|L''|`.
    """

    verdict: Verdict
    least: arb
    below: Fraction | None = None
    above: Fraction | None = None
    start: arb | None = None
    ceiling: arb | None = None


def least_profile(k: Fraction, bits: int = 128) -> arb:
    r"""An enclosure of :math:`\min\varphi`; φ has period 2π.

    >>> round(float(least_profile(Fraction(2))), 10)
    -0.3729478365
    """
    found = infimum(profile(k), sympy.Integer(0), sympy.Integer(7), bits=bits)
    if found.ball is None:
        raise PrecisionExhausted("the least value of the profile was not enclosed.")
    with precision(bits):
        return -found.ball


def remainder(k: arb, outer: arb, target: arb) -> arb:
    r"""E of :math:`|L'/w-a^2\varphi-\lambda|\le E/w` for w >= 1, for :math:`|a|` and :math:`|y|`.

    >>> print(remainder(arb(2), arb(1), arb(1)))
    11.0000000000000
    """
    return 2 * outer**2 * (k + 1) + target * outer * (k + 3)


def curvature_ceiling(k: arb, outer: arb, target: arb, regularisation: arb) -> arb:
    r"""A bound of :math:`|L''|` for :math:`|a|` and :math:`|y|`.

    From :math:`|\sigma'|\le k+3`, :math:`|\sigma\sigma''|\le6(k+1)` and :math:`|\sigma''|\le4`.

    >>> print(curvature_ceiling(arb(2), arb(1), arb(1), arb(0)))
    47.0000000000000
    """
    return outer**2 * ((k + 3) ** 2 + 6 * (k + 1)) + 4 * target * outer + regularisation


def decide(
    k: Fraction, regularisation: Fraction, outer: Fraction, target: Fraction, bits: int = 128
) -> CounterexampleDecision:
    """Decide V4 for the squared loss with this activation; needs k > 1 and λ >= 0.

    >>> [decide(Fraction(2), Fraction(c, 100), Fraction(1), Fraction(1)).verdict.name for c in (37, 38)]
    ['REFUTED', 'PROVED']
    """
    if k <= 1 or regularisation < 0 or outer == 0:
        raise SpecError("the counterexample needs k > 1, lambda >= 0 and a non-zero outer weight.")
    least = least_profile(k, bits)
    with precision(bits):
        tilt = enclose(regularisation / outer**2)
        if least + tilt > 0:
            return CounterexampleDecision(Verdict.PROVED, least)
        if not least + tilt < 0:
            return CounterexampleDecision(Verdict.UNKNOWN, least)
        value = lower_arb(profile(k))
        below, above = _point(value), Fraction(0)
        low = value(enclose(below)) + tilt
        if not (low < 0 and value(enclose(above)) > 0):
            return CounterexampleDecision(Verdict.UNKNOWN, least)
        margin = -low * enclose(outer**2)  # at most a^2, and phi(0) = k (k + 2) is more
        a, y, q = enclose(abs(outer)), enclose(abs(target)), enclose(k)
        start = remainder(q, a, y) / margin  # above 4, as -phi is at most 1
        ceiling = curvature_ceiling(q, a, y, enclose(regularisation))
        return CounterexampleDecision(Verdict.REFUTED, least, below, above, start, ceiling)


def _point(value: Callable[[arb], arb]) -> Fraction:
    """A rational u near a minimiser of φ: the best of a grid, refined by Brent's method; nothing is assumed of it."""
    grid = np.linspace(0.0, 7.0, 65)
    best = min(grid, key=lambda u: float(value(arb(u))))
    found = minimize_scalar(lambda u: float(value(arb(u))), bounds=(best - 0.2, best + 0.2), method="bounded")
    return Fraction(found.x).limit_denominator(2**20)

r"""The dual activation as a Hermite series, the method that needs nothing but square integrability.

.. math:: \Bigl|E f(u)g(v)-\sum_{r\le R}\mu_r(f;\sqrt a)\,\mu_r(g;\sqrt b)\,\rho^r\Bigr|
          \le|\rho|^{R+1}\Bigl(\sum_{r>R}\mu_r(f;\sqrt a)^2\sum_{r>R}\mu_r(g;\sqrt b)^2\Bigr)^{1/2}

(Mehler's formula and Cauchy-Schwarz; docs/theory/dual-activations.md, section 1). The tails come enclosed with the
coefficients. Where |rho| is too near 1 for the order allowed, the ball returned is wide, and right.
"""

from __future__ import annotations

import math

from flint import arb

from ...theory.activations.activation import Activation
from ..balls.precision import precision
from ..hermite import HermiteTransform, hermite_transform
from .covariance import Covariance, Number

FIRST_ORDER = 32


def series_value(f: Activation, g: Activation, cov: Covariance, bits: int, max_order: int) -> arb:
    """The enclosure from at most ``max_order`` coefficients.

    The order grows until the value is known to relative accuracy 2^-bits.
    """
    with precision(bits + 16):
        rho = cov.correlation()
    same = f.expression == g.expression and _equal(cov.a, cov.b)
    order, best = min(_order(rho, bits), max_order), arb("nan")
    for trial in sorted({min(FIRST_ORDER * 4**k, order) for k in range(8)}):
        left = hermite_transform(f, trial, cov.a, bits + 8)
        right = left if same else hermite_transform(g, trial, cov.b, bits + 8)
        with precision(bits + 16):
            best = mehler_sum(left, right, rho)
        if best.rel_accuracy_bits() >= bits:
            break
    return best


def _equal(a: Number, b: Number) -> bool:
    if isinstance(a, arb) or isinstance(b, arb):
        return False
    return a == b


def _order(rho: arb, bits: int) -> int:
    """The order at which ``|rho|**order`` is about 2^-bits."""
    size = float(abs(rho).upper())
    if size >= 1:
        return 2**30
    return 2 + int(bits * math.log(2) / -math.log(size)) if size > 0 else 0


def mehler_sum(left: HermiteTransform, right: HermiteTransform, rho: arb) -> arb:
    """The series of two transforms at a correlation, with its tail."""
    total, power = arb(0), arb(1)
    for x, y in zip(left.coefficients, right.coefficients, strict=True):
        total += x * y * power
        power *= rho
    tail = (abs(power) * (left.tail * right.tail).nonnegative_part().sqrt()).abs_upper()
    return total + arb(0, tail)

r"""Taylor coefficients at 0 of generating functions, at orders n, r + j and 2k + j.

A generating function is a sum of terms :math:`\kappa\,y^m e^{py}`, :math:`\kappa\,y^m e^{-qy^2}`,
:math:`\kappa\,y^m\cos(\omega y+\varphi)`, :math:`\kappa\,y^m\operatorname{erf}(qy)`, :math:`\kappa\,y^m\Phi(qy)`. The
factor :math:`y^m` moves the order; where it moves it below 0 the coefficient is 0, which the falling factorial in
:math:`\frac1{(k-s)!}=\frac{k(k-1)\cdots(k-s+1)}{k!}` says by itself. Proofs: docs/derivations.md, section 4.
"""

from __future__ import annotations

import sympy

from ..activations.elementary_terms import Term
from ..activations.functions import X
from ..errors import DerivationGap
from .functions import terms
from .notation import K, R, Y

_ZERO, _ONE, _MINUS, _HALF = sympy.S.Zero, sympy.S.One, sympy.S.NegativeOne, sympy.Rational(1, 2)


def taylor_coefficient(g: sympy.Expr, order: sympy.Expr) -> sympy.Expr:
    r"""The coefficient :math:`[y^n]\,g(y)`, g an expression in ``Y``, at an order n, ``R`` + j or 2 ``K`` + j.

    Raises :class:`DerivationGap` for other functions, and where the formula depends on which order is meant.

    >>> taylor_coefficient(sympy.erf(Y), 2 * K + 1), taylor_coefficient(sympy.erf(Y), 2 * K)
    (2*(-1)**k/(sqrt(pi)*(2*k + 1)*factorial(k)), 0)
    >>> taylor_coefficient(Y**2 * sympy.exp(3 * Y), sympy.Integer(3))
    3
    """
    found = _ZERO
    for part in sympy.Add.make_args(sympy.expand_mul(g)):
        constant, rest = part.as_independent(Y, as_Add=False)
        found += constant * sympy.Add(*(t.coefficient * _term(t, order) for t in terms(rest.xreplace({Y: X}))))
    return found


def _term(term: Term, order: sympy.Expr) -> sympy.Expr:
    step, start = _shape(order)
    start -= term.power
    exponential = term.rate != 0
    if term.core == "one" and not exponential and term.decay == 0:
        return _constant(step, start)
    if term.core == "one" and exponential and term.decay == 0:
        return _power(term.rate, step, start) * _inverse_factorial(step, start)
    if exponential:
        raise DerivationGap(f"no Taylor coefficients are known for {term.function}.")
    if term.core == "wave" and term.decay == 0:
        return _wave(term, step, start)
    if term.core == "one":
        return _even(term.decay, step, start)
    if term.core in ("erf", "cdf") and term.shift == 0 and term.decay == 0:
        if term.core == "erf":
            return _error_function(term.scale, step, start)
        return _HALF * (_constant(step, start) + _error_function(term.scale / sympy.sqrt(2), step, start))
    raise DerivationGap(f"no Taylor coefficients are known for {term.function}.")


def _shape(order: sympy.Expr) -> tuple[int, int]:
    """(0, n), (1, j) or (2, j) for the order n, R + j or 2 K + j."""
    for step, symbol in ((1, R), (2, K)):
        rest = order - step * symbol
        if rest.is_Integer:
            return step, int(rest)
    if order.is_Integer and order >= 0:
        return 0, int(order)
    raise DerivationGap(f"{order} is not an order of the form n, r + j or 2k + j.")


def _constant(step: int, start: int) -> sympy.Expr:
    """The constant function 1."""
    if step == 0:
        return _ONE if start == 0 else _ZERO
    if start > 0 or (step == 2 and start % 2):
        return _ZERO
    raise DerivationGap("a polynomial has its own formula at the orders up to its degree.")


def _known(step: int, start: int) -> bool:
    """Whether the order may be below 0, so that a power of the rate needs a rate that is not 0."""
    return step == 0 or start >= 0


def _power(base: sympy.Expr, step: int, start: int) -> sympy.Expr:
    """base^order, written as a power of the symbol times an integer power."""
    if step == 0:
        return base**start if start >= 0 else _ZERO
    if not _known(step, start) and not base.is_nonzero:
        raise DerivationGap(f"{base} may be 0.")
    symbol, unit = (R, base) if step == 1 else (K, base**2)
    return unit**symbol * base**start


def _inverse_factorial(step: int, start: int) -> sympy.Expr:
    """1/(order)!, with 0 below 0."""
    if step == 0:
        return 1 / sympy.factorial(start) if start >= 0 else _ZERO
    if step == 1:
        return _shifted(R, start)
    if start >= 0:
        return 1 / sympy.factorial(2 * K + start)
    return sympy.ff(2 * K, -start).expand(func=True) / sympy.factorial(2 * K)


def _shifted(symbol: sympy.Symbol, by: int) -> sympy.Expr:
    """1/(symbol + by)! as a rational multiple of 1/symbol!."""
    if by >= 0:
        return 1 / (sympy.Mul(*(symbol + i for i in range(1, by + 1))) * sympy.factorial(symbol))
    return sympy.Mul(*(symbol - i for i in range(-by))) / sympy.factorial(symbol)


def _wave(term: Term, step: int, start: int) -> sympy.Expr:
    """[y^l] cos(omega y + phi) = omega^l cos(phi + l pi/2)/l!."""
    if step == 0 and start < 0:
        return _ZERO
    quarters = 2 * term.shift.expand().coeff(sympy.pi)
    turns = int(quarters) if quarters.is_Integer else 0
    angle = term.shift - turns * sympy.pi / 2 + (R * sympy.pi / 2 if step == 1 else _ZERO)
    turned = (sympy.cos(angle), -sympy.sin(angle), -sympy.cos(angle), sympy.sin(angle))[(start + turns) % 4]
    sign = _MINUS**K if step == 2 else _ONE
    return sign * turned * _power(term.scale, step, start) * _inverse_factorial(step, start)


def _even(q: sympy.Expr, step: int, start: int) -> sympy.Expr:
    """[y^(2l)] exp(-q y^2) = (-q)^l/l!."""
    if step == 1:
        raise DerivationGap("an even function has its own formulas at even and at odd orders.")
    if start % 2:
        return _ZERO
    return _alternating(q, step, start // 2)


def _alternating(q: sympy.Expr, step: int, half: int) -> sympy.Expr:
    """(-q)^l/l! for l = half or K + half."""
    if step == 0:
        return (-q) ** half / sympy.factorial(half) if half >= 0 else _ZERO
    if half < 0 and not q.is_nonzero:
        raise DerivationGap(f"{q} may be 0.")
    return _MINUS**half * _MINUS**K * q**K * q**half * _shifted(K, half)


def _error_function(q: sympy.Expr, step: int, start: int) -> sympy.Expr:
    """[y^(2l+1)] erf(q y) = 2/sqrt(pi) (-1)^l q^(2l+1)/(l! (2l+1))."""
    if step == 1:
        raise DerivationGap("an odd function has its own formulas at even and at odd orders.")
    if start % 2 == 0:
        return _ZERO
    half = (start - 1) // 2
    odd = 2 * half + 1 + (2 * K if step == 2 else 0)
    return 2 / sympy.sqrt(sympy.pi) * q * _alternating(q**2, step, half) / odd

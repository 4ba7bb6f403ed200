r"""Antiderivatives in the covariance, by the reduction formulas of one quadratic radicand.

With :math:`S=s_0-s_2c^2` the class of sums of :math:`P(c)`, :math:`P(c)\,S^{m-1/2}` and
:math:`P(c)\arcsin(\sqrt{s_2/s_0}\,c)`, P polynomial, is closed under integration from 0 to c: see docs/derivations.md,
section 3. Every antiderivative found here is checked again by differentiation.
"""

from __future__ import annotations

import sympy

from ..closed_forms import C
from ..errors import DerivationGap

_HALF = sympy.Rational(1, 2)


def antiderivative(h: sympy.Expr) -> sympy.Expr:
    """The integral of h from 0 to c; raises :class:`DerivationGap` outside of the class.

    >>> a, b = sympy.symbols("a b", positive=True)
    >>> antiderivative(1 / sympy.sqrt(a * b - C**2))
    asin(c/(sqrt(a)*sqrt(b)))
    """
    total = sympy.Add(*(_integrate(part) for part in sympy.Add.make_args(h)))
    return total - total.xreplace({C: sympy.S.Zero})


def _integrate(part: sympy.Expr) -> sympy.Expr:
    if not part.has(C):
        return part * C
    arcs = [arc for arc in part.atoms(sympy.asin) if arc.has(C)]
    if arcs:
        return _with_arcsine(part, arcs)
    factor, exponent, radicand = _radical(part)
    if radicand is None:
        return sympy.Add(*(k * C ** (n + 1) / (n + 1) for n, k in _coefficients(factor).items()))
    s0, s2 = radicand.coeff(C, 0), -radicand.coeff(C, 2)
    if sympy.expand(radicand - s0 + s2 * C**2) != 0 or s2.has(C) or s2 == 0:
        raise DerivationGap(f"no antiderivative rule for the radicand {radicand}.")
    return _reduce(_coefficients(factor), exponent, s0, s2)


def _with_arcsine(part: sympy.Expr, arcs: list[sympy.Expr]) -> sympy.Expr:
    """By parts: the polynomial is integrated, the arcsine differentiated."""
    arc = arcs[0]
    factor = part / arc
    if len(arcs) > 1 or factor.has(sympy.asin):
        raise DerivationGap(f"no antiderivative rule for {part}.")
    slope = arc.args[0] / C
    if slope.has(C):
        raise DerivationGap(f"no antiderivative rule for {part}.")
    whole = {n + 1: k / (n + 1) for n, k in _coefficients(factor).items()}
    s2, s0 = sympy.fraction(sympy.together(slope**2))
    polynomial = sympy.Add(*(k * C**n for n, k in whole.items()))
    # d/dc asin(slope c) = sqrt(s2/(s0 - s2 c^2)) with slope^2 = s2/s0
    rest = {n: -k * sympy.sqrt(s2) for n, k in whole.items()}
    if slope.is_negative:
        rest = {n: -k for n, k in rest.items()}
    return polynomial * arc + _reduce(rest, -_HALF, sympy.expand(s0), sympy.expand(s2))


def _coefficients(polynomial: sympy.Expr) -> dict[int, sympy.Expr]:
    expanded = sympy.expand(polynomial)
    if not expanded.is_polynomial(C):
        raise DerivationGap(f"no antiderivative rule for {polynomial}: it is not a polynomial in c.")
    return {n: k for (n,), k in sympy.Poly(expanded, C).terms()}


def _radical(part: sympy.Expr) -> tuple[sympy.Expr, sympy.Expr, sympy.Expr | None]:
    """The factors P, e, S of a product P(c) S^e with 2e odd, P polynomial."""
    factor, exponent, radicand = sympy.S.One, sympy.S.Zero, None
    for piece in sympy.Mul.make_args(part):
        base, power = piece.as_base_exp() if not isinstance(piece, sympy.exp) else (piece, sympy.S.One)
        if base.has(C) and power.is_Rational and (power.q == 2 or power < 0):
            constant, base = _primitive(base)
            factor *= constant**power
            if radicand is not None and sympy.expand(base - radicand) != 0:
                raise DerivationGap(f"no antiderivative rule for two radicands in {part}.")
            radicand, exponent = base, exponent + power
        else:
            factor *= piece
    if radicand is not None and exponent.q != 2:
        raise DerivationGap(f"no antiderivative rule for {part}.")
    return factor, exponent, radicand


def _primitive(base: sympy.Expr) -> tuple[sympy.Expr, sympy.Expr]:
    """A base as a constant times a polynomial in c without denominators."""
    numerator, denominator = sympy.fraction(sympy.together(base))
    if denominator.has(C):
        raise DerivationGap(f"no antiderivative rule for the radicand {base}.")
    return 1 / denominator, sympy.expand(numerator)


def _reduce(poly: dict[int, sympy.Expr], e: sympy.Expr, s0: sympy.Expr, s2: sympy.Expr) -> sympy.Expr:
    """The integral of P(c) S^e for half-odd e, P given by its coefficients."""
    s = s0 - s2 * C**2
    poly = {n: k for n, k in poly.items() if k != 0}
    while e > -_HALF:  # S^e = S^(e+1/2) S^(-1/2)
        raised: dict[int, sympy.Expr] = {}
        for n, k in poly.items():
            raised[n] = raised.get(n, 0) + k * s0
            raised[n + 2] = raised.get(n + 2, 0) - k * s2
        poly, e = raised, e - 1
    done = sympy.S.Zero
    while e < -_HALF:
        quotient, r0, r1 = _divide(poly, s0, s2)
        # d(c S^(e+1)) = S^e (S + 2(e+1)(S - s0)) and d(S^(e+1)) = -2(e+1) s2 c S^e
        done += -r1 * s ** (e + 1) / (2 * (e + 1) * s2) - r0 * C * s ** (e + 1) / (2 * (e + 1) * s0)
        quotient[0] = quotient.get(0, sympy.S.Zero) + r0 * (2 * e + 3) / (2 * (e + 1) * s0)
        poly, e = {n: k for n, k in quotient.items() if k != 0}, e + 1
    while poly and max(poly) >= 1:
        n = max(poly)
        k = poly.pop(n)
        # d(c^(n-1) S^(1/2)) = S^(-1/2) ((n-1) s0 c^(n-2) - n s2 c^n)
        done += -k * C ** (n - 1) * sympy.sqrt(s) / (n * s2)
        if n >= 2:
            poly[n - 2] = poly.get(n - 2, sympy.S.Zero) + k * (n - 1) * s0 / (n * s2)
    constant = poly.get(0, sympy.S.Zero)
    root = sympy.sqrt(sympy.factor(s2))
    return done + constant / root * sympy.asin(root * C / sympy.sqrt(sympy.factor(s0)))


def _divide(
    poly: dict[int, sympy.Expr], s0: sympy.Expr, s2: sympy.Expr
) -> tuple[dict[int, sympy.Expr], sympy.Expr, sympy.Expr]:
    """P = Q S + r0 + r1 c."""
    rest, quotient = dict(poly), {}
    for n in range(max(rest, default=0), 1, -1):
        k = rest.pop(n, sympy.S.Zero)
        if k != 0:
            quotient[n - 2] = -k / s2
            rest[n - 2] = sympy.factor(rest.get(n - 2, sympy.S.Zero) + k * s0 / s2)
    return quotient, rest.get(0, sympy.S.Zero), rest.get(1, sympy.S.Zero)

r"""Exact Lipschitz constants of expressions, where a rule gives them; the proofs are in ``docs/activations.md``."""

from __future__ import annotations

from itertools import pairwise

import sympy
from sympy import oo

from ..errors import DerivationGap
from . import catalogue
from .functions import X
from .parity import polynomial_coefficients
from .pieces import Piece, pieces, value_at
from .signs import vanishes, zeros
from .size import expanded

Bounds = tuple[sympy.Expr | None, sympy.Expr | None]
_RESCALABLE = ("tanh", "erf", "sigmoid", "softplus", "normal_cdf", "sin", "cos", "atan", "gelu", "silu", "exp")


def bounds(expression: sympy.Expr) -> Bounds:
    r"""The Lipschitz constants of a function and of its derivative: exact, ``oo`` if infinite, ``None`` without a rule.

    Rules: :math:`d+a\,\psi(bx+c)` for :math:`\psi` of the catalogue; :math:`d+a\,e^{q(x)}` with a concave
    quadratic :math:`q`; polynomials and piecewise polynomials; a jump makes both infinite, a corner the second.

    >>> bounds(3 * sympy.tanh(2 * X - 1) + 5)
    (6, 16*sqrt(3)/3)
    >>> bounds(sympy.Max(X, 0) + sympy.Abs(X - 1))
    (2, oo)
    """
    return _rescaled(expression) or _fractional_power(expression) or _piecewise(expression)


def _rescaled(expression: sympy.Expr) -> Bounds | None:
    _, varying = expression.as_independent(X, as_Add=True)
    if varying.is_Add:
        return None
    scale, core = varying.as_independent(X, as_Add=False)
    if isinstance(core, sympy.exp):
        bell = _bell(scale, core)
        if bell is not None:
            return bell
    for inner in _affine_arguments(core):
        coefficients = polynomial_coefficients(inner)
        if coefficients is None or len(coefficients) != 2:
            continue
        offset, slope = coefficients
        plain = expanded(core.xreplace({X: (X - offset) / slope}))
        for name in _RESCALABLE:
            entry = catalogue.entry(name)
            factor, rest = plain.as_independent(X, as_Add=False)
            if rest == entry.expression:
                size = abs(scale * factor)
                return _times(entry.lipschitz, size * abs(slope)), _times(entry.second_lipschitz, size * slope**2)
    return None


def _fractional_power(expression: sympy.Expr) -> Bounds | None:
    r"""Both infinite for :math:`d+a|u|^p`, :math:`a|u|^p\operatorname{sign}u` and :math:`a\max(u,0)^p`, u affine.

    p > 0 is no integer: the slope is unbounded at the zero of u for p < 1 and at infinity for p > 1, that of
    :math:`\varphi'` at the zero for p < 2 and at infinity for p > 2.
    """
    _, varying = expression.as_independent(X, as_Add=True)
    _, core = varying.as_independent(X, as_Add=False)
    factors = [factor for factor in sympy.Mul.make_args(core) if not isinstance(factor, sympy.sign)]
    signs = [factor for factor in sympy.Mul.make_args(core) if isinstance(factor, sympy.sign)]
    if len(factors) != 1 or not factors[0].is_Pow or not isinstance(factors[0].base, (sympy.Abs, sympy.Max)):
        return None
    base, exponent = factors[0].base, factors[0].exp
    inner = [argument for argument in base.args if argument.has(X)]
    if not exponent.is_Rational or exponent.is_Integer or exponent <= 0 or len(inner) != 1:
        return None
    if not all(argument == 0 for argument in base.args if not argument.has(X)) or any(
        s.args[0] != inner[0] for s in signs
    ):
        return None
    coefficients = polynomial_coefficients(inner[0])
    return (oo, oo) if coefficients is not None and len(coefficients) == 2 else None


def _bell(scale: sympy.Expr, core: sympy.exp) -> Bounds | None:
    r"""The constants of :math:`a\,e^{q}`, :math:`q=c-\alpha(x-m)^2`: a translated Gaussian of height :math:`|a|e^c`."""
    coefficients = polynomial_coefficients(core.args[0])
    if coefficients is None or len(coefficients) != 3 or not coefficients[2].is_negative:
        return None
    offset, slope, curvature = coefficients
    height = abs(scale) * sympy.exp(offset - slope**2 / (4 * curvature))
    return height * sympy.sqrt(-2 * curvature) * sympy.exp(-sympy.Rational(1, 2)), -2 * curvature * height


def _affine_arguments(core: sympy.Expr) -> set[sympy.Expr]:
    found: set[sympy.Expr] = set()
    for node in core.atoms(sympy.Function, sympy.exp):
        argument = node.args[0]
        if argument.has(X) and argument.is_polynomial(X):
            found.add(argument)
    return found


def _times(bound: sympy.Expr | None, factor: sympy.Expr) -> sympy.Expr | None:
    return None if bound is None else factor * bound


def _piecewise(expression: sympy.Expr) -> Bounds:
    try:
        found = pieces(expression)
        jumps = [jump(expression, left, right) for left, right in pairwise(found)]
    except DerivationGap:
        return None, None
    if True in jumps:
        return oo, oo
    if None in jumps:
        return None, None
    corners = [_corner(left, right) for left, right in pairwise(found)]
    second = oo if True in corners else None if None in corners else _largest(found, 2)
    return _largest(found, 1), second


def _largest(found: tuple[Piece, ...], order: int) -> sympy.Expr | None:
    """The supremum of the absolute derivative of that order over all pieces, when every piece is a polynomial."""
    sizes: list[sympy.Expr] = [_supremum(sympy.diff(piece.expression, X, order), piece.lo, piece.hi) for piece in found]
    if oo in sizes:
        return oo
    if len(sizes) == 1:
        return sizes[0]
    return max(sizes) if all(size is not None and size.is_Rational for size in sizes) else None


def _supremum(slope: sympy.Expr, lo: sympy.Expr, hi: sympy.Expr) -> sympy.Expr | None:
    r"""The supremum of :math:`|p|` on an interval for a polynomial; ``None`` when it is not found exactly."""
    coefficients = polynomial_coefficients(slope)
    if coefficients is None:
        return None
    if len(coefficients) == 1:
        return abs(coefficients[0])
    if lo == -oo or hi == oo:
        return oo
    try:
        points = [lo, hi, *zeros(sympy.diff(slope, X), lo, hi)]
    except DerivationGap:
        return None
    values = [abs(slope.xreplace({X: point})) for point in points]
    return max(values) if all(value.is_Rational for value in values) else None


def _corner(left: Piece, right: Piece) -> bool | None:
    """Whether the derivative jumps between two pieces (``None``: not decided)."""
    difference = sympy.diff(right.expression - left.expression, X).xreplace({X: right.lo})
    zero = vanishes(difference)
    return None if zero is None else not zero


def jump(expression: sympy.Expr, left: Piece, right: Piece) -> bool | None:
    """Whether the function jumps between two pieces (``None``: not decided)."""
    point = right.lo
    here = value_at(expression, point)
    verdicts = [vanishes(branch.expression.xreplace({X: point}) - here) for branch in (left, right)]
    return True if False in verdicts else None if None in verdicts else False

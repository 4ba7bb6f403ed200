r"""Structural proofs of symmetry: odd, even, a constant plus an odd function, affine, polynomial.

Nothing here samples values: parity follows from the parity of the parts after ``sigmoid``, ``softplus``, ``normal_cdf``, ``Max``,
``Min``, ``Heaviside`` and ``exp`` have been split into even and odd parts, see ``docs/activations.md``, "Parity".
"""

from __future__ import annotations

from functools import lru_cache

import sympy

from .functions import X, normal_cdf, sigmoid, softplus
from .signs import polynomial

_ODD = (sympy.tanh, sympy.erf, sympy.sin, sympy.atan, sympy.asinh, sympy.sinh, sympy.sign)
_EVEN = (sympy.cos, sympy.cosh, sympy.Abs)
MAX_TERMS = 400
"""Largest number of terms to which an expression is expanded in search of cancellation."""


@lru_cache(maxsize=512)
def parity(expression: sympy.Expr) -> str | None:
    r"""``"odd"`` or ``"even"`` when proved, else ``None`` (which is no statement); the zero function is called even.

    >>> parity(X * sympy.tanh(X)), parity(sigmoid(X) - sympy.Rational(1, 2)), parity(X + sympy.Rational(1, 10**30))
    ('even', 'odd', None)
    """
    even, odd = _split(split_form(expression))
    if odd == 0:
        return "even"
    return "odd" if even == 0 else None


@lru_cache(maxsize=512)
def odd_part_constant(expression: sympy.Expr) -> sympy.Expr | None:
    r"""The constant :math:`c` with :math:`\varphi-c` odd, when this is proved; else ``None``.

    >>> odd_part_constant(sigmoid(X)), odd_part_constant(sympy.tanh(X)), odd_part_constant(sympy.cos(X)) is None
    (1/2, 0, True)
    """
    even, _ = _split(split_form(expression))
    return None if even.has(X) else even


@lru_cache(maxsize=512)
def split_form(expression: sympy.Expr) -> sympy.Expr:
    r"""The same function written with odd and even functions only.

    >>> split_form(sympy.Max(X, 0))
    x/2 + Abs(x)/2
    """
    if not expression.args:
        return expression
    arguments = [split_form(argument) for argument in expression.args]
    argument = arguments[0]
    if isinstance(expression, sigmoid):
        return (1 + sympy.tanh(argument / 2)) / 2
    if isinstance(expression, softplus):
        return argument / 2 + sympy.log(2 * sympy.cosh(argument / 2))
    if isinstance(expression, normal_cdf):
        return (1 + sympy.erf(argument / sympy.sqrt(2))) / 2
    if isinstance(expression, sympy.Heaviside) and expression.args[1] == sympy.Rational(1, 2):
        return (1 + sympy.sign(argument)) / 2
    if isinstance(expression, (sympy.Max, sympy.Min)):
        sign = 1 if isinstance(expression, sympy.Max) else -1
        for other in arguments[1:]:
            argument = (argument + other + sign * sympy.Abs(argument - other)) / 2
        return argument
    return expression.func(*arguments)


def _split(expression: sympy.Expr) -> tuple[sympy.Expr, sympy.Expr]:
    r"""The even and the odd part :math:`(f(x)\pm f(-x))/2`, each exactly 0 when structure or cancellation proves it."""
    known = _structural(expression)
    if known == "even":
        return expression, sympy.Integer(0)
    if known == "odd":
        return sympy.Integer(0), expression
    mirrored = expression.xreplace({X: -X})
    return _cancelled((expression + mirrored) / 2), _cancelled((expression - mirrored) / 2)


def _cancelled(expression: sympy.Expr) -> sympy.Expr:
    if expression == 0 or _terms(expression) > MAX_TERMS:
        return expression
    return sympy.expand(expression)


def _terms(expression: sympy.Expr) -> int:
    """An upper bound of the number of terms after expansion."""
    if expression.is_Add:
        return sum(_terms(term) for term in expression.args)
    if expression.is_Mul:
        return int(sympy.prod(_terms(factor) for factor in expression.args))
    if expression.is_Pow and expression.exp.is_Integer:
        base = _terms(expression.base)
        power = abs(int(expression.exp))
        return 1 if base == 1 else int(sympy.binomial(power + base - 1, power))
    return max((_terms(argument) for argument in expression.args), default=1)


def _structural(expression: sympy.Expr) -> str | None:
    if not expression.has(X):
        return "even"
    if expression == X:
        return "odd"
    if expression.is_Add:
        found = {_structural(term) for term in expression.args}
        return found.pop() if len(found) == 1 else None
    parts = [_structural(argument) for argument in expression.args]
    if expression.is_Mul:
        if None in parts:
            return None
        return "odd" if parts.count("odd") % 2 else "even"
    if expression.is_Pow and not expression.exp.has(X):
        if parts[0] == "odd" and expression.exp.is_Integer:
            return "odd" if expression.exp % 2 else "even"
        return "even" if parts[0] == "even" else None
    if all(part == "even" for part in parts):
        return "even"
    if len(parts) == 1 and parts[0] == "odd":
        return "odd" if isinstance(expression, _ODD) else "even" if isinstance(expression, _EVEN) else None
    return None


@lru_cache(maxsize=512)
def polynomial_degree(expression: sympy.Expr) -> int | None:
    """The degree when the expression is a polynomial in ``x`` with constant coefficients, else ``None`` (0 for a constant).

    >>> polynomial_degree(sympy.pi * X**3 + X), polynomial_degree(sympy.tanh(X)) is None
    (3, True)
    """
    coefficients = polynomial_coefficients(expression)
    return None if coefficients is None else max(len(coefficients) - 1, 0)


@lru_cache(maxsize=512)
def polynomial_coefficients(expression: sympy.Expr) -> tuple[sympy.Expr, ...] | None:
    r"""The coefficients :math:`(a_0,\dots,a_d)` of a polynomial in ``x`` with constant coefficients, else ``None``.

    >>> polynomial_coefficients((X + 1) ** 2)
    (1, 2, 1)
    """
    exact = polynomial(expression)
    if exact is None:
        if _terms(expression) > MAX_TERMS:
            return None
        expanded = sympy.expand(expression)
        if not expanded.is_polynomial(X):
            return None
        exact = sympy.Poly(expanded, X)
    coefficients = list(reversed(exact.all_coeffs()))
    return tuple(coefficients)


@lru_cache(maxsize=512)
def affine(expression: sympy.Expr) -> tuple[sympy.Expr, sympy.Expr] | None:
    r"""The pair :math:`(\beta,\alpha)` with :math:`\varphi(x)=\beta+\alpha x` when this is proved, else ``None``.

    The expression must be smooth (one piece). Identities are decided by expansion, in exponentials where needed.

    >>> affine((X + 1) ** 2 - X**2), affine(X + X**2 / 10**30) is None
    ((1, 2), True)
    """
    for form in (expression, expression.rewrite(sympy.exp)):
        coefficients = polynomial_coefficients(form)
        if coefficients is not None:
            beta, alpha, *rest = (*coefficients, sympy.Integer(0), sympy.Integer(0))
            return (beta, alpha) if all(term == 0 for term in rest) else None
    return None

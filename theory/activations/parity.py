r"""Structural proofs of symmetry: odd, even, a constant plus an odd function, affine, polynomial.

Nothing here samples values: parity follows from the parity of the parts once ``sigmoid``, ``softplus``, ``normal_cdf``,
``Max``, ``Min`` and ``Heaviside`` have been written with odd and even functions, see ``docs/activations.md``, "Parity".
"""

from __future__ import annotations

from functools import lru_cache

import sympy

from ..errors import DerivationGap
from .functions import X, normal_cdf, sigmoid, softplus
from .pieces import KINKED, pieces, value_at
from .signs import polynomial, vanishes
from .size import MAX_TERMS, expanded, expanded_terms

_ODD = (sympy.tanh, sympy.erf, sympy.sin, sympy.atan, sympy.asinh, sympy.sinh, sympy.sign)
_EVEN = (sympy.cos, sympy.cosh, sympy.Abs)
MAX_SIZE = 4000
"""Largest tree in which symmetry is looked for."""


@lru_cache(maxsize=512)
def parity(expression: sympy.Expr) -> str | None:
    r"""``"odd"`` or ``"even"`` when proved, else ``None`` (which is no statement); the zero function is called even.

    >>> parity(X * sympy.tanh(X)), parity(sigmoid(X) - sympy.Rational(1, 2)), parity(X + sympy.Rational(1, 10**30))
    ('even', 'odd', None)
    """
    even, odd = even_and_odd(expression)
    if odd == 0:
        return "even"
    return "odd" if even == 0 else None


@lru_cache(maxsize=512)
def odd_part_constant(expression: sympy.Expr) -> sympy.Expr | None:
    r"""The constant :math:`c` with :math:`\varphi-c` odd, when this is proved; else ``None``.

    >>> odd_part_constant(sigmoid(X)), odd_part_constant(sympy.tanh(X)), odd_part_constant(sympy.cos(X)) is None
    (1/2, 0, True)
    """
    even, _ = even_and_odd(expression)
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


def even_and_odd(expression: sympy.Expr) -> tuple[sympy.Expr, sympy.Expr]:
    r"""The even and the odd part :math:`(f(x)\pm f(-x))/2`, each written as 0 when structure or cancellation proves it.

    >>> even_and_odd(sympy.exp(X) - sympy.exp(-X))[0]
    0
    """
    if _split_size(expression) > MAX_SIZE:
        return expression, expression
    expression = split_form(expression)
    known = _structural(expression)
    if known == "even":
        return expression, sympy.Integer(0)
    if known == "odd":
        return sympy.Integer(0), expression
    mirrored = expression.xreplace({X: -X})
    even, odd = expanded((expression + mirrored) / 2), expanded((expression - mirrored) / 2)
    if expression.has(*KINKED) and even.has(X) and odd != 0:
        even = even if (constant := _sum_over_pieces(expression, 1)) is None else constant
        odd = odd if _sum_over_pieces(expression, -1) != 0 else sympy.Integer(0)
    return even, odd


def _sum_over_pieces(expression: sympy.Expr, sign: int) -> sympy.Expr | None:
    r"""The constant :math:`(f(x)\pm f(-x))/2` when it is one on every piece and at every breakpoint, else ``None``."""
    try:
        found = pieces(expression)
        breakpoints = [piece.lo for piece in found[1:]]
        if [-point for point in reversed(breakpoints)] != breakpoints:
            return None
        values = [value_at(expression, point) for point in breakpoints]
    except DerivationGap:
        return None
    branches = [piece.expression for piece in found]
    sums = [a + sign * b.xreplace({X: -X}) for a, b in zip(branches, reversed(branches), strict=True)]
    sums += [a + sign * b for a, b in zip(values, reversed(values), strict=True)]
    constant = expanded(sums[0])
    if constant.has(X) or not all(expanded(other - constant) == 0 for other in sums):
        return None
    return constant / 2


def _split_size(expression: sympy.Expr) -> int:
    """How large the split form can become: Max and Min repeat their arguments."""
    sizes = [_split_size(argument) for argument in expression.args]
    if not isinstance(expression, (sympy.Max, sympy.Min)):
        return 1 + sum(sizes)
    total = sizes[0]
    for size in sizes[1:]:
        total = 2 * (total + size) + 4
    return total


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
    """The degree when the expression is proved to be a polynomial in ``x``, else ``None`` (0 for every constant).

    >>> polynomial_degree(sympy.pi * X**3 + X), polynomial_degree(sympy.tanh(X)) is None
    (3, True)
    """
    coefficients = polynomial_coefficients(expression)
    return None if coefficients is None else len(coefficients) - 1


@lru_cache(maxsize=512)
def polynomial_coefficients(expression: sympy.Expr) -> tuple[sympy.Expr, ...] | None:
    r"""The coefficients :math:`(a_0,\dots,a_d)`, :math:`a_d\ne0`, of a polynomial in ``x``, else ``None``.

    ``None`` also when a coefficient is neither proved zero nor proved different from zero.

    >>> polynomial_coefficients((X + 1) ** 2)
    (1, 2, 1)
    """
    exact = polynomial(expression)
    if exact is None:
        form = expanded(expression)
        if not form.is_polynomial(X) or expanded_terms(form) > MAX_TERMS:
            return None
        exact = sympy.Poly(form, X)
    coefficients = list(reversed(exact.all_coeffs()))
    zero = [vanishes(coefficient) for coefficient in coefficients]
    if None in zero:
        return None
    while len(zero) > 1 and zero[-1]:
        zero.pop()
    return tuple(sympy.Integer(0) if zero[k] else coefficients[k] for k in range(len(zero)))


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
            beta, alpha, *_ = (*coefficients, sympy.Integer(0))
            return (beta, alpha) if len(coefficients) <= 2 else None
    return None

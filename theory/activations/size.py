r"""Limits on expressions from outside: each node is measured before sympy may expand it.

The measures are upper bounds found by structure alone: :func:`nodes`, :func:`degree` (how far a product of powers could
expand), :func:`tower` (nested exponentials) and :func:`log2_bound` (:math:`b` with :math:`|c|\le2^b` for a constant).
"""

from __future__ import annotations

from itertools import islice

import sympy

from ..errors import SpecError
from .functions import X, normal_cdf, sigmoid, softplus

MAX_POWER = 64
"""Largest numerator and denominator of an exponent."""
MAX_DEGREE = 128
"""Largest degree of an expression, each function counting as one factor."""
MAX_BITS = 20_000
"""Largest size of a constant, as a power of two."""
MAX_TOWER = 3
"""Most exponentials nested into each other."""
MAX_TERMS = 400
"""Most terms to which an expression is multiplied out in search of cancellation."""
MAX_NODES = 2000
"""Most nodes of an expression tree."""

MAX_EXPONENT_BITS = 14
"""Largest size of the exponent of a constant, as a power of two."""
_BOUNDED_BY_ONE = (sympy.tanh, sympy.erf, sympy.sin, sympy.cos, sigmoid, normal_cdf)
_EXPONENTIAL = (sympy.exp, sympy.sinh, sympy.cosh)


def degree(node: sympy.Expr) -> int:
    """An upper bound of the degree in ``x`` and in the functions of ``x`` that occur.

    >>> degree((X + sympy.tanh(X)) ** 3 * X)
    4
    """
    if not node.has(X):
        return 0
    if node.is_Add:
        return max(degree(term) for term in node.args)
    if node.is_Mul:
        return sum(degree(factor) for factor in node.args)
    if node.is_Pow and node.exp.is_Rational:
        return degree(node.base) * max(abs(int(node.exp.p)), 1)
    return 1


def tower(node: sympy.Expr) -> int:
    """How many exponentials are nested into each other.

    >>> tower(sympy.exp(sympy.exp(X)) + sympy.exp(X))
    2
    """
    inner = max((tower(child) for child in node.args), default=0)
    return inner + 1 if isinstance(node, _EXPONENTIAL) else inner


def log2_bound(constant: sympy.Expr) -> int | None:
    """An integer ``b >= 0`` with ``|constant| <= 2**b``, or ``None`` when the structure does not tell.

    >>> log2_bound(sympy.Rational(9, 2)), log2_bound(sympy.exp(100)), log2_bound(1 / sympy.sin(1)) is None
    (3, 256, True)
    """
    if constant.is_Rational:
        return max(int(constant.p).bit_length() - int(constant.q).bit_length() + 1, 0)
    if constant in (sympy.pi, sympy.E):
        return 2
    if isinstance(constant, _BOUNDED_BY_ONE):
        return 0
    if isinstance(constant, sympy.log) and constant.args[0].is_Rational:
        return _digits(constant.args[0]).bit_length()  # |log(p/q)| <= log p + log q
    if constant.is_Pow and constant.exp.is_Rational and constant.base.is_Rational:
        return _digits(constant.base) * (abs(int(constant.exp.p)) // int(constant.exp.q) + 1)
    known: list[int] = []
    for child in constant.args:
        bits = log2_bound(child)
        if bits is None:
            return None
        known.append(bits)
    if constant.is_Add:
        return max(known) + len(known).bit_length()
    if constant.is_Mul:
        return sum(known)
    if constant.is_Pow and constant.exp.is_Rational and constant.exp > 0:
        return known[0] * (int(constant.exp) + 1)
    if isinstance(constant, _EXPONENTIAL):
        return 2 << known[0] if known[0] <= MAX_EXPONENT_BITS else None  # |exp(c)| <= 2**(2|c|)
    if isinstance(constant, (sympy.atan, sympy.asinh, softplus)):
        return known[0] + 1  # |atan c|, |asinh c| <= |c|; softplus(c) <= |c| + 1
    return None


def _digits(number: sympy.Rational) -> int:
    return int(number.p).bit_length() + int(number.q).bit_length()


def nodes(expression: sympy.Expr) -> int:
    """How many nodes the expression tree has; counting stops beyond :data:`MAX_NODES`.

    >>> nodes(X + sympy.tanh(X))
    4
    """
    return sum(1 for _ in islice(sympy.preorder_traversal(expression), MAX_NODES + 1))


def expanded_terms(expression: sympy.Expr) -> int:
    """An upper bound of the number of terms after expansion.

    >>> expanded_terms((X + 1) ** 10)
    11
    """
    if expression.is_Add:
        return sum(expanded_terms(term) for term in expression.args)
    if expression.is_Mul:
        return int(sympy.prod(expanded_terms(factor) for factor in expression.args))
    if expression.is_Pow and expression.exp.is_Integer:
        base = expanded_terms(expression.base)
        power = abs(int(expression.exp))
        return 1 if base == 1 else int(sympy.binomial(power + base - 1, power))
    return max((expanded_terms(argument) for argument in expression.args), default=1)


def expanded(expression: sympy.Expr) -> sympy.Expr:
    """The expression multiplied out, or as it is when that would give more than :data:`MAX_TERMS` terms.

    >>> expanded((X + 1) ** 2 - X**2)
    2*x + 1
    """
    return expression if expanded_terms(expression) > MAX_TERMS else sympy.expand(expression)


def check_node(node: sympy.Expr) -> sympy.Expr:
    """The node itself when it is within the limits and real; raises :class:`SpecError` otherwise.

    >>> check_node(X ** 200)
    Traceback (most recent call last):
        ...
    certigram.theory.errors.SpecError: the degree grows beyond 128: write a simpler expression.
    """
    if node.has(sympy.I, sympy.zoo, sympy.nan, sympy.oo, -sympy.oo):
        raise SpecError("the value is not a finite real number: check the domain of the functions.")
    if nodes(node) > MAX_NODES:
        raise SpecError(f"the expression has more than {MAX_NODES} nodes: write a simpler one.")
    if degree(node) > MAX_DEGREE:
        raise SpecError(f"the degree grows beyond {MAX_DEGREE}: write a simpler expression.")
    if tower(node) > MAX_TOWER:
        raise SpecError(f"more than {MAX_TOWER} exponentials are nested: write a simpler expression.")
    if not node.has(X) and node.is_number:
        bits = log2_bound(node)
        if bits > MAX_BITS if bits is not None else tower(node) > 0:
            raise SpecError("a constant is too large: write a smaller one.")
    return node


def check_power(base: sympy.Expr, exponent: sympy.Expr) -> sympy.Expr:
    """The power ``base**exponent`` after its size has been checked; raises :class:`SpecError` otherwise.

    The exponent must be rational, unless the base is ``e``.

    >>> check_power(sympy.Integer(9), sympy.Integer(9) ** 9)
    Traceback (most recent call last):
        ...
    certigram.theory.errors.SpecError: the exponent is beyond 64: write a smaller one.
    """
    if base == sympy.E:
        return check_exponential(exponent)
    if not exponent.is_Rational:
        raise SpecError("the exponent is not a rational number: for other powers write exp(...).")
    if abs(int(exponent.p)) > MAX_POWER or int(exponent.q) > MAX_POWER:
        raise SpecError(f"the exponent is beyond {MAX_POWER}: write a smaller one.")
    if base.is_zero and not exponent > 0:
        raise SpecError("zero to a power that is not positive: check the expression.")
    if not base.has(X):
        if exponent.q != 1 and not (base.is_positive or base.is_zero):
            raise SpecError("a root of a constant that is not positive: its value would not be a real number.")
        if base.is_Rational and _digits(base) * abs(int(exponent.p)) > MAX_BITS:
            raise SpecError("a constant is too large: write a smaller one.")
    elif degree(base) * abs(int(exponent.p)) > MAX_DEGREE:
        raise SpecError(f"the degree grows beyond {MAX_DEGREE}: write a simpler expression.")
    return base**exponent


def check_exponential(exponent: sympy.Expr) -> sympy.Expr:
    """The value ``exp(exponent)``, when a constant exponent is small enough to be evaluated."""
    if not exponent.has(X):
        bits = log2_bound(exponent)
        if bits is None or bits > MAX_EXPONENT_BITS:
            raise SpecError("the exponential of a constant beyond 16384: write a smaller one.")
    return sympy.exp(exponent)

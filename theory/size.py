r"""Limits on expressions from outside: each node is measured before sympy may expand it.

The measures are upper bounds found by structure alone: :func:`degree` (how far a product of powers could expand),
:func:`log2_bound` (an integer :math:`b` with :math:`|c|\le2^b` for a constant :math:`c`) and :func:`tower` (nested exponentials).
"""

from __future__ import annotations

import sympy

from .errors import SpecError
from .functions import X, sigmoid, softplus

MAX_POWER = 64
"""Largest numerator and denominator of an exponent."""
MAX_DEGREE = 128
"""Largest degree of an expression, each function counting as one factor."""
MAX_BITS = 20_000
"""Largest size of a constant, as a power of two."""
MAX_TOWER = 3
"""Most exponentials nested into each other."""
MAX_NODES = 4000
"""Most nodes of an expression tree."""

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
    """An integer ``b`` with ``|constant| <= 2**b``, or ``None`` when the structure does not tell.

    >>> log2_bound(sympy.Rational(9, 2)), log2_bound(sympy.exp(100))
    (3, 256)
    """
    if constant.is_Rational:
        return max(int(constant.p).bit_length() - int(constant.q).bit_length() + 1, 0)
    if constant in (sympy.pi, sympy.E):
        return 2
    children = [log2_bound(child) for child in constant.args]
    if constant.is_Pow and constant.exp.is_Rational:
        return (
            children[0] * -(-int(constant.exp.p) // int(constant.exp.q))
            if children[0] is not None and constant.exp > 0
            else _root(constant)
        )
    if isinstance(constant, (sympy.tanh, sympy.sin, sympy.cos, sympy.erf, sigmoid, sympy.Heaviside, sympy.sign)):
        return 0
    known = [bits for bits in children if bits is not None]
    if not known or len(known) < len(children):
        return None
    if constant.is_Add:
        return max(known) + len(known).bit_length()
    if constant.is_Mul:
        return sum(known)
    if isinstance(constant, _EXPONENTIAL):
        return 2 << known[0] if known[0] <= 14 else None  # |exp(c)| <= 2**(2|c|) and |c| <= 2**b
    return max(known) + 2  # atan, asinh, log, softplus, Abs, Max, Min, normal_cdf: at most |c| + 2 above 1/|c|


def _root(constant: sympy.Expr) -> int | None:
    base = constant.base
    return max(int(base.q).bit_length(), 1) * MAX_POWER if base.is_Rational and base != 0 else None


def check_node(node: sympy.Expr) -> sympy.Expr:
    """The node itself when it is within the limits and real; raises :class:`SpecError` otherwise.

    >>> check_node(X ** 200)
    Traceback (most recent call last):
        ...
    certigram.theory.errors.SpecError: the degree grows beyond 128: write a simpler expression.
    """
    if node.has(sympy.I, sympy.zoo, sympy.nan, sympy.oo, -sympy.oo):
        raise SpecError("the value is not a finite real number: check the domain of the functions.")
    if degree(node) > MAX_DEGREE:
        raise SpecError(f"the degree grows beyond {MAX_DEGREE}: write a simpler expression.")
    if tower(node) > MAX_TOWER:
        raise SpecError(f"more than {MAX_TOWER} exponentials are nested: write a simpler expression.")
    if not node.has(X) and node.is_number:
        bits = log2_bound(node)
        if bits is None and tower(node) or bits is not None and bits > MAX_BITS:
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
        if base.is_Rational and (int(base.p).bit_length() + int(base.q).bit_length()) * abs(int(exponent.p)) > MAX_BITS:
            raise SpecError("a constant is too large: write a smaller one.")
    elif degree(base) * abs(int(exponent.p)) > MAX_DEGREE:
        raise SpecError(f"the degree grows beyond {MAX_DEGREE}: write a simpler expression.")
    return base**exponent


def check_exponential(exponent: sympy.Expr) -> sympy.Expr:
    """The value ``exp(exponent)``, when a constant exponent is small enough to be evaluated."""
    if not exponent.has(X):
        bits = log2_bound(exponent)
        if bits is None or bits > 14:
            raise SpecError("the exponential of a constant beyond 16384: write a smaller one.")
    return sympy.exp(exponent)

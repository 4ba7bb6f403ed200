r"""A proved bound :math:`|f(x)|\le C(1+|x|)^p e^{\alpha|x|+\beta x^2}` on the whole real line, from structure alone.

Nothing is sampled: each node has a rule, and the rules are proved in docs/theory/range-analysis.md, section 5. The
bound decides whether :math:`E f(u)^2` is finite for a Gaussian u, and it bounds the tails of Gaussian integrals.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import reduce

import sympy
from flint import arb

from ...theory.errors import DerivationGap, SpecError
from ...theory.verdict import Verdict
from .interval import natural_range
from .lowering import constant, the_variable


@dataclass(frozen=True, slots=True)
class Growth:
    r"""``|f(x)| <= constant * (1+|x|)**degree * exp(rate*|x| + quadratic*x**2)`` for all real x.

    ``constant >= 0``, ``degree >= 0``; ``rate`` and ``quadratic`` may be negative (decay).
    """

    constant: arb
    degree: int
    rate: arb
    quadratic: arb

    def bound(self, x: arb) -> arb:
        """An upper bound of ``|f|`` at every point of the ball ``x``.

        >>> Growth(arb(2), 1, arb(0), arb(0)).bound(arb(-3))
        8.00000000000000
        """
        r = arb(x.abs_upper())
        least = arb(x.abs_lower())
        rate = self.rate * (r if self.rate > 0 else least if self.rate < 0 else least.union(r))
        nearest = r if self.quadratic > 0 else least if self.quadratic < 0 else least.union(r)
        quadratic = self.quadratic * nearest**2
        return arb((self.constant * (1 + r) ** self.degree * (rate + quadratic).exp()).upper())

    def scaled(self, sigma: arb) -> Growth:
        """The growth of ``x -> f(sigma x)``, for sigma >= 0: ``1 + sigma|x| <= max(1, sigma)(1 + |x|)``."""
        factor = arb(sigma.upper()).max(arb(1))
        return Growth(
            self.constant * factor**self.degree,
            self.degree,
            self.rate * sigma,
            self.quadratic * sigma**2,
        )

    def __mul__(self, other: Growth) -> Growth:
        return Growth(
            self.constant * other.constant,
            self.degree + other.degree,
            self.rate + other.rate,
            self.quadratic + other.quadratic,
        )

    def __add__(self, other: Growth) -> Growth:
        return self._envelope(other, self.constant + other.constant)

    def maximum(self, other: Growth) -> Growth:
        """A bound of both functions."""
        return self._envelope(other, self.constant.max(other.constant))

    def _envelope(self, other: Growth, constant: arb) -> Growth:
        return Growth(
            constant,
            max(self.degree, other.degree),
            self.rate.max(other.rate),
            self.quadratic.max(other.quadratic),
        )

    def __pow__(self, n: int) -> Growth:
        return Growth(self.constant**n, self.degree * n, self.rate * n, self.quadratic * n)


def bounded_by(value: arb) -> Growth:
    """The growth of a function of absolute value at most ``value``."""
    return Growth(value, 0, arb(0), arb(0))


BOUNDED = {"tanh", "erf", "erfc", "sigmoid", "normal_cdf", "sin", "cos", "atan", "sign", "Heaviside"}


def growth(expr: sympy.Expr) -> Growth:
    r"""A growth bound of the expression, valid for all real x.

    Raises :class:`SpecError` when the expression outgrows every Gaussian (``exp(x**3)``) and :class:`DerivationGap`
    when no rule applies or the expression may be undefined somewhere.

    >>> growth(sympy.exp(sympy.Symbol("x", real=True) ** 2)).quadratic
    1.00000000000000
    """
    expr = sympy.sympify(expr, strict=True)
    the_variable(expr)
    return _growth(expr)


def _growth(node: sympy.Expr) -> Growth:
    try:
        return _by_rule(node)
    except (DerivationGap, SpecError):
        try:
            magnitude = natural_range(node).magnitude
        except DerivationGap:
            magnitude = arb("inf")
        if magnitude.is_finite():
            return bounded_by(magnitude)
        raise


def _by_rule(node: sympy.Expr) -> Growth:
    if not node.free_symbols:
        return bounded_by(arb(abs(_finite(node)).upper()))
    if node.is_Symbol:
        return Growth(arb(1), 1, arb(0), arb(0))
    name = type(node).__name__
    if name in BOUNDED:
        return bounded_by(natural_range(node).magnitude)
    if isinstance(node, sympy.Add):
        return reduce(Growth.__add__, map(_growth, node.args))
    if isinstance(node, sympy.Mul):
        return reduce(Growth.__mul__, map(_growth, node.args))
    if isinstance(node, sympy.Pow):
        return _power(node)
    if name in {"Max", "Min"}:
        clipped = natural_range(node).magnitude
        return bounded_by(clipped) if clipped.is_finite() else reduce(Growth.maximum, map(_growth, node.args))
    if name in {"Abs", "asinh"}:
        return _growth(node.args[0])
    if name == "softplus":
        return bounded_by(arb(2).log()) + _growth(node.args[0])
    if name == "exp":
        return _exponential(node.args[0])
    if name in {"sinh", "cosh"}:
        half = bounded_by(arb(0.5))
        return half * (_exponential(node.args[0]) + _exponential(-node.args[0]))
    if name == "log":
        return _logarithm(node)
    raise DerivationGap(f"no rule bounds the growth of {name} in {node}: use functions listed by `certigram list`.")


def _finite(node: sympy.Expr) -> arb:
    value = constant(node)
    if not value.is_finite():
        raise DerivationGap(f"the constant {node} is not a real number.")
    return value


def _power(node: sympy.Pow) -> Growth:
    base, exponent = node.args
    if not exponent.is_Rational:
        return _exponential(exponent * sympy.log(base))
    if exponent < 0:
        return bounded_by(natural_range(node).magnitude)
    if exponent.q != 1:
        natural_range(node)  # raises where the base may be negative
    g, power = _growth(base), Fraction(int(exponent.p), int(exponent.q))
    ratio = arb(power.numerator) / power.denominator
    constant_power = g.constant**power.numerator
    if power.denominator > 1 and constant_power > 0:
        constant_power = constant_power.root(power.denominator)
    degree = -(-g.degree * power.numerator // power.denominator)
    return Growth(constant_power, degree, g.rate * ratio, g.quadratic * ratio)


def _logarithm(node: sympy.Expr) -> Growth:
    """``|log u| <= max(|log m|, |log C|) + (p + rate^+)|x| + quadratic^+ x**2`` when ``m <= u``."""
    low = natural_range(node.args[0]).lo
    if not low > 0:
        raise DerivationGap(f"the argument of {node} is not bounded away from zero by its structure.")
    g = _growth(node.args[0])
    zero = arb(0)
    linear = g.degree + g.rate.max(zero)
    quadratic = g.quadratic.max(zero)
    head = abs(low.log()).max(abs(g.constant.log()))
    if quadratic.is_zero():
        return bounded_by(head) if linear.is_zero() else Growth(head.max(linear), 1, zero, zero)
    return Growth(head + linear + quadratic, 2, zero, zero)


@dataclass(frozen=True, slots=True)
class _Majorant:
    """``u(x) <= c + a|x| + b x**2`` for all real x."""

    c: arb
    a: arb
    b: arb


def _exponential(u: sympy.Expr) -> Growth:
    m = _majorant(sympy.expand(u))
    return Growth(m.c.exp(), 0, m.a, m.b)


def _majorant(u: sympy.Expr) -> _Majorant:
    polynomial: list[sympy.Expr] = []
    others: list[sympy.Expr] = []
    x = the_variable(u)
    for term in sympy.Add.make_args(u):
        (polynomial if x is None or term.is_polynomial(x) else others).append(term)
    parts = [_polynomial_majorant(sympy.Add(*polynomial), x)] + [_term_majorant(t) for t in others]
    zero = arb(0)
    return reduce(lambda m, n: _Majorant(m.c + n.c, m.a + n.a, m.b + n.b), parts, _Majorant(zero, zero, zero))


def _polynomial_majorant(p: sympy.Expr, x: sympy.Symbol | None) -> _Majorant:
    zero = arb(0)
    if x is None or not p.has(x):
        return _Majorant(_finite(p), zero, zero)
    coefficients = [_finite(c) for c in reversed(sympy.Poly(p, x).all_coeffs())]
    degree = len(coefficients) - 1
    if degree <= 2:
        c, a, b = [*coefficients, zero][:3]
        return _Majorant(c, abs(a), b)
    leading = coefficients[-1]
    if degree % 2 == 0 and leading < 0:  # bounded above: all real zeros lie inside Cauchy's radius
        ratios = [abs(q / leading) for q in coefficients[:-1]]
        radius = 1 + reduce(arb.max, ratios)
        top = sum((abs(q) * radius**k for k, q in enumerate(coefficients[:-1])), zero)
        return _Majorant(top, zero, zero)
    raise SpecError(f"exp({p}) outgrows every Gaussian, so it is square-integrable at no variance: choose another "
                    "activation.")  # fmt: skip


def _term_majorant(term: sympy.Expr) -> _Majorant:
    zero = arb(0)
    factor, rest = term.as_coeff_Mul()
    if type(rest).__name__ == "Abs" and rest.args[0].is_Symbol:
        return _Majorant(zero, _finite(factor), zero)
    try:
        top = natural_range(term).hi
        if top.is_finite():
            return _Majorant(top, zero, zero)
    except DerivationGap:
        pass
    g = _growth(term)
    if g.degree <= 2 and g.rate <= 0 and g.quadratic <= 0:
        c = g.constant
        return _Majorant(c, [zero, c, 2 * c][g.degree], c if g.degree == 2 else zero)
    raise SpecError(f"exp({term}) may outgrow every Gaussian, so no Gaussian expectation of it is known to be finite: "
                    "choose another activation.")  # fmt: skip


def square_integrable(bound: Growth, variance: arb) -> Verdict:
    r"""Whether :math:`E f(u)^2 < \infty`, u of the given variance, follows: PROVED if ``4 * quadratic * v < 1``.

    UNKNOWN otherwise: a growth bound is one-sided and cannot refute.
    """
    return Verdict.PROVED if 4 * bound.quadratic * variance < 1 else Verdict.UNKNOWN


def _refuted(expr: sympy.Expr, variance: arb) -> bool:
    """Whether ``expr`` is ``c exp(a x**2 + b x + d)`` with ``4 a v >= 1``: then the expectation is infinite."""
    x = the_variable(expr)
    factors = [f for f in sympy.Mul.make_args(expr) if f.free_symbols]
    if x is None or not all(isinstance(f, sympy.exp) and f.args[0].is_polynomial(x) for f in factors):
        return False
    known = sympy.Mul(*(f for f in sympy.Mul.make_args(expr) if not f.free_symbols))
    coefficients = sympy.Poly(sympy.Add(*(f.args[0] for f in factors)), x).all_coeffs()
    if len(coefficients) != 3 or constant(known).contains(0):
        return False
    return bool(4 * constant(coefficients[0]) * variance >= 1)


def gaussian_square_integrable(expr: sympy.Expr, variance: arb) -> Verdict:
    r"""Whether :math:`E f(u)^2 < \infty` for u of the given variance; REFUTED only for a pure exponential.

    >>> x = sympy.Symbol("x", real=True)
    >>> gaussian_square_integrable(sympy.exp(x**2), arb(2)).name, gaussian_square_integrable(sympy.exp(x), arb(2)).name
    ('REFUTED', 'PROVED')
    """
    if _refuted(expr, variance):
        return Verdict.REFUTED
    try:
        return square_integrable(growth(expr), variance)
    except (DerivationGap, SpecError):
        return Verdict.UNKNOWN


def require_square_integrable(expr: sympy.Expr, variance: arb, *, name: str = "") -> Growth:
    """The growth bound of an expression that is square-integrable at this variance.

    Raises :class:`SpecError` with one sentence when it is not, or not provably, and :class:`DerivationGap` when no
    growth bound is known.
    """
    shown = name or str(expr)
    bound = growth(expr)
    if square_integrable(bound, variance) is Verdict.PROVED:
        return bound
    v, rate = variance.str(6, radius=False), bound.quadratic.str(6, radius=False)
    if _refuted(expr, variance):
        raise SpecError(
            f"{shown} is not square-integrable at variance {v}: E phi(u)^2 is infinite, because phi grows like "
            f"exp({rate}*x**2); choose a smaller variance or another activation."
        )
    raise SpecError(
        f"{shown} is not provably square-integrable at variance {v}: the bound exp({rate}*x**2) on its growth is too "
        "large; choose a smaller variance or another activation."
    )

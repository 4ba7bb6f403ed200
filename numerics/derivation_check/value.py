r"""The numerical meaning of every expression that can occur in a step, as a ball at one rational point.

Closed forms are evaluated with rational subexpressions kept rational; expectations, means and derivatives by
:mod:`.gaussian`; integrals over the covariance by ``acb.integral``; :math:`\Phi_2` by :mod:`.special`.
"""

from __future__ import annotations

from fractions import Fraction

import sympy
from flint import acb, arb, arb_series, fmpq

from ...theory.activations.functions import X, normal_cdf
from ...theory.closed_forms import A, B, C
from ...theory.derivations.notation import (
    Expectation,
    HermiteCoefficient,
    Mean,
    TaylorCoefficient,
    Y,
    bivariate_normal_cdf,
)
from ...theory.errors import DerivationGap
from ..balls.precision import MAX_BITS, precision
from ..dual.closed import Evaluator, Value
from ..dual.covariance import covariance
from ..expressions.elementary import real
from ..expressions.elementary.series import coefficient
from ..expressions.lowering import lower_acb, lower_series
from ..hermite import hermite_transform
from . import gaussian, special
from .points import Environment

TRIES = 5
"""How often the guard digits are multiplied by four when a value is not accurate enough."""


def enclose(expression: sympy.Expr, environment: Environment, bits: int) -> arb:
    """A ball around an expression at a point, aimed at relative accuracy 2^-bits; NaN where it is not defined.

    >>> enclose(sympy.sqrt(A * B - C**2), {A: Fraction(2), B: Fraction(1), C: Fraction(1)}, 64).contains(arb(1))
    True
    """
    value, guard = arb("nan"), 24
    hard = expression.has(Expectation, Mean, sympy.Derivative, HermiteCoefficient, TaylorCoefficient)
    for _ in range(2 if hard else TRIES):
        with precision(min(bits + guard, MAX_BITS)):
            value = _PointEvaluator(environment, bits + guard // 2).value(expression)
        if value.is_exact() or value.rel_accuracy_bits() >= bits - 8:
            break
        guard *= 4
    return value


class _PointEvaluator(Evaluator):
    """The evaluator of closed forms, with parameters and with the objects of derivations."""

    def __init__(self, environment: Environment, bits: int) -> None:
        super().__init__(covariance(environment[A], environment[B], environment[C]))
        self.bits = bits
        self.exact = {symbol: sympy.Rational(x.numerator, x.denominator) for symbol, x in environment.items()}
        for symbol, x in environment.items():
            self.known[symbol] = fmpq(x.numerator, x.denominator)

    def _new(self, node: sympy.Expr) -> Value:
        if isinstance(node, Expectation):
            a, b, c = (self._fraction(entry) for entry in node.covariance)
            return gaussian.expectation(self._function(node.f), self._function(node.g), (a, b, c), self.bits)
        if isinstance(node, Mean):
            return gaussian.mean(self._function(node.f), self._fraction(node.variance), self.bits)
        if isinstance(node, HermiteCoefficient):
            return self._coefficient(node)
        if isinstance(node, TaylorCoefficient):
            return self._taylor(node)
        if isinstance(node, sympy.Derivative):
            return self._derivative(node)
        if isinstance(node, sympy.Integral):
            return self._integral(node)
        if isinstance(node, bivariate_normal_cdf):
            return special.bivariate_normal_cdf(*(self.value(arg) for arg in node.args))
        if isinstance(node, normal_cdf):
            return special.normal_cdf(self.value(node.args[0]))
        if isinstance(node, (sympy.factorial, sympy.gamma)):
            shift = 1 if isinstance(node, sympy.factorial) else 0
            return (self.value(node.args[0]) + shift).gamma()
        if node.is_Pow and not node.exp.is_Rational and node.exp.xreplace(self.exact).is_Rational:
            return self.at(sympy.Pow(node.base, node.exp.xreplace(self.exact), evaluate=False))
        return super()._new(node)

    def _fraction(self, node: sympy.Expr) -> Fraction:
        value = self.at(node)
        if isinstance(value, arb):
            raise DerivationGap(f"the entry {node} of a law is not rational here.")
        return Fraction(int(value.p), int(value.q))

    def _function(self, f: sympy.Expr) -> sympy.Expr:
        return f.xreplace({s: v for s, v in self.exact.items() if s != X})

    def _coefficient(self, node: HermiteCoefficient) -> arb:
        f, order, sigma = node.args
        n, s = self._fraction(order), self._fraction(sigma)
        activation = gaussian.activation_of(self._function(f))
        return hermite_transform(activation, int(n), s * s, self.bits).coefficients[int(n)]

    def _taylor(self, node: TaylorCoefficient) -> arb:
        """From the power series of the function itself, in ball arithmetic."""
        g, order = node.args[0], int(self._fraction(node.args[1]))
        function = lower_series(g.xreplace({s: v for s, v in self.exact.items() if s != Y}).xreplace({Y: X}))
        with precision(self.bits + 32):
            return coefficient(function(arb_series([0, 1], prec=order + 2)), order)

    def _derivative(self, node: sympy.Derivative) -> arb:
        inner = node.expr
        if not isinstance(inner, Expectation) or inner.covariance != (A, B, C) or node.variable_count != ((C, 1),):
            raise DerivationGap(f"no numerical meaning is known for {node}.")
        a, b, c = (self._fraction(entry) for entry in (A, B, C))
        return gaussian.slope(self._function(inner.f), self._function(inner.g), (a, b, c), self.bits)

    def _integral(self, node: sympy.Integral) -> arb:
        if len(node.limits) != 1 or len(node.limits[0]) != 3:
            raise DerivationGap(f"no numerical meaning is known for {node}.")
        variable, lower, upper = node.limits[0]
        start, end = (acb(self.value(bound)) for bound in (lower, upper))
        integrand = node.function.xreplace({s: v for s, v in self.exact.items() if s != variable})
        if not integrand.has(variable):
            return real.multiply(self.value(integrand), (end - start).real)
        plain = integrand.replace(sympy.asin, lambda y: sympy.atan(y / sympy.sqrt(1 - y**2)))
        function = lower_acb(plain.xreplace({variable: X}))
        return acb.integral(lambda z, analytic: function(z), start, end, eval_limit=20000).real

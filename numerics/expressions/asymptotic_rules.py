r"""The asymptotic form of every node: how elementary functions act on :math:`e^{ax+bx^2}(P+r)`.

Each rule distinguishes an argument that tends to :math:`+\infty`, to :math:`-\infty`, or to a constant c; in the last
case the function is replaced by its value at c and a Lipschitz bound. docs/theory/range-analysis.md, section 6.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from operator import add, mul

import sympy
from flint import arb

from ...theory.activations.functions import normal_cdf, sigmoid, softplus
from ...theory.errors import DerivationGap
from .asymptotic import ZERO, Asymptotic, Envelope, TooEarly, trimmed, weight
from .lowering import constant, the_variable

ONE = sympy.Integer(1)
HALF = sympy.Rational(1, 2)
STEEP = 16
"""The rate that stands for a doubly exponential decay."""


def exponential(u: Asymptotic) -> Asymptotic:
    """``exp(u)``."""
    start = u.start
    if u.exponent() > 0:
        if u.leading > 0:
            raise DerivationGap("an exponential of an exponential grows too fast")
        return u.of((), _doubly_small(u))
    u = u.flat()
    if u.degree > 2:
        if u.leading > 0:
            raise DerivationGap("the exponential of a polynomial of degree above 2 grows too fast")
        if not u.least_size() * start ** (u.degree - 2) >= 1 or not start >= 1:
            raise TooEarly
        return u.of((), weight(0, ZERO, sympy.Integer(-1)))
    c, a, b = [*u.polynomial, ZERO, ZERO, ZERO][:3]
    head = sympy.exp(c)
    top = u.remainder.supremum(start)
    return u.of((head,), u.remainder.times(constant(head) * top.exp()), a, b)


def _doubly_small(u: Asymptotic) -> Envelope:
    r"""``exp(u)`` for u below :math:`-\kappa e^{ax+bx^2}` (convex): at most a constant times ``exp(-16 x)``."""
    start, kappa = u.start, u.least_size()
    rate, quadratic = constant(u.rate), constant(u.quadratic)
    level = kappa * (rate * start + quadratic * start**2).exp()
    slope = rate + 2 * quadratic * start
    if not (quadratic >= 0 and slope > 0 and level * slope >= STEEP) or (u.degree > 0 and not start >= 1):
        raise TooEarly
    return weight(0, sympy.Integer(-STEEP)).times((STEEP * start - level).exp())


def decay(u: Asymptotic) -> Envelope:
    """An envelope of ``exp(u)`` for u that tends to minus infinity."""
    return exponential(u).size()


def _positive(u: Asymptotic) -> None:
    """Make sure that a form that tends to plus infinity is positive from T on."""
    if not u.least_size() > 0:
        raise TooEarly


def _value_and_rest(u: Asymptotic) -> tuple[sympy.Expr, Envelope]:
    """The limit c of a bounded form and the envelope of the rest; c = 0 when only a bound is known."""
    u = u.flat()
    return (u.polynomial[0] if u.polynomial else ZERO), u.remainder


def _lipschitz(function: Callable[[sympy.Expr], sympy.Expr], u: Asymptotic, slope: int, direction: int) -> Asymptotic:
    """A function of Lipschitz constant at most ``slope``; increasing (1), decreasing (-1) or neither (0)."""
    c, rest = _value_and_rest(u)
    return u.of(trimmed([function(c)]), rest.times(arb(slope)).signed(rest.sign * direction))


def _saturating(u: Asymptotic, name: str) -> Asymptotic:
    """Functions with two horizontal asymptotes: value at infinity and envelope of the distance to it."""
    way, direction = u.divergence(), -1 if name == "erfc" else 1
    if way == 0 and u.flat().remainder.order() < (0, 0, 0):
        return _lipschitz(SATURATING[name][0], u, 2, direction)
    if way == 0:
        return u.of((), Envelope(arb(2)))
    away = u if way > 0 else -u
    _positive(away)
    _, low, high, distance = SATURATING[name]
    return u.of(trimmed([high if way > 0 else low]), distance(away).signed(-way * direction))


def _gaussian_decay(factor: sympy.Expr) -> Callable[[Asymptotic], Envelope]:
    return lambda u: decay((u * u).scaled(-factor))


SATURATING: dict[
    str, tuple[Callable[[sympy.Expr], sympy.Expr], sympy.Expr, sympy.Expr, Callable[[Asymptotic], Envelope]]
] = {
    "tanh": (sympy.tanh, -ONE, ONE, lambda u: decay(u.scaled(sympy.Integer(-2))).times(arb(2))),
    "sigmoid": (sigmoid, ZERO, ONE, lambda u: decay(-u)),
    "erf": (sympy.erf, -ONE, ONE, _gaussian_decay(ONE)),
    "erfc": (sympy.erfc, 2 * ONE, ZERO, _gaussian_decay(ONE)),
    "normal_cdf": (normal_cdf, ZERO, ONE, _gaussian_decay(HALF)),
    "atan": (sympy.atan, -sympy.pi / 2, sympy.pi / 2, lambda u: u.of((ONE,)).divided_by(u).size()),
}
"""Per function: itself, its limits at minus and plus infinity, and a bound of the distance to the limit."""


def _softplus(u: Asymptotic) -> Asymptotic:
    way = u.divergence()
    if way == 0:
        return _lipschitz(softplus, u, 1, 1)
    _positive(u)
    small = u.of((), decay(u.scaled(sympy.Integer(-way))).signed(1))
    return u + small if way > 0 else small


def _logarithm(u: Asymptotic) -> Asymptotic:
    if u.leading <= 0:
        raise DerivationGap("the logarithm of a quantity that is not seen to stay positive")
    _positive(u)
    d, lead = u.degree, u.polynomial[-1]
    rest = u.of(trimmed(list(u.polynomial[:-1])), u.remainder).size().times(1 / constant(lead)) * weight(-d)
    top = rest.supremum(u.start)
    if not top < 1 or not u.start >= 1:
        raise TooEarly
    small = rest.times(1 / (1 - top))
    if d > 0:  # log x <= x, for want of logarithms in these forms
        small = small.plus(weight(1).times(arb(d)), u.start)
    return u.of(trimmed([sympy.log(lead), u.rate, u.quadratic]), small)


def _root(u: Asymptotic, q: int) -> Asymptotic:
    r"""The q-th root: ``|(1+s)**(1/q) - 1| <= |s|`` for ``s >= -1``."""
    if u.leading <= 0:
        raise DerivationGap("the root of a quantity that is not seen to stay positive")
    _positive(u)
    d, lead = u.degree, u.polynomial[-1]
    head = sympy.root(lead, q)
    if d % q:
        size = u.of(u.polynomial, u.remainder).size()
        if size.order()[:2] != (0, 0) or not u.start >= 1:
            raise DerivationGap("the root of this quantity has no simple asymptotic form")
        bound = weight(-(-size.degree // q)).times(size.constant.root(q))
        return u.of((), bound * weight(0, u.rate / q, u.quadratic / q))
    rest = u.of(trimmed(list(u.polynomial[:-1])), u.remainder).size().times(1 / constant(lead)) * weight(-d)
    if not rest.supremum(u.start) <= 1:
        raise TooEarly
    polynomial = (*([ZERO] * (d // q)), head)
    return u.of(polynomial, (rest * weight(d // q)).times(constant(head)), u.rate / q, u.quadratic / q)


def _inverse_root(u: Asymptotic, q: int) -> Asymptotic:
    """``u**(-1/q)`` when q does not divide the degree: ``u >= kappa * x**d`` gives a bound only."""
    if u.leading <= 0:
        raise DerivationGap("the root of a quantity that is not seen to stay positive")
    if not u.start >= 1:
        raise TooEarly
    bound = weight(-(u.degree // q), -u.rate / q, -u.quadratic / q)
    return u.of((), bound.times((1 / u.least_size()).root(q)))


def _function(name: str, u: Asymptotic, node: sympy.Expr) -> Asymptotic:
    if name in SATURATING:
        return _saturating(u, name)
    if name == "exp":
        return exponential(u)
    if name == "log":
        return _logarithm(u)
    if name == "softplus":
        return _softplus(u)
    if name in {"sin", "cos"}:
        if u.divergence() == 0 and u.flat().remainder.order() < (0, 0, 0):
            return _lipschitz(getattr(sympy, name), u, 1, 0)
        return u.of((), Envelope(arb(1)))
    if name in {"sinh", "cosh"}:
        return (exponential(u) + exponential(-u).scaled(ONE if name == "cosh" else -ONE)).scaled(HALF)
    if name == "asinh":
        return u.of((), u.size())
    if name == "Abs" and u.divergence():
        _positive(u)
        return u if u.leading > 0 else -u
    raise DerivationGap(f"no rule gives the behaviour at infinity of {name} in {node}.")


def asymptotic(expr: sympy.Expr, start: arb) -> Asymptotic:
    r"""The asymptotic form of an expression on :math:`[T,\infty)`, T = ``start`` exact and positive.

    Raises :class:`TooEarly` when a larger T may help and :class:`DerivationGap` when no rule applies.
    """
    variable = the_variable(expr)
    known: dict[sympy.Expr, Asymptotic] = {}
    origin = Asymptotic(start)

    def visit(node: sympy.Expr) -> Asymptotic:
        if node not in known:
            known[node] = compute(node)
        return known[node]

    def compute(node: sympy.Expr) -> Asymptotic:
        if node == variable:
            return origin.of((ZERO, ONE))
        if not node.free_symbols:
            if not constant(node).is_finite():
                raise DerivationGap(f"the constant {node} is not a real number.")
            return origin.of(trimmed([node]))
        if isinstance(node, sympy.Add):
            return reduce(add, map(visit, node.args))
        if isinstance(node, sympy.Mul):
            return product(node)
        if isinstance(node, sympy.Pow):
            return power(node, node.args[1])
        return _function(type(node).__name__, visit(node.args[0]), node)

    def product(node: sympy.Mul) -> Asymptotic:
        above, below = [origin.of((ONE,))], []
        for factor in node.args:
            if isinstance(factor, sympy.Pow) and factor.args[1].is_Rational and factor.args[1] < 0:
                root = int(factor.args[1].q)
                if visit(factor.args[0]).degree % root == 0:
                    below.append(power(factor, -factor.args[1]))
                    continue
            above.append(visit(factor))
        top = reduce(mul, above)
        return top.divided_by(reduce(mul, below)) if below else top

    def power(node: sympy.Pow, exponent: sympy.Expr) -> Asymptotic:
        base = node.args[0]
        if not exponent.is_Rational:
            return exponential(visit(sympy.expand(exponent * sympy.log(base))))
        u = visit(base)
        if exponent < 0 and u.degree % int(exponent.q):
            return reduce(mul, [_inverse_root(u, int(exponent.q))] * -int(exponent.p))
        if exponent < 0:
            return origin.of((ONE,)).divided_by(power(node, -exponent))
        if exponent.q != 1:
            u = _root(u, int(exponent.q))
        return reduce(mul, [u] * int(exponent.p))

    return visit(expr)

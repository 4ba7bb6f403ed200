r"""The rules for expectations of a Gaussian pair, each as a map from the expectation to the right side.

Write [[a, c], [c, b]] for the covariance and :math:`\Delta=ab-c^2`. Proofs: docs/derivations.md, section 2.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import sympy

from ..activations.elementary_terms import Term
from ..activations.functions import X, normal_cdf
from ..activations.parity import parity
from ..closed_forms.moments import isserlis
from ..errors import DerivationGap
from .functions import derivative, terms
from .notation import Expectation, Mean, bivariate_normal_cdf
from .univariate import density, level, single

_ZERO, _ONE = sympy.S.Zero, sympy.S.One


def bilinearity(node: Expectation) -> sympy.Expr:
    """The expectation of a product of sums, term by term."""
    return sympy.Add(
        *(
            s.coefficient * t.coefficient * Expectation(s.function, t.function, *node.covariance)
            for s in terms(node.f)
            for t in terms(node.g)
        )
    )


def marginal(node: Expectation) -> sympy.Expr:
    """One factor is constant: the mean of the other."""
    a, b, _ = node.covariance
    if not node.g.has(X):
        return node.g * Mean(node.f, a)
    if not node.f.has(X):
        return node.f * Mean(node.g, b)
    raise DerivationGap("neither factor is constant.")


def symmetry(node: Expectation) -> sympy.Expr:
    """An even function against an odd one: reflect both variables."""
    if {parity(node.f), parity(node.g)} != {"odd", "even"}:
        raise DerivationGap("not an even function against an odd one.")
    return _ZERO


def pin(node: Expectation) -> sympy.Expr:
    """A point mass fixes its variable: density there times the mean under the conditional law of the other."""
    a, b, c = node.covariance
    if node.f.has(sympy.DiracDelta):
        term, other, variance, rest = single(node.f), node.g, a, b
    else:
        term, other, variance, rest = single(node.g), node.f, b, a
    if term.core != "mass":
        raise DerivationGap("there is no point mass.")
    smooth = replace(term, core="one", shift=_ZERO).function.xreplace({X: term.shift})
    conditional = sympy.factor(rest - c**2 / variance)
    moved = other.xreplace({X: X + c * term.shift / variance})
    return smooth * density(term.shift, variance) * Mean(moved, conditional)


def square(node: Expectation) -> sympy.Expr:
    r"""Complete the square: :math:`e^{-\alpha u^2-\beta v^2}` times the density is a Gaussian density.

    Its covariance is :math:`a'=(a+2\beta\Delta)/D,\ b'=(b+2\alpha\Delta)/D,\ c'=c/D` and its mass :math:`D^{-1/2}`,
    :math:`D=(1+2\alpha a)(1+2\beta b)-4\alpha\beta c^2`.
    """
    (a, b, c), f, g = node.covariance, single(node.f), single(node.g)
    alpha, beta = f.decay, g.decay
    delta = sympy.factor(a * b - c**2)
    d = sympy.factor(sympy.expand((1 + 2 * alpha * a) * (1 + 2 * beta * b) - 4 * alpha * beta * c**2))
    entries = (sympy.factor(e / d) for e in (a + 2 * beta * delta, b + 2 * alpha * delta, c))
    rest = (replace(t.bare, decay=_ZERO).function for t in (f, g))
    return f.coefficient * g.coefficient / sympy.sqrt(d) * Expectation(*rest, *entries)


def shift(node: Expectation) -> sympy.Expr:
    """Cameron and Martin: a factor exp(p u + q v) moves the mean by the covariance times (p, q)."""
    (a, b, c), f, g = node.covariance, single(node.f), single(node.g)
    p, q = f.rate, g.rate
    if f.decay != 0 or g.decay != 0:
        raise DerivationGap("complete the square first.")
    rest = [(t.core_function * X**t.power).xreplace({X: X + m}) for t, m in ((f, p * a + q * c), (g, p * c + q * b))]
    weight = sympy.exp(sympy.expand((p**2 * a + 2 * p * q * c + q**2 * b) / 2))
    return f.coefficient * g.coefficient * weight * Expectation(*rest, a, b, c)


def wick(node: Expectation) -> sympy.Expr:
    r"""Isserlis.

    :math:`E\,u^jv^k=\sum_l
    \frac{j!\,k!}{(\frac{j-l}2)!(\frac{k-l}2)!\,l!\,2^{(j+k)/2-l}}a^{\frac{j-l}2}b^{\frac{k-l}2}c^l`.
    """
    total = _ZERO
    for s in terms(node.f):
        for t in terms(node.g):
            if not (s.polynomial and t.polynomial):
                raise DerivationGap("not two polynomials.")
            moments = sympy.Add.make_args(isserlis(s.power, t.power, *node.covariance))
            total += sympy.Add(*(s.coefficient * t.coefficient * moment for moment in moments))
    return total


def stein(node: Expectation) -> sympy.Expr:
    """E u f(u) g(v) = a E f'(u) g(v) + c E f(u) g'(v), on the side where a power of the variable is left."""
    (a, b, c), f, g = node.covariance, single(node.f), single(node.g)
    coefficient = f.coefficient * g.coefficient
    if on_second(f, g):
        rest = _without_factor(g)
        pairs = ((b, f.function, derivative(rest)), (c, derivative(f.function), rest))
    else:
        rest = _without_factor(f)
        pairs = ((a, derivative(rest), g.function), (c, rest, derivative(g.function)))
    return coefficient * sympy.Add(*(factor * Expectation(left, right, a, b, c) for factor, left, right in pairs))


def on_second(f: Term, g: Term) -> bool:
    """Whether Stein's identity is used for v: v has a power, and it is the simpler factor or the only one with one."""
    return g.power > 0 and (g.polynomial or f.power == 0)


def _without_factor(term: Term) -> sympy.Expr:
    if term.power == 0:
        raise DerivationGap("no power of a variable is left.")
    return replace(term.bare, power=term.power - 1).function


def waves(node: Expectation) -> sympy.Expr:
    r"""The product of two cosines as a sum of two, each with mean :math:`e^{-\mathrm{Var}/2}\cos`."""
    (a, b, c), f, g = node.covariance, single(node.f), single(node.g)
    if (f.core, g.core) != ("wave", "wave") or f.power or g.power:
        raise DerivationGap("not two waves.")
    envelope = f.coefficient * g.coefficient * sympy.exp(sympy.expand(-(f.scale**2 * a + g.scale**2 * b) / 2))
    exponent = f.scale * g.scale * c
    plus, minus = sympy.cos(f.shift + g.shift), sympy.cos(f.shift - g.shift)
    if plus == minus:
        return envelope * plus * sympy.cosh(exponent)
    if plus == -minus:
        return envelope * minus * sympy.sinh(exponent)
    return envelope * (sympy.exp(-exponent) * plus + sympy.exp(exponent) * minus) / 2


def orthant(node: Expectation) -> sympy.Expr:
    r"""Two saturating functions: the probability of a quadrant, :math:`\Phi_2(h,k;\,nmc)`.

    :math:`E\,\Phi(\alpha u+s)\Phi(\beta v+t)=\Phi_2\bigl(h,k;\,nmc\bigr)` with :math:`h=s/\sqrt{1+\alpha^2a}`,
    :math:`n=\alpha/\sqrt{1+\alpha^2a}` and likewise k, m; erf and sign are :math:`2\Phi-1`, indicators the steep limit.
    """
    (a, b, c), f, g = node.covariance, single(node.f), single(node.g)
    if not (f.saturating and g.saturating) or f.power or g.power or f.rate + g.rate + f.decay + g.decay != 0:
        raise DerivationGap("not two saturating functions.")
    (low1, up1, h, n), (low2, up2, k, m) = level(f, a), level(g, b)
    corner = bivariate_normal_cdf(h, k, n * m * c)
    first, second = normal_cdf(h), normal_cdf(k)
    value = low1 * low2 + low1 * up2 * second + up1 * low2 * first + up1 * up2 * corner
    return f.coefficient * g.coefficient * sympy.expand(value)


FORMULAS: dict[str, Callable[[Expectation], sympy.Expr]] = {
    "bilinearity": bilinearity,
    "marginal": marginal,
    "symmetry": symmetry,
    "point-mass": pin,
    "square": square,
    "shift": shift,
    "wick": wick,
    "stein": stein,
    "waves": waves,
    "orthant": orthant,
}


def choose(node: Expectation) -> str:
    """The name of the rule that applies to an expectation that is not treated by descent in c."""
    if not node.f.has(X) and not node.g.has(X):
        return "wick"
    if not node.f.has(X) or not node.g.has(X):
        return "marginal"
    left, right = terms(node.f), terms(node.g)
    if all(t.polynomial for t in left + right):
        return "wick"
    if opposite(node):
        return "symmetry"
    if len(left) > 1 or len(right) > 1 or left[0].coefficient != 1 or right[0].coefficient != 1:
        return "bilinearity"
    f, g = left[0], right[0]
    if "mass" in (f.core, g.core):
        return "point-mass"
    if f.decay != 0 or g.decay != 0:
        return "square"
    if f.rate != 0 or g.rate != 0:
        return "shift"
    if f.power or g.power:
        return "stein"
    if f.core == "wave" and g.core == "wave":
        return "waves"
    if f.saturating and g.saturating:
        return "orthant"
    raise DerivationGap(f"no rule gives E[{node.f} at u, {node.g} at v] in closed form.")


def opposite(node: Expectation) -> bool:
    """Whether parity makes the expectation vanish (asked only where no threshold moves with the covariance)."""
    if (node.f.free_symbols | node.g.free_symbols) - {X} or node.has(sympy.DiracDelta):
        return False
    try:
        return {parity(node.f), parity(node.g)} == {"odd", "even"}
    except DerivationGap:
        return False

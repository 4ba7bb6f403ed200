r"""The rules for the mean of a function of one Gaussian variable, each as a map from the mean to the right side."""

from __future__ import annotations

from collections.abc import Callable

import sympy

from ..activations.elementary_terms import Term
from ..activations.functions import X, normal_cdf
from ..errors import DerivationGap
from .functions import derivative, terms
from .notation import Mean


def density(point: sympy.Expr, variance: sympy.Expr) -> sympy.Expr:
    """The density of N(0, variance) at a point."""
    return sympy.exp(-(point**2) / (2 * variance)) / sympy.sqrt(2 * sympy.pi * variance)


def level(term: Term, variance: sympy.Expr) -> tuple[sympy.Expr, sympy.Expr, sympy.Expr, sympy.Expr]:
    r"""(l, k, h, n): the saturating core of u is l + k times a conditional probability; see the rule ``orthant``.

    The core at u + noise is an indicator: :math:`\Phi(\alpha u+s)=P(z\le\alpha u+s\mid u)` for an independent z, so
    that its mean is :math:`\Phi(h)`, :math:`h=s/\sqrt{1+\alpha^2a}`, and its correlation with u has slope
    :math:`n=\alpha/\sqrt{1+\alpha^2a}`. Indicators are the limit of a steep :math:`\Phi`.
    """
    low, height = (-sympy.S.One, sympy.Integer(2)) if term.core in ("erf", "sign") else (sympy.S.Zero, sympy.S.One)
    if term.core in ("erf", "cdf"):
        factor = sympy.sqrt(2) if term.core == "erf" else sympy.S.One
        slope, shift = factor * term.scale, factor * term.shift
        root = sympy.sqrt(sympy.factor(1 + slope**2 * variance))
        return low, height, shift / root, slope / root
    sign = -1 if term.core == "below" else 1
    return low, height, -sign * term.shift / sympy.sqrt(variance), sign / sympy.sqrt(variance)


def single(f: sympy.Expr) -> Term:
    """The only term of a function; raises :class:`DerivationGap` when there are several."""
    found = terms(f)
    if len(found) != 1:
        raise DerivationGap(f"{f} is not one term.")
    return found[0]


def linearity(node: Mean) -> sympy.Expr:
    """The mean of a sum, term by term."""
    return sympy.Add(*(t.coefficient * Mean(t.function, node.variance) for t in terms(node.f)))


def moments(node: Mean) -> sympy.Expr:
    """E w^k = (k-1)!! s^(k/2) for even k, else 0."""
    total = sympy.S.Zero
    for term in terms(node.f):
        if not term.polynomial:
            raise DerivationGap(f"{node.f} is not a polynomial.")
        if term.power % 2 == 0:
            total += term.coefficient * sympy.factorial2(term.power - 1) * node.variance ** (term.power // 2)
    return total


def mass(node: Mean) -> sympy.Expr:
    """E delta(w - t) h(w) = h(t) times the density at t."""
    term = single(node.f)
    if term.core != "mass":
        raise DerivationGap(f"{node.f} is not a point mass.")
    rest = sympy.exp(term.rate * X - term.decay * X**2) * X**term.power
    return term.coefficient * rest.xreplace({X: term.shift}) * density(term.shift, node.variance)


def square(node: Mean) -> sympy.Expr:
    """Complete the square: a factor exp(-alpha w^2) shrinks the variance to s/(1 + 2 alpha s)."""
    term, s = single(node.f), node.variance
    d = sympy.factor(1 + 2 * term.decay * s)
    rest = X**term.power * sympy.exp(term.rate * X) * term.core_function
    return term.coefficient / sympy.sqrt(d) * Mean(rest, sympy.factor(s / d))


def shift(node: Mean) -> sympy.Expr:
    """Cameron and Martin: a factor exp(p w) moves w by p s."""
    term, s = single(node.f), node.variance
    if term.decay != 0:
        raise DerivationGap("complete the square first.")
    rest = (X**term.power * term.core_function).xreplace({X: X + term.rate * s})
    return term.coefficient * sympy.exp(term.rate**2 * s / 2) * Mean(rest, s)


def stein(node: Mean) -> sympy.Expr:
    """E w f(w) = s E f'(w)."""
    term, s = single(node.f), node.variance
    if term.power == 0:
        raise DerivationGap(f"{node.f} has no factor x.")
    rest = X ** (term.power - 1) * sympy.exp(term.rate * X - term.decay * X**2) * term.core_function
    return term.coefficient * s * Mean(derivative(rest), s)


def wave(node: Mean) -> sympy.Expr:
    """E cos(omega w + phase) = exp(-omega^2 s/2) cos(phase)."""
    term = single(node.f)
    if term.core != "wave" or term.power or term.rate != 0 or term.decay != 0:
        raise DerivationGap(f"{node.f} is not a wave.")
    return term.coefficient * sympy.exp(-(term.scale**2) * node.variance / 2) * sympy.cos(term.shift)


def saturating(node: Mean) -> sympy.Expr:
    """E Phi(alpha w + s') = Phi(s'/sqrt(1 + alpha^2 s)), and its forms for erf, sign and indicators."""
    term = single(node.f)
    if not term.saturating or term.power or term.rate != 0 or term.decay != 0:
        raise DerivationGap(f"{node.f} is not a saturating function.")
    low, height, h, _ = level(term, node.variance)
    if term.core == "erf":
        return term.coefficient * sympy.erf(h / sympy.sqrt(2))
    return term.coefficient * (low + height * normal_cdf(h))


FORMULAS: dict[str, Callable[[Mean], sympy.Expr]] = {
    "mean-linearity": linearity,
    "moments": moments,
    "mean-point-mass": mass,
    "mean-square": square,
    "mean-shift": shift,
    "mean-stein": stein,
    "mean-wave": wave,
    "mean-saturating": saturating,
}


def choose(node: Mean) -> str:
    """The name of the rule that applies to a mean."""
    found = terms(node.f)
    if all(t.polynomial for t in found):
        return "moments"
    if len(found) > 1 or (found[0].coefficient != 1 and found[0].core != "mass"):
        return "mean-linearity"
    term = found[0]
    if term.core == "mass":
        return "mean-point-mass"
    if term.decay != 0:
        return "mean-square"
    if term.rate != 0:
        return "mean-shift"
    if term.power:
        return "mean-stein"
    return "mean-wave" if term.core == "wave" else "mean-saturating"

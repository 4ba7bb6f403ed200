r"""Gaussian moments of pairs of elementary terms, in closed form.

For a centred Gaussian pair with variances a, b and covariance c three rules suffice (proofs:
docs/theory/dual-activations.md, section 2):

* tilting, :math:`E[f(u)g(v)e^{-\alpha u^2-\beta v^2}]=D^{-1/2}E'[f(u)g(v)]` with
  :math:`D=(1+2\alpha a)(1+2\beta b)-4\alpha\beta c^2` and the covariance
  :math:`a'=(a+2\beta\delta)/D,\ b'=(b+2\alpha\delta)/D,\ c'=c/D,\ \delta=ab-c^2`;
* Stein's identity, :math:`E[u f(u)g(v)]=aE[f'(u)g(v)]+cE[f(u)g'(v)]`, which lowers the power of u;
* the moments of the cores alone: the moment generating function, the arcsine law, and their one-dimensional kin.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TypeAlias

import sympy

from .terms import NoClosedForm, Term

Expr: TypeAlias = sympy.Expr
_PI = sympy.pi


def moment(f: Term, variance: Expr) -> Expr:
    """E f(u) for u of the given variance."""
    d = 1 + 2 * f.decay * variance
    return (
        f.coefficient / sympy.sqrt(d) * _moment(replace(f, coefficient=sympy.S.One, decay=sympy.S.Zero), variance / d)
    )


def joint_moment(f: Term, g: Term, a: Expr, b: Expr, c: Expr) -> Expr:
    """E f(u) g(v) for the covariance [[a, c], [c, b]]; raises :class:`NoClosedForm` when no rule applies."""
    bare_f, bare_g = (replace(t, coefficient=sympy.S.One, decay=sympy.S.Zero) for t in (f, g))
    kappa, alpha, beta = f.coefficient * g.coefficient, f.decay, g.decay
    if alpha.is_zero and beta.is_zero:
        return kappa * _joint(bare_f, bare_g, a, b, c)
    det = sympy.factor(a * b - c**2)
    d = sympy.factor(sympy.expand((1 + 2 * alpha * a) * (1 + 2 * beta * b) - 4 * alpha * beta * c**2))
    a1, b1, c1 = (sympy.factor(e / d) for e in (a + 2 * beta * det, b + 2 * alpha * det, c))
    return kappa / sympy.sqrt(d) * _joint(bare_f, bare_g, a1, b1, c1)


def _derivative(f: Term) -> tuple[Term, ...]:
    """The derivative of a term without decay whose core is not the sign (its jump is treated apart)."""
    parts = []
    if f.power:
        parts.append(replace(f, coefficient=f.coefficient * f.power, power=f.power - 1))
    if not f.rate.is_zero:
        parts.append(replace(f, coefficient=f.coefficient * f.rate))
    if f.core == "cos":
        parts.append(replace(f, coefficient=f.coefficient * f.scale, phase=f.phase + _PI / 2))
    if f.core == "erf":
        slope = 2 * f.scale / sympy.sqrt(_PI)
        parts.append(Term(f.coefficient * slope, f.power, f.rate, f.decay + f.scale**2))
    return tuple(parts)


def _jump(f: Term) -> Expr:
    """The jump at 0 of a term."""
    return 2 * f.coefficient if f.core == "sign" and f.power == 0 else sympy.S.Zero


@lru_cache(maxsize=4096)
def _moment(f: Term, s: Expr) -> Expr:
    if f.power:
        rest = replace(f, power=f.power - 1)
        total = sum((moment(part, s) for part in _derivative(rest)), _jump(rest) / sympy.sqrt(2 * _PI * s))
        return s * total
    p, w = f.rate, f.scale
    growth = sympy.exp(p**2 * s / 2)
    if f.core == "one":
        return growth
    if f.core == "cos":
        return sympy.exp((p**2 - w**2) * s / 2) * sympy.cos(p * w * s + f.phase)
    if f.core == "erf":
        return growth * sympy.erf(w * p * s / sympy.sqrt(1 + 2 * w**2 * s))
    return growth * sympy.erf(p * sympy.sqrt(s / 2))


@lru_cache(maxsize=4096)
def _joint(f: Term, g: Term, a: Expr, b: Expr, c: Expr) -> Expr:
    if f.core == "one" and g.core == "one" and f.rate.is_zero and g.rate.is_zero:
        return isserlis(f.power, g.power, a, b, c)
    if f.power == 0 and g.power:
        return _joint(g, f, b, a, c)
    if f.power:
        rest = replace(f, power=f.power - 1)
        total = sum((a * joint_moment(part, g, a, b, c) for part in _derivative(rest)), sympy.S.Zero)
        total += sum((c * joint_moment(rest, part, a, b, c) for part in _derivative(g)), sympy.S.Zero)
        if not _jump(rest).is_zero:
            total += a * _jump(rest) * _at_zero(g, a, b, c)
        if not _jump(g).is_zero:
            total += c * _jump(g) * _at_zero(rest, b, a, c)
        return total
    return _cores(f, g, a, b, c)


def _at_zero(g: Term, a: Expr, b: Expr, c: Expr) -> Expr:
    """E[delta(u) g(v)]: the density of u at 0 times the conditional mean of g(v)."""
    return moment(g, sympy.factor(b - c**2 / a)) / sympy.sqrt(2 * _PI * a)


def isserlis(j: int, k: int, a: Expr, b: Expr, c: Expr) -> Expr:
    """E u^j v^k = sum over l of j! k! / (((j-l)/2)! ((k-l)/2)! l! 2^((j+k)/2-l)) a^((j-l)/2) b^((k-l)/2) c^l."""
    if (j + k) % 2:
        return sympy.S.Zero
    fact = sympy.factorial
    total = sympy.S.Zero
    for m in range(j % 2, min(j, k) + 1, 2):
        left, right = (j - m) // 2, (k - m) // 2
        number = fact(j) * fact(k) / (fact(left) * fact(right) * fact(m) * sympy.Integer(2) ** (left + right))
        total += number * a**left * b**right * c**m
    return total


def _cores(f: Term, g: Term, a: Expr, b: Expr, c: Expr) -> Expr:
    p, q = f.rate, g.rate
    exponential = sympy.exp(p**2 * a / 2 + p * q * c + q**2 * b / 2)
    kinds = {f.core, g.core}
    if kinds <= {"one", "cos"}:
        if kinds == {"one"}:
            return exponential
        return _waves(f, g, a, b, c)
    if kinds <= {"erf", "sign"}:
        if not (p.is_zero and q.is_zero):
            raise NoClosedForm("a product of two error functions under a shifted Gaussian law")
        (n1, d1), (n2, d2) = _saturation(f, a), _saturation(g, b)
        return 2 / _PI * sympy.asin(n1 * n2 * c / sympy.sqrt(d1 * d2))
    if g.core in ("erf", "sign"):
        f, g, a, b, p, q = g, f, b, a, q, p
    if g.core != "one":
        raise NoClosedForm("an error function times a wave")
    n1, d1 = _saturation(f, a)
    return exponential * sympy.erf(n1 * (p * a + q * c) / sympy.sqrt(2 * d1))


def _saturation(f: Term, a: Expr) -> tuple[Expr, Expr]:
    """The pair (n, d) with E core(u + m) = erf(n m / sqrt(2 d)); the sign is the limit of a steep error function."""
    return (sympy.S.One, a) if f.core == "sign" else (sympy.sqrt(2) * f.scale, 1 + 2 * f.scale**2 * a)


def _waves(f: Term, g: Term, a: Expr, b: Expr, c: Expr) -> Expr:
    """E of exponentials times cosines, by product-to-sum and the moment generating function at (p ± i w, q ± i w')."""
    p, q, w1, w2 = f.rate, g.rate, f.scale, g.scale
    envelope = sympy.exp(p**2 * a / 2 + p * q * c + q**2 * b / 2 - w1**2 * a / 2 - w2**2 * b / 2)
    plus = f.phase + g.phase + w1 * (p * a + q * c) + w2 * (p * c + q * b)
    minus = f.phase - g.phase + w1 * (p * a + q * c) - w2 * (p * c + q * b)
    first, second = sympy.cos(plus), sympy.cos(minus)
    if first == second:
        return envelope * first * sympy.cosh(w1 * w2 * c)
    if first == -second:
        return envelope * second * sympy.sinh(w1 * w2 * c)
    return envelope * (sympy.exp(-w1 * w2 * c) * first + sympy.exp(w1 * w2 * c) * second) / 2

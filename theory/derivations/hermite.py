r"""Hermite coefficients as formulas in their order, by the generating function.

:math:`E\,f(\sigma(z+y))=\sum_r\mu_r(f;\sigma)\,y^r/\sqrt{r!}`, z standard normal (the Weierstrass transform). With
:math:`c_r=\mu_r/\sqrt{r!}` the Taylor coefficients are known for exponentials, waves, Gaussians and error functions,
and a factor x acts by :math:`c_r(xf)=\sigma(c_{r-1}+(r+1)c_{r+1})`. Proofs: docs/derivations.md, section 4.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import sympy

from ..activations.elementary_terms import Term
from ..errors import DerivationGap
from .functions import terms
from .notation import SIGMA, K, R

_ZERO, _ONE = sympy.S.Zero, sympy.S.One
_S = SIGMA**2


@dataclass(frozen=True, slots=True)
class HermiteFormula:
    r"""The coefficients :math:`\mu_r(f;\sigma)` for all r.

    ``general`` is a formula in ``R`` for every order; ``even`` and ``odd`` are formulas in ``K`` for the orders 2k and
    2k + 1; ``finite`` lists orders with an extra summand. What is 0 is absent; the coefficient is the sum of all that
    apply.
    """

    general: sympy.Expr
    even: sympy.Expr
    odd: sympy.Expr
    finite: tuple[tuple[int, sympy.Expr], ...]

    def coefficient(self, order: int) -> sympy.Expr:
        """The coefficient of one order.

        >>> hermite_formula(sympy.Max(sympy.Symbol("x", real=True), 0)).coefficient(4)
        -sqrt(3)*sigma/(12*sqrt(pi))
        """
        value = self.general.xreplace({R: sympy.Integer(order)})
        half = sympy.Integer(order // 2)
        value += (self.odd if order % 2 else self.even).xreplace({K: half})
        return value + dict(self.finite).get(order, _ZERO)

    @property
    def support(self) -> str:
        """The orders that can be different from 0, in words."""
        orders = [str(r) for r, _ in self.finite]
        if self.general != 0 or (self.even != 0 and self.odd != 0):
            return "all orders"
        if self.even == 0 and self.odd == 0:
            return "orders " + ", ".join(orders) if orders else "no order"
        kind, odd = ("odd", 1) if self.even == 0 else ("even", 0)
        others = [str(r) for r, _ in self.finite if r % 2 != odd]
        return f"{kind} orders" + (" and " + ", ".join(others) if others else "")


@lru_cache(maxsize=256)
def hermite_formula(f: sympy.Expr) -> HermiteFormula:
    """The formula for an expression in ``X``; raises :class:`DerivationGap` when no rule applies.

    >>> hermite_formula(sympy.exp(sympy.Symbol("x", real=True))).general
    sigma**r*exp(sigma**2/2)/sqrt(factorial(r))
    """
    general = even = odd = _ZERO
    finite: dict[int, sympy.Expr] = {}
    for term in terms(f):
        for family in _core_families(term):
            found = family
            for _ in range(term.power):
                found = found.times_x()
            if isinstance(found, _Finite):
                for r, c in found.values:
                    value = term.coefficient * sympy.sqrt(sympy.factorial(r)) * c
                    finite[r] = finite.get(r, _ZERO) + value
            elif isinstance(found, _General):
                if found.quarter_turn:
                    even += term.coefficient * found.at_parity(0)
                    odd += term.coefficient * found.at_parity(1)
                else:
                    general += term.coefficient * found.formula()
            elif found.odd:
                odd += term.coefficient * found.formula()
            else:
                even += term.coefficient * found.formula()
    kept = tuple(sorted((r, sympy.factor(v)) for r, v in finite.items() if sympy.expand(v) != 0))
    return HermiteFormula(general, sympy.factor_terms(even), sympy.factor_terms(odd), kept)


@dataclass(frozen=True, slots=True)
class _Finite:
    """Finitely many Taylor coefficients."""

    values: tuple[tuple[int, sympy.Expr], ...]

    def times_x(self) -> _Finite:
        found: dict[int, sympy.Expr] = {}
        for r, c in self.values:
            found[r + 1] = found.get(r + 1, _ZERO) + SIGMA * c
            if r:
                found[r - 1] = found.get(r - 1, _ZERO) + SIGMA * r * c
        return _Finite(tuple(found.items()))


@dataclass(frozen=True, slots=True)
class _Alternating:
    r"""The coefficients :math:`c_{2k}` or :math:`c_{2k+1}=\kappa\,(-q)^k\,g(k)/k!`, zero at the other orders."""

    odd: bool
    factor: sympy.Expr
    q: sympy.Expr
    g: sympy.Expr

    def times_x(self) -> _Alternating:
        if self.odd:  # c_{2k} = sigma (c_{2k-1} + (2k+1) c_{2k+1})
            g = K * self.g.xreplace({K: K - 1}) / (-self.q) + (2 * K + 1) * self.g
        else:  # c_{2k+1} = sigma (c_{2k} + (2k+2) c_{2k+2})
            g = self.g - 2 * self.q * self.g.xreplace({K: K + 1})
        return _Alternating(not self.odd, self.factor * SIGMA, self.q, sympy.factor(sympy.together(g)))

    def formula(self) -> sympy.Expr:
        order = sympy.factorial(2 * K + (1 if self.odd else 0))
        return self.factor * (-1) ** K * self.q**K * self.g * sympy.sqrt(order) / sympy.factorial(K)


@dataclass(frozen=True, slots=True)
class _General:
    r"""The coefficients :math:`c_r=\kappa\,m^r\bigl(P(r)\cos\theta_r+Q(r)\sin\theta_r\bigr)/r!`.

    :math:`\theta_r=\varphi+r\pi/2` for a wave, and 0 for an exponential.
    """

    factor: sympy.Expr
    m: sympy.Expr
    phase: sympy.Expr | None
    p: sympy.Expr
    q: sympy.Expr

    def times_x(self) -> _General:
        up, down = {R: R + 1}, {R: R - 1}
        if self.phase is None:
            p, q = self.m * self.p.xreplace(up) + R * self.p.xreplace(down) / self.m, _ZERO
        else:
            p = self.m * self.q.xreplace(up) - R * self.q.xreplace(down) / self.m
            q = -self.m * self.p.xreplace(up) + R * self.p.xreplace(down) / self.m
        return _General(self.factor * SIGMA, self.m, self.phase, sympy.factor(p), sympy.factor(q))

    def formula(self) -> sympy.Expr:
        wave = self.p
        if self.phase is not None:
            angle = self.phase + R * sympy.pi / 2
            wave = self.p * sympy.cos(angle) + self.q * sympy.sin(angle)
        return self.factor * self.m**R * wave / sympy.sqrt(sympy.factorial(R))

    @property
    def quarter_turn(self) -> bool:
        """Whether the wave is a sine or a cosine, so that every other order may vanish."""
        return self.phase is not None and bool((2 * self.phase / sympy.pi).is_integer)

    def at_parity(self, odd: int) -> sympy.Expr:
        """The formula at r = 2k or 2k + 1, where theta_r = phase + odd pi/2 + k pi."""
        order = 2 * K + odd
        start = self.phase + odd * sympy.pi / 2
        p, q = (polynomial.xreplace({R: order}) for polynomial in (self.p, self.q))
        wave = sympy.factor(p * sympy.cos(start) + q * sympy.sin(start))
        return self.factor * (-1) ** K * self.m**order * wave / sympy.sqrt(sympy.factorial(order))


_Family = _Finite | _Alternating | _General


def _core_families(term: Term) -> tuple[_Family, ...]:
    """The Taylor coefficients of the generating function without the power and the coefficient of the term."""
    p, alpha = term.rate, term.decay
    if term.core == "wave" and p == 0 and alpha == 0:
        weight = sympy.exp(-(term.scale**2) * _S / 2)
        return (_General(weight, term.scale * SIGMA, term.shift, _ONE, _ZERO),)
    if term.core == "one" and alpha == 0:
        if p == 0:
            return (_Finite(((0, _ONE),)),)
        return (_General(sympy.exp(p**2 * _S / 2), p * SIGMA, None, _ONE, _ZERO),)
    if term.core == "one" and p == 0:
        d = 1 + 2 * alpha * _S
        return (_Alternating(False, 1 / sympy.sqrt(d), alpha * _S / d, _ONE),)
    if term.saturating and p == 0 and alpha == 0 and term.shift == 0:
        return _saturating(term)
    raise DerivationGap(f"no formula in the order is known for the Hermite coefficients of {term.function}.")


def _saturating(term: Term) -> tuple[_Family, ...]:
    """erf(q t), and the others as half of 1 plus it."""
    if term.core in ("erf", "cdf"):
        gamma = term.scale if term.core == "erf" else term.scale / sympy.sqrt(2)
        q = gamma * SIGMA / sympy.sqrt(1 + 2 * gamma**2 * _S)
    else:
        q = (-1 if term.core == "below" else 1) / sympy.sqrt(2)
    size = _ONE if term.core in ("erf", "sign") else sympy.Rational(1, 2)
    rest: tuple[_Family, ...] = () if size == 1 else (_Finite(((0, size),)),)
    return (*rest, _Alternating(True, size * 2 * q / sympy.sqrt(sympy.pi), q**2, 1 / (2 * K + 1)))

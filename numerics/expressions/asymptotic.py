r"""Asymptotic forms :math:`f(x) = e^{ax+bx^2}(P(x) + r(x))` with a proved remainder, valid for all :math:`x\ge T`.

P is a polynomial with exact coefficients, so that :math:`1-\tanh^2` cancels exactly; the remainder obeys
:math:`|r(x)|\le C x^p e^{\alpha x+\beta x^2}`. The calculus of these forms is proved in docs/theory/range-analysis.md,
section 6.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import sympy
from flint import arb

from ...theory.errors import DerivationGap
from .lowering import constant

ZERO = sympy.Integer(0)


class TooEarly(Exception):
    """The bound needs a larger T."""


def sign_of(number: sympy.Expr) -> int:
    """The sign of an exact number; raises :class:`DerivationGap` when the working precision does not decide."""
    if number.is_zero:
        return 0
    value = constant(number)
    if value > 0:
        return 1
    if value < 0:
        return -1
    raise DerivationGap(f"the sign of {number} is not decided at the working precision: use more bits.")


@dataclass(frozen=True, slots=True)
class Envelope:
    """``|r(x)| <= constant * x**degree * exp(rate*x + quadratic*x**2)`` for x >= T; exact rates, any integer degree.

    ``sign`` is 1 or -1 when r is proved not to change sign (zero allowed), 0 when nothing is known.
    """

    constant: arb
    degree: int = 0
    rate: sympy.Expr = ZERO
    quadratic: sympy.Expr = ZERO
    sign: int = 0

    @property
    def zero(self) -> bool:
        """Whether the bounded function vanishes."""
        return bool(self.constant.is_zero())

    def order(self) -> tuple[int, int, int]:
        """Signs that tell growth (lexicographically positive) from decay (negative); zeros mean bounded."""
        return sign_of(self.quadratic), sign_of(self.rate), self.degree

    def times(self, factor: arb) -> Envelope:
        """The envelope of a multiple by a factor in the ball ``factor`` of positive numbers."""
        return replace(self, constant=arb((self.constant * factor).upper()))

    def signed(self, sign: int) -> Envelope:
        """The envelope of a function of proved sign."""
        return replace(self, sign=sign)

    def __mul__(self, other: Envelope) -> Envelope:
        return Envelope(
            arb((self.constant * other.constant).upper()),
            self.degree + other.degree,
            self.rate + other.rate,
            self.quadratic + other.quadratic,
            self.sign * other.sign,
        )

    def supremum(self, start: arb) -> arb:
        r"""An upper bound over x >= T, where the envelope decreases: :math:`p^+/T+\alpha+2\beta T\le 0\ge\beta`.

        Raises :class:`TooEarly` when it does not decrease from T on, :class:`DerivationGap` when it never does.
        """
        if self.zero:
            return arb(0)
        order = self.order()
        if order > (0, 0, 0):
            raise DerivationGap("the remainder grows without bound")
        rate, quadratic = constant(self.rate), constant(self.quadratic)
        if order[:2] != (0, 0) and not arb(max(self.degree, 0)) / start + rate + 2 * quadratic * start <= 0:
            raise TooEarly
        value = self.constant * start**self.degree * (rate * start + quadratic * start**2).exp()
        return arb(value.upper())

    def plus(self, other: Envelope, start: arb) -> Envelope:
        """An envelope of the sum: that of the slower decay, with its constant enlarged."""
        if self.zero or other.zero:
            return other if self.zero else self
        ratio = Envelope(arb(1), self.degree - other.degree, self.rate - other.rate, self.quadratic - other.quadratic)
        if ratio.order() > (0, 0, 0):
            return other.plus(self, start)
        head = self.constant * ratio.supremum(start) + other.constant
        sign = self.sign if self.sign == other.sign else 0
        return Envelope(arb(head.upper()), other.degree, other.rate, other.quadratic, sign)


NOTHING = Envelope(arb(0))


def weight(degree: int, rate: sympy.Expr = ZERO, quadratic: sympy.Expr = ZERO) -> Envelope:
    """The positive function ``x**degree * exp(rate*x + quadratic*x**2)``."""
    return Envelope(arb(1), degree, rate, quadratic, 1)


def common_sign(*parts: tuple[Envelope, int]) -> int:
    """The sign of a sum of terms, each given as (envelope of a factor, sign of the term); zero terms do not count."""
    signs = {sign for envelope, sign in parts if not envelope.zero}
    return signs.pop() if len(signs) == 1 else 0


def trimmed(coefficients: list[sympy.Expr]) -> tuple[sympy.Expr, ...]:
    """Coefficients in ascending order without leading zeros (which must be recognised exactly)."""
    while coefficients and sign_of(coefficients[-1]) == 0:
        coefficients.pop()
    return tuple(coefficients)


@dataclass(frozen=True, slots=True)
class Asymptotic:
    """``exp(rate*x + quadratic*x**2) * (polynomial + remainder)`` for x >= start; no exponential without polynomial."""

    start: arb
    polynomial: tuple[sympy.Expr, ...] = ()
    remainder: Envelope = NOTHING
    rate: sympy.Expr = ZERO
    quadratic: sympy.Expr = ZERO

    def of(
        self,
        polynomial: tuple[sympy.Expr, ...] = (),
        remainder: Envelope = NOTHING,
        rate: sympy.Expr = ZERO,
        quadratic: sympy.Expr = ZERO,
    ) -> Asymptotic:
        """Another form with the same T, in normal form."""
        if not polynomial:
            remainder = remainder * weight(0, rate, quadratic)
            rate = quadratic = ZERO
        return Asymptotic(self.start, polynomial, remainder, rate, quadratic)

    @property
    def degree(self) -> int:
        """Degree of the polynomial, -1 for zero."""
        return len(self.polynomial) - 1

    @property
    def leading(self) -> int:
        """Sign of the leading coefficient."""
        return sign_of(self.polynomial[-1]) if self.polynomial else 0

    def exponent(self) -> int:
        """Whether the exponential factor grows (1), decays (-1) or is absent (0)."""
        signs = (sign_of(self.quadratic), sign_of(self.rate))
        return (signs > (0, 0)) - (signs < (0, 0))

    def divergence(self) -> int:
        """1 or -1 when the form tends to plus or minus infinity, 0 when it is bounded or unknown."""
        kind = self.exponent()
        if kind > 0 or (kind == 0 and self.degree > 0):
            self.least_size()
            return self.leading
        return 0

    def size(self) -> Envelope:
        """An envelope of the function itself."""
        head = (self._polynomial_size() if self.polynomial else NOTHING).plus(self.remainder, self.start)
        return (head * weight(0, self.rate, self.quadratic)).signed(self.sign())

    def sign(self) -> int:
        """The sign of the function from T on: 1, -1, or 0 when it is not proved."""
        if not self.polynomial:
            return self.remainder.sign
        try:
            self.least_size()
        except (TooEarly, DerivationGap):
            return 0
        return self.leading

    def polynomial_sign(self) -> int:
        """The sign of the polynomial part on x >= 0, when all its coefficients agree."""
        signs = {sign_of(c) for c in self.polynomial} - {0}
        return signs.pop() if len(signs) == 1 else 0

    def _polynomial_size(self) -> Envelope:
        d = self.degree
        total = arb(0)
        for k, c in enumerate(self.polynomial):
            total += abs(constant(c)) * self.start ** (k - d)
        return Envelope(arb(total.upper()), d, sign=self.polynomial_sign())

    def least_size(self) -> arb:
        """kappa > 0 with ``|polynomial + remainder| >= kappa * x**degree`` for x >= T."""
        d = self.degree
        if d < 0:
            raise DerivationGap("a quantity is known only up to its decay, so it cannot be divided by")
        total = abs(constant(self.polynomial[-1]))
        for k, c in enumerate(self.polynomial[:-1]):
            total -= abs(constant(c)) * self.start ** (k - d)
        total -= (self.remainder * weight(-d)).supremum(self.start)
        if not total > 0:
            raise TooEarly
        return arb(total.lower())

    def flat(self) -> Asymptotic:
        """The same function with a decaying exponential moved into the remainder."""
        return self.of((), self.size()) if self.exponent() < 0 else self

    def __neg__(self) -> Asymptotic:
        return self.scaled(sympy.Integer(-1))

    def scaled(self, factor: sympy.Expr) -> Asymptotic:
        """A multiple by an exact number."""
        if sign_of(factor) == 0:
            return self.of()
        return self.of(
            tuple(factor * c for c in self.polynomial),
            self.remainder.times(abs(constant(factor))).signed(self.remainder.sign * sign_of(factor)),
            self.rate,
            self.quadratic,
        )

    def __add__(self, other: Asymptotic) -> Asymptotic:
        gap = (sign_of(self.quadratic - other.quadratic), sign_of(self.rate - other.rate))
        if gap == (0, 0):
            n = max(len(self.polynomial), len(other.polynomial))
            a, b = (tuple(p) + (ZERO,) * (n - len(p)) for p in (self.polynomial, other.polynomial))
            total = trimmed([u + v for u, v in zip(a, b, strict=True)])
            return self.of(total, self.remainder.plus(other.remainder, self.start), self.rate, self.quadratic)
        if gap < (0, 0):
            return other + self
        small = other.size() * weight(0, -self.rate, -self.quadratic)
        return self.of(self.polynomial, self.remainder.plus(small, self.start), self.rate, self.quadratic)

    def __mul__(self, other: Asymptotic) -> Asymptotic:
        product = [ZERO] * max(len(self.polynomial) + len(other.polynomial) - 1, 0)
        for i, u in enumerate(self.polynomial):
            for j, v in enumerate(other.polynomial):
                product[i + j] = product[i + j] + u * v
        cross = self.remainder * other.remainder
        if self.polynomial:
            cross = cross.plus(self._polynomial_size() * other.remainder, self.start)
        if other.polynomial:
            cross = cross.plus(other._polynomial_size() * self.remainder, self.start)
        # (P1 + r1)(P2 + r2) - P1 P2 = (P1 + r1) r2 + P2 r1
        first = (other.remainder, self.of(self.polynomial, self.remainder).sign() * other.remainder.sign)
        second = (self.remainder if other.polynomial else NOTHING, other.polynomial_sign() * self.remainder.sign)
        return self.of(
            trimmed(product) if self.polynomial and other.polynomial else (),
            cross.signed(common_sign(first, second)),
            self.rate + other.rate,
            self.quadratic + other.quadratic,
        )

    def divided_by(self, other: Asymptotic) -> Asymptotic:
        r"""The quotient: with :math:`P_1 = QP_2 + R`, it is :math:`Q + (R + r_1 - Q r_2)/(P_2 + r_2)`."""
        kappa, d = other.least_size(), other.degree
        rest = list(self.polynomial)
        quotient: list[sympy.Expr] = [ZERO] * max(len(rest) - d, 0)
        while len(rest) > d:
            k = len(rest) - 1 - d
            quotient[k] = rest.pop() / other.polynomial[-1]
            for j in range(d):
                rest[k + j] = rest[k + j] - quotient[k] * other.polynomial[j]
        q = self.of(trimmed(quotient))
        left = self.of(trimmed(rest))
        top = self.of(left.polynomial, self.remainder).size()
        back = q._polynomial_size() * other.remainder if q.polynomial else NOTHING
        sign = common_sign((top, top.sign), (back, -back.sign))
        remainder = (top.plus(back, self.start) * weight(-d)).times(1 / kappa).signed(sign * other.leading)
        return self.of(q.polynomial, remainder, self.rate - other.rate, self.quadratic - other.quadratic)

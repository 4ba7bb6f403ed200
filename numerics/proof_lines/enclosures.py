"""Lines about Gaussian expectations of given activations, checked with both sides enclosed in ball arithmetic."""

from __future__ import annotations

import random
from collections.abc import Callable
from fractions import Fraction
from math import perm

from flint import arb

from ...theory.activations.activation import activation
from ..balls.ball import enclose
from ..balls.precision import precision
from ..dual import dual, dual_expression
from ..expressions.regularity import regularity
from ..hermite import gaussian_mean, hermite_transform, second_moment
from .registry import Checked, Kind, line

BITS = 96
NAMES = ("tanh", "gelu", "sigmoid", "softplus", "erf")
POINTS = 3


def enclosed(passed: bool, text: str) -> Checked:
    """Enclosures."""
    return Checked(Kind.ENCLOSURE, passed, f"{', '.join(NAMES)} at {POINTS} random points each, {BITS} bits: {text}")


def _covariance(rng: random.Random) -> tuple[Fraction, Fraction, Fraction]:
    a, b = Fraction(rng.randint(1, 30), 10), Fraction(rng.randint(1, 30), 10)
    rho = Fraction(rng.randint(-70, 70), 100)
    c = rho * min(a, b)
    return a, b, c


Case = Callable[[str, Fraction, Fraction, Fraction], bool]


def at_cases(name: str, seed: int, text: str) -> Callable[[Case], Case]:
    """Register the check of a proof line: it must hold for each of the activations at random covariances (a, b, c)."""

    def register(holds: Case) -> Case:
        def check() -> Checked:
            rng = random.Random(seed)
            cases = [(phi, *_covariance(rng)) for phi in NAMES for _ in range(POINTS)]
            return enclosed(all(holds(*case) for case in cases), text)

        line(name)(check)
        return holds

    return register


ORDER, DERIVATIVE = 12, 4


@at_cases("parseval", 1, "E phi^2 exceeds the sum of 13 squares, by at most a^4 E (d^4 phi)^2/(13 12 11 10)")
def parseval(name: str, a: Fraction, b: Fraction, c: Fraction) -> bool:
    r"""Sums of squares of the enclosed coefficients, against the moment as one Gaussian mean, from both sides.

    By Stein's identity k times, :math:`\sum_r\frac{r!}{(r-k)!}\mu_r^2=a^k\,\mathbb E\,\varphi^{(k)}(\sqrt a z)^2`, so
    that the orders from R on have at most the share :math:`(R-k)!/R!` of the right side. The mean of the square and
    that of the squared derivative know nothing of the coefficients.
    """
    phi = activation(name)
    transform = hermite_transform(phi, ORDER, a, BITS)
    moment = gaussian_mean(phi.expression**2, a, BITS)
    derivative = gaussian_mean(phi.derivative(DERIVATIVE) ** 2, a, BITS)
    with precision(BITS):
        partial = sum((mu * mu for mu in transform.coefficients), arb(0))
        rest = enclose(a**DERIVATIVE / perm(ORDER + 1, DERIVATIVE)) * derivative
        return bool(partial < moment) and bool(moment < partial + rest)


TERMS = 6


@at_cases("mehler-tail", 2, "the dual differs from 6 terms of the series by at most the stated tail")
def mehler_tail(name: str, a: Fraction, b: Fraction, c: Fraction) -> bool:
    phi = activation(name)
    first, second = hermite_transform(phi, TERMS - 1, a, BITS), hermite_transform(phi, TERMS - 1, b, BITS)
    value = dual(phi, a, b, c, BITS)
    with precision(BITS):
        rho = enclose(c) / enclose(a * b).sqrt()
        partial = arb(0)
        for mu, nu in zip(reversed(first.coefficients), reversed(second.coefficients), strict=True):
            partial = partial * rho + mu * nu
        return bool(abs(value - partial) <= abs(rho) ** TERMS * (first.tail * second.tail).sqrt())


BETWEEN, STEP = ("gelu", "sigmoid", "erf"), Fraction(1, 64)


@at_cases(
    "price-enclosure", 3, f"|E phi'(u) phi'(v)| <= L^2; for {', '.join(BETWEEN)} a difference quotient between slopes"
)
def price_enclosure(name: str, a: Fraction, b: Fraction, c: Fraction) -> bool:
    r"""The bound, and the derivative itself: for equal variances Mehler's series in c has non-negative coefficients,
    so that its slope increases on [0, a), and a difference quotient lies between the slopes at its two ends.
    """
    phi = activation(name)
    slope, lipschitz = dual_expression(phi.derivative(1), a, b, c, BITS), regularity(phi, BITS).lipschitz
    with precision(BITS):
        if lipschitz is None or not abs(slope) <= lipschitz * lipschitz:
            return False
    if name not in BETWEEN:
        return True
    places = (abs(c), abs(c) + STEP)
    first, last = (dual_expression(phi.derivative(1), a, a, place, BITS) for place in places)
    values = [dual(phi, a, a, place, BITS) for place in places]
    with precision(BITS):
        quotient = (values[1] - values[0]) / enclose(STEP)
        return bool(first <= quotient) and bool(quotient <= last)


@at_cases("minkowski", 4, "| ||phi(sqrt(a) z)|| - ||phi(sqrt(b) z)|| | <= L |sqrt(a) - sqrt(b)|")
def minkowski(name: str, a: Fraction, b: Fraction, c: Fraction) -> bool:
    phi, lipschitz = activation(name), regularity(activation(name), BITS).lipschitz
    with precision(BITS):
        gap = abs(second_moment(phi, a, BITS).sqrt() - second_moment(phi, b, BITS).sqrt())
        return lipschitz is not None and bool(gap <= lipschitz * abs(enclose(a).sqrt() - enclose(b).sqrt()))


@line("relu-dual")
def relu_dual() -> Checked:
    rng, passed = random.Random(5), True
    for _ in range(5 * POINTS):
        s, rho = Fraction(rng.randint(1, 50), 10), Fraction(rng.randint(-99, 99), 100)
        value = dual(activation("relu"), s, s, s * rho, BITS)
        with precision(BITS):
            x = enclose(rho)
            kernel = ((1 - x * x).sqrt() + x * (arb.pi() - x.acos())) / arb.pi()
            passed = passed and bool(value.overlaps(enclose(s) / 2 * kernel))
    return Checked(Kind.ENCLOSURE, passed, f"{5 * POINTS} random variances and correlations, {BITS} bits")

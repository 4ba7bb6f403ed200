"""Lines about Gaussian expectations of given activations, checked with both sides enclosed in ball arithmetic."""

from __future__ import annotations

import random
from collections.abc import Callable
from fractions import Fraction

from flint import arb

from ...theory.activations.activation import activation
from ..balls.ball import enclose
from ..balls.precision import precision
from ..dual import dual, dual_expression
from ..expressions.regularity import regularity
from ..hermite import hermite_transform, second_moment
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


@at_cases("parseval", 1, "partial sums of squares never exceed the second moment")
def parseval(name: str, a: Fraction, b: Fraction, c: Fraction) -> bool:
    transform = hermite_transform(activation(name), 60, a, BITS)
    with precision(BITS):
        partial = sum((mu * mu for mu in transform.coefficients), arb(0))
        moment = second_moment(activation(name), a, BITS)
        return bool(not partial > moment and transform.tail >= 0 and (partial + transform.tail).overlaps(moment))


@at_cases("mehler-tail", 2, "the dual differs from 81 terms of the series by at most the stated tail")
def mehler_tail(name: str, a: Fraction, b: Fraction, c: Fraction) -> bool:
    phi = activation(name)
    first, second = hermite_transform(phi, 80, a, BITS), hermite_transform(phi, 80, b, BITS)
    value = dual(phi, a, b, c, BITS)
    with precision(BITS):
        rho = enclose(c) / enclose(a * b).sqrt()
        partial = arb(0)
        for mu, nu in zip(reversed(first.coefficients), reversed(second.coefficients), strict=True):
            partial = partial * rho + mu * nu
        tail = abs(rho) ** 81 * (first.tail.upper() * second.tail.upper()).sqrt()
        return bool(abs(value - partial).lower() <= tail.upper())


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
        if lipschitz is None or abs(slope) > lipschitz * lipschitz:
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
        return not gap > (lipschitz or arb(0)) * abs(enclose(a).sqrt() - enclose(b).sqrt())


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

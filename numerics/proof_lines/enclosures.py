"""Lines about Gaussian expectations of given activations, checked with both sides enclosed in ball arithmetic."""

from __future__ import annotations

import random
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


def _cases(seed: int) -> list[tuple[str, Fraction, Fraction, Fraction]]:
    rng = random.Random(seed)
    return [(name, *_covariance(rng)) for name in NAMES for _ in range(POINTS)]


@line("parseval")
def parseval() -> Checked:
    passed = True
    for name, a, _, _ in _cases(1):
        transform = hermite_transform(activation(name), 60, a, BITS)
        with precision(BITS):
            partial = sum((mu * mu for mu in transform.coefficients), arb(0))
            moment = second_moment(activation(name), a, BITS)
            passed = (
                passed and not partial > moment and transform.tail >= 0 and (partial + transform.tail).overlaps(moment)
            )
    return enclosed(passed, "partial sums of squares never exceed the second moment")


@line("mehler-tail")
def mehler_tail() -> Checked:
    passed = True
    for name, a, b, c in _cases(2):
        phi = activation(name)
        first, second = hermite_transform(phi, 80, a, BITS), hermite_transform(phi, 80, b, BITS)
        value = dual(phi, a, b, c, BITS)
        with precision(BITS):
            rho = enclose(c) / enclose(a * b).sqrt()
            partial = arb(0)
            for mu, nu in zip(reversed(first.coefficients), reversed(second.coefficients), strict=True):
                partial = partial * rho + mu * nu
            tail = abs(rho) ** 81 * (first.tail.upper() * second.tail.upper()).sqrt()
            passed = passed and bool(abs(value - partial).lower() <= tail.upper())
    return enclosed(passed, "the dual differs from 81 terms of the series by at most the stated tail")


@line("price-enclosure")
def price_enclosure() -> Checked:
    r"""The bound, and the derivative itself: for equal variances Mehler's series in c has non-negative coefficients,
    so that its slope increases on [0, a), and a difference quotient lies between the slopes at its two ends.
    """
    passed, step = True, Fraction(1, 64)
    for name, a, b, c in _cases(3):
        slope, lipschitz = (
            dual_expression(activation(name).derivative(1), a, b, c, BITS),
            regularity(activation(name), BITS).lipschitz,
        )
        with precision(BITS):
            passed = passed and lipschitz is not None and not abs(slope) > lipschitz * lipschitz
    rng, between = random.Random(3), ("gelu", "sigmoid", "erf")
    for name in between:
        phi, (a, _, c) = activation(name), _covariance(rng)
        ends = (abs(c), abs(c) + step)
        slopes = [dual_expression(phi.derivative(1), a, a, end, BITS) for end in ends]
        values = [dual(phi, a, a, end, BITS) for end in ends]
        with precision(BITS):
            quotient = (values[1] - values[0]) / enclose(step)
            passed = passed and bool(slopes[0] <= quotient) and bool(quotient <= slopes[1])
    return enclosed(
        passed, f"|E phi'(u) phi'(v)| <= L^2; for {', '.join(between)} a difference quotient between slopes"
    )


@line("minkowski")
def minkowski() -> Checked:
    passed = True
    for name, a, b, _ in _cases(4):
        phi, lipschitz = activation(name), regularity(activation(name), BITS).lipschitz
        with precision(BITS):
            gap = abs(second_moment(phi, a, BITS).sqrt() - second_moment(phi, b, BITS).sqrt())
            bound = (lipschitz or arb(0)) * abs(enclose(a).sqrt() - enclose(b).sqrt())
            passed = passed and not gap > bound
    return enclosed(passed, "| ||phi(sqrt(a) z)|| - ||phi(sqrt(b) z)|| | <= L |sqrt(a) - sqrt(b)|")


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

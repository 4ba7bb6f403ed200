"""A failure here means: a Hermite coefficient computed by mpmath at 40 digits lies outside our enclosure.

The reference shares no code with the engines: mpmath functions written out by hand, mpmath's own Gauss-Legendre nodes
on panels graded towards the origin, and the three-term recurrence, with 48 working digits.
"""

import random
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise

import mpmath
import pytest
from flint import arb
from mpmath import mp, mpf
from mpmath.calculus.quadrature import GaussLegendre

from certigram.numerics.balls.precision import precision
from certigram.numerics.hermite import hermite_transform
from certigram.theory.activations.activation import activation

DIGITS = 48
END = 19
"""Beyond 19 every integrand below is smaller than 1e-60 for the orders and variances drawn here."""
AGREE = mpf(10) ** -40
"""Accuracy of the reference, relative to the size of the function."""

FUNCTIONS: dict[str, tuple[Callable[[mpf], mpf], tuple[int, ...]]] = {
    "tanh": (mpmath.tanh, ()),
    "erf": (mpmath.erf, ()),
    "erf(2*x)/3": (lambda x: mpmath.erf(2 * x) / 3, ()),
    "sigmoid": (lambda x: 1 / (1 + mpmath.exp(-x)), ()),
    "softplus": (lambda x: max(x, mpf(0)) + mpmath.log1p(mpmath.exp(-abs(x))), ()),
    "gelu": (lambda x: x * mpmath.ncdf(x), ()),
    "silu": (lambda x: x / (1 + mpmath.exp(-x)), ()),
    "mish": (lambda x: x * mpmath.tanh(max(x, mpf(0)) + mpmath.log1p(mpmath.exp(-abs(x)))), ()),
    "atan": (mpmath.atan, ()),
    "sin": (mpmath.sin, ()),
    "cos(x/2)": (lambda x: mpmath.cos(x / 2), ()),
    "x*exp(-x**2/2)": (lambda x: x * mpmath.exp(-x * x / 2), ()),
    "x**3-2*x": (lambda x: x**3 - 2 * x, ()),
    "relu": (lambda x: max(x, mpf(0)), (0,)),
    "leaky_relu(1/10)": (lambda x: max(x, x / 10), (0,)),
    "abs": (abs, (0,)),
    "step": (lambda x: mpf(x > 0), (0,)),
    "elu": (lambda x: x if x > 0 else mpmath.expm1(x), (0,)),
    "softsign": (lambda x: x / (1 + abs(x)), (0,)),
    "hard_tanh": (lambda x: max(min(x, mpf(1)), mpf(-1)), (-1, 1)),
    "sqrt(1+x**2)": (lambda x: mpmath.sqrt(1 + x * x), ()),
    "asinh(x)": (mpmath.asinh, ()),
}


def reference(name: str, variance: Fraction, order: int, rule: GaussLegendre) -> tuple[list[mpf], mpf]:
    """All coefficients up to ``order`` and the norm of the function, by a composite rule."""
    function, kinks = FUNCTIONS[name]
    sigma = mpmath.sqrt(mpf(variance.numerator) / variance.denominator)
    edges, step = {mpf(0), mpf(-END), mpf(END)}, 1 / max(sigma, mpf(1))
    while step < END:
        edges |= {step, -step}
        step = min(mpf("2.2") * step, step + mpf("2.5"))
    edges |= {kink / sigma for kink in kinks if abs(kink) < END * sigma}
    sums, square, ordered = [mpf(0)] * (order + 1), mpf(0), sorted(edges)
    roots = [mpmath.sqrt(r) for r in range(order + 2)]
    for left, right in pairwise(ordered):
        for x, weight in rule.get_nodes(left, right, 5, mp.prec):
            value = function(sigma * x)
            weighted = weight * value * mpmath.exp(-x * x / 2) / mpmath.sqrt(2 * mpmath.pi)
            square += weighted * value
            previous, current = mpf(0), mpf(1)
            for r in range(order + 1):
                sums[r] += weighted * current
                previous, current = current, (x * current - roots[r] * previous) / roots[r + 1]
    return sums, mpmath.sqrt(square)


def misses(seed: int, cases: int) -> list[tuple[str, float, int]]:
    """Random (activation, variance) with eight random orders each; what our enclosures do not contain."""
    chance, missed = random.Random(seed), []
    with mp.workdps(DIGITS):
        rule = GaussLegendre(mp)
        for _ in range(cases):
            name = chance.choice(list(FUNCTIONS))
            variance = Fraction(10 ** chance.uniform(-6, 2)).limit_denominator(10**12)
            orders = [chance.randrange(20) for _ in range(8)]
            values, size = reference(name, variance, max(orders), rule)
            found = hermite_transform(activation(name), max(orders), variance, chance.choice((53, 100, 128)))
            for r in orders:
                slack, value = AGREE * (1 + size), values[r]
                with precision(300):
                    known = arb(mpmath.nstr(value, DIGITS + 5)) + arb(0, arb(mpmath.nstr(slack, 10)))
                if not found.coefficients[r].overlaps(known):
                    missed.append((name, float(variance), r))
    return missed


def test_96_random_coefficients() -> None:
    assert misses(1, 12) == []


@pytest.mark.slow
def test_10000_random_coefficients() -> None:
    assert misses(2, 1250) == []

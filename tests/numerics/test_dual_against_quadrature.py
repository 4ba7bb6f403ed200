"""A failure here means that an independent quadrature of E phi(u) psi(v) falls outside our enclosure.

The second opinions share nothing with the library: their own formulas, numpy for float64 and mpmath
for 30 digits and more.
"""

import math
import random
from collections.abc import Callable
from fractions import Fraction as F
from typing import Any

import mpmath
import numpy as np
import pytest
from flint import arb, fmpq

from certigram.numerics.balls.precision import precision
from certigram.numerics.dual import dual
from certigram.theory.activations.activation import activation

SMOOTH: dict[str, Callable[[Any], Any]] = {
    "tanh": np.tanh,
    "sigmoid": lambda x: 0.5 * (1 + np.tanh(x / 2)),
    "softplus": lambda x: np.logaddexp(0.0, x),
    "silu": lambda x: x * 0.5 * (1 + np.tanh(x / 2)),
    "sin": np.sin,
    "gaussian(1)": lambda x: np.exp(-x * x),
    "atan": np.arctan,
}
PRECISE: dict[str, Callable[[Any], Any]] = {
    "tanh": mpmath.tanh,
    "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
    "softplus": lambda x: mpmath.log(1 + mpmath.exp(x)),
    "x*exp(-x**2/2)": lambda x: x * mpmath.exp(-x * x / 2),
}


def law(rng: random.Random, low: int, high: int) -> tuple[F, F, F]:
    """Variances p^2, q^2 between 10^low and 10^high and a rational correlation, often near the boundary."""
    p, q = (F(rng.randint(100, 999), 100) * F(10) ** (rng.randint(low, high) // 2) / 3 for _ in range(2))
    kind = rng.random()
    rho = F(rng.randint(-999, 999), 1000) if kind < 0.5 else 1 - F(1, 10 ** rng.randint(1, 12))
    if kind > 0.75:
        rho = -rho
    return p * p, q * q, rho * p * q


def outer(f: Callable[[Any], Any], a: float, b: float, rho: float) -> tuple[float, float]:
    """Trapezoid rule in (u, w), v = rho u + sqrt(1 - rho^2) w standardised, and the same for |f(u) f(v)|."""
    h = min(0.25, 0.25 / math.sqrt(max(a, b)))
    z = np.arange(-9.0, 9.0 + h, h)
    weight = np.exp(-z * z / 2) * h / math.sqrt(2 * math.pi)
    v = math.sqrt(b) * (rho * z[:, None] + math.sqrt((1 - rho) * (1 + rho)) * z[None, :])
    product = (weight * f(math.sqrt(a) * z))[:, None] * weight[None, :] * f(v)
    return float(product.sum()), float(np.abs(product).sum())


@pytest.mark.parametrize("seed", range(6))
def test_float_quadrature_of_smooth_functions(seed: int) -> None:
    """20 laws for each seed, to the accuracy of float64 (the step resolves the strip 0.25 of each function)."""
    rng = random.Random(seed)
    for _ in range(20):
        name = rng.choice(list(SMOOTH))
        a, b, c = law(rng, -8, 0)
        rho = float(c / F(math.isqrt(a.numerator * b.numerator), math.isqrt(a.denominator * b.denominator)))
        expected, size = outer(SMOOTH[name], float(a), float(b), rho)
        value = dual(activation(name), a, b, c, 64)
        # near the boundary a float rho is off by 2e-16, and the dual moves at most like the square root of that
        slack = 1e-11 * size + 4 * math.sqrt(2e-16) * size * (1 - abs(rho) < 1e-9)
        assert abs(float(value) - expected) <= slack + float(value.rad()), (name, a, b, c)


def closed(name: str, a: Any, b: Any, c: Any) -> Any:
    """Textbook closed forms, by the angle for the rectified family and atan for GELU."""
    root = mpmath.sqrt(a * b)
    theta = mpmath.atan2(mpmath.sqrt(a * b - c * c), c)
    d = (1 + a) * (1 + b) - c * c
    pi = mpmath.pi
    return {
        "relu": lambda: root / (2 * pi) * (mpmath.sin(theta) + (pi - theta) * mpmath.cos(theta)),
        "abs": lambda: 2 * root / pi * (mpmath.sin(theta) + (pi / 2 - theta) * mpmath.cos(theta)),
        "step": lambda: (pi - theta) / (2 * pi),
        "sign": lambda: 1 - 2 * theta / pi,
        "erf": lambda: 2 / pi * mpmath.atan2(2 * c, mpmath.sqrt((1 + 2 * a) * (1 + 2 * b) - 4 * c * c)),
        "gelu": lambda: (
            c / 4
            + c / (2 * pi) * mpmath.atan(c / mpmath.sqrt(d))
            + (a * b * d + c * c) / (2 * pi * (1 + a) * (1 + b) * mpmath.sqrt(d))
        ),
        "gaussian(1)": lambda: 1 / mpmath.sqrt((1 + 2 * a) * (1 + 2 * b) - 4 * c * c),
        "normal_cdf": lambda: mpmath.mpf(1) / 4 + mpmath.atan2(c, mpmath.sqrt(d)) / (2 * pi),
    }[name]()


CLOSED = ["relu", "abs", "step", "sign", "erf", "gelu", "gaussian(1)", "normal_cdf"]


def inside(value: arb, expected: Any, scale: Any, digits: int) -> bool:
    """Whether ``value`` meets ``expected``, allowing the second opinion an error of 10^-digits times ``scale``."""
    with precision(600):
        mantissa, exponent = expected.man_exp
        other = int(mpmath.sign(expected)) * arb((int(mantissa), int(exponent)))
        unit = arb(fmpq(1, 10**digits)) * arb((int(scale.man_exp[0]), int(scale.man_exp[1])))
        return bool(value.overlaps(other + arb(0, 1) * unit))


@pytest.mark.parametrize("seed", range(4))
def test_closed_forms_at_huge_and_tiny_variances(seed: int) -> None:
    """50 laws for each seed, variances 1e-8 to 1e4, correlations up to 1 - 1e-12, at 100 working digits."""
    rng = random.Random(100 + seed)
    with mpmath.workdps(100):
        for _ in range(50):
            name, entries = rng.choice(CLOSED), law(rng, -8, 4)
            expected = closed(name, *(mpmath.mpf(x.numerator) / x.denominator for x in entries))
            value = dual(activation(name), *entries, 128)
            assert inside(value, expected, abs(expected) + mpmath.mpf(10) ** -60, 60), (name, entries)
            assert value.rel_accuracy_bits() >= 120 or value.rad() < 1e-40


def precise(f: Callable[[Any], Any], a: F, b: F, c: F, digits: int) -> Any:
    """The trapezoid rule in (u, w) in mpmath; the strip half-width used is 1.5 in u and in v."""
    s, t = mpmath.sqrt(mpmath.mpf(a.numerator) / a.denominator), mpmath.sqrt(mpmath.mpf(b.numerator) / b.denominator)
    rho = mpmath.mpf(c.numerator) / c.denominator / (s * t)
    ortho = mpmath.sqrt(1 - rho * rho)
    reach = mpmath.sqrt(2 * digits * mpmath.log(10)) + 1
    width = min(mpmath.mpf(3) / 4 / max(s, t), reach)
    h = 2 * mpmath.pi * width / (digits * mpmath.log(10) + width**2 / 2 + 3)
    nodes = [h * k for k in range(-int(reach / h) - 1, int(reach / h) + 2)]
    weights = [mpmath.exp(-z * z / 2) * h / mpmath.sqrt(2 * mpmath.pi) for z in nodes]
    total = mpmath.mpf(0)
    for z, w in zip(nodes, weights, strict=True):
        inner = mpmath.fdot((f(t * (rho * z + ortho * y)), x) for y, x in zip(nodes, weights, strict=True))
        total += w * f(s * z) * inner
    return total


@pytest.mark.parametrize("name", PRECISE)
def test_thirty_digits_by_mpmath(name: str) -> None:
    entries = (F(1, 4), F(1, 9), F(-1, 8))
    with mpmath.workdps(34):
        expected = precise(PRECISE[name], *entries, 30)
        value = dual(activation(name), *entries, 128)
        assert inside(value, expected, mpmath.mpf(1), 27)
        assert not inside(value, expected + mpmath.mpf(10) ** -20, mpmath.mpf(1), 27)
        assert value.rad() < 1e-36


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(25))
def test_forty_digits_by_mpmath(seed: int) -> None:
    """200 laws in all; a minute for each seed."""
    rng = random.Random(1000 + seed)
    with mpmath.workdps(46):
        for _ in range(8):
            name = rng.choice(list(PRECISE))
            entries = law(rng, -8, 0)
            expected = precise(PRECISE[name], *entries, 42)
            value = dual(activation(name), *entries, 160)
            assert inside(value, expected, mpmath.mpf(1), 38), (name, entries)


@pytest.mark.parametrize("name", ["tanh", "softplus", "silu", "atan", "sin(x)*tanh(x)", "x/(1+exp(-x))+cos(x)"])
def test_the_bound_holds_where_the_rule_is_coarse(name: str) -> None:
    """At 24 bits the proved error is nearly all of the radius: it must cover what the coarse grid misses."""
    rng = random.Random(name)
    worst = 0.0
    for _ in range(6):
        entries = law(rng, -4, 1)
        coarse, fine = dual(activation(name), *entries, 24), dual(activation(name), *entries, 100)
        assert coarse.overlaps(fine), entries
        assert coarse.rad() > 1e3 * fine.rad(), entries
        with precision(100):
            worst = max(worst, float(abs(coarse.mid() - fine) / coarse.rad()))
    assert 0 < worst <= 1


@pytest.mark.parametrize("k", [1, 2, 4])
def test_large_variance_tends_to_the_sign(k: int) -> None:
    """|E tanh tanh - E sign sign| <= 2 E(1 - tanh|u|) <= 4 log(2) / sqrt(2 pi a), for a = b = 10^(2 k)."""
    a = F(10) ** (2 * k)
    c = a * F(3, 10)
    gap = dual(activation("tanh"), a, a, c, 53) - dual(activation("sign"), a, a, c, 53)
    assert abs(gap) <= 4 * math.log(2) / math.sqrt(2 * math.pi * float(a))

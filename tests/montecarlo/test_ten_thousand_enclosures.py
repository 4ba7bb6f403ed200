"""A failure here means that an enclosure misses the number it is about, at some activation, covariance and order.

The references are computed in mpmath alone, by closed forms or by a trapezoid rule of their own with Mehler's series,
to more than 47 digits; the tightest enclosures compared here have about 38.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

import mpmath as mp
import pytest

import certigram as cg
from certigram.numerics.balls.ball import Ball
from certigram.numerics.dual import dual
from certigram.numerics.expressions.regularity import regularity
from certigram.numerics.hermite import hermite_transform, second_moment
from certigram.theory.activations.activation import activation

Real = mp.mpf
BITS = (30, 53, 90, 128)
SLACK = Fraction(1, 10**47)
"""How far a reference may be from the truth, relative to the size of the function; far below every radius."""
Sample = tuple[str, Ball, Real, Real]  # what, enclosure, reference, size of the function


def real(q: Fraction) -> Real:
    return mp.mpf(q.numerator) / q.denominator


# --- references in closed form ----------------------------------------------------------------------------------------


def _angle(a: Real, b: Real, c: Real) -> tuple[Real, Real]:
    root = mp.sqrt(max(a * b - c * c, mp.mpf(0)))
    return root, mp.atan2(root, c)


def _relu(a: Real, b: Real, c: Real) -> Real:
    root, angle = _angle(a, b, c)
    return (root + c * (mp.pi - angle)) / (2 * mp.pi)


def _gelu(a: Real, b: Real, c: Real) -> Real:
    d = (1 + a) * (1 + b) - c * c
    tail = (a * b * d + c * c) / (2 * mp.pi * (1 + a) * (1 + b) * mp.sqrt(d))
    return c / 4 + c / (2 * mp.pi) * mp.atan(c / mp.sqrt(d)) + tail


def _erf(k: Fraction) -> Callable[[Real, Real, Real], Real]:
    def value(a: Real, b: Real, c: Real) -> Real:
        x, y, z = (2 * real(k) ** 2 * t for t in (a, b, c))
        return 2 / mp.pi * mp.atan2(z, mp.sqrt((1 + x) * (1 + y) - z * z))

    return value


def _leaky(a: Real, b: Real, c: Real) -> Real:
    slope = mp.mpf(1) / 10
    return (1 + slope**2) * _relu(a, b, c) - 2 * slope * _relu(a, b, -c)


CLOSED: dict[str, Callable[[Real, Real, Real], Real]] = {
    "relu": _relu,
    "leaky_relu(1/10)": _leaky,
    "abs": lambda a, b, c: 2 * (_relu(a, b, c) + _relu(a, b, -c)),
    "step": lambda a, b, c: (mp.pi - _angle(a, b, c)[1]) / (2 * mp.pi),
    "sign": lambda a, b, c: 1 - 2 * _angle(a, b, c)[1] / mp.pi,
    "gelu": _gelu,
    "erf": _erf(Fraction(1)),
    "erf(1000*x)": _erf(Fraction(1000)),
    "erf(x/1000)": _erf(Fraction(1, 1000)),
    "sin": lambda a, b, c: mp.exp(-(a + b) / 2) * mp.sinh(c),
    "cos": lambda a, b, c: mp.exp(-(a + b) / 2) * mp.cosh(c),
    "exp": lambda a, b, c: mp.exp((a + b) / 2 + c),
    "exp(-x**2)": lambda a, b, c: 1 / mp.sqrt((1 + 2 * a) * (1 + 2 * b) - 4 * c * c),
    "x*exp(-x**2/2)": lambda a, b, c: c / mp.sqrt((1 + a) * (1 + b) - c * c) ** 3,
    "x**2": lambda a, b, c: a * b + 2 * c * c,
    "x**3": lambda a, b, c: 9 * a * b * c + 6 * c**3,
}


# --- references by quadrature -----------------------------------------------------------------------------------------

SMOOTH: dict[str, Callable[[Real], Real]] = {
    "tanh": mp.tanh,
    "sigmoid": lambda x: 1 / (1 + mp.exp(-x)),
    "softplus": lambda x: max(x, mp.mpf(0)) + mp.log1p(mp.exp(-abs(x))),
    "silu": lambda x: x / (1 + mp.exp(-x)),
    "tanh(x)/2 + sin(x)": lambda x: mp.tanh(x) / 2 + mp.sin(x),
}
VARIANCES = [Fraction(t) for t in ("1/50", "1/3", "1", "2", "33/16", "4")]
ORDERS, REACH = 200, 24


@cache
def table(name: str, variance: Fraction) -> tuple[list[Real], Real]:
    """The Hermite coefficients up to ORDERS and the second moment, by the trapezoid rule at 60 digits.

    All these functions are analytic in |Im x| < pi/2 (at least): with steps h the error is about exp(-2 pi d/h) times
    the growth exp(d^2/2 + d sqrt(r)) in the strip of half-width d = min(pi/(2 sigma), 6); beyond |z| = 24 the summands
    are below exp(-144).
    """
    with mp.workdps(60):
        sigma = mp.sqrt(real(variance))
        d = min(mp.pi / (2 * sigma), mp.mpf(6))
        h = 2 * mp.pi * d / (125 + d * d / 2 + d * mp.sqrt(ORDERS))
        count = int(REACH / h) + 1
        sums, square = [mp.mpf(0)] * (ORDERS + 1), mp.mpf(0)
        steps = [(mp.sqrt(r), 1 / mp.sqrt(r + 1)) for r in range(ORDERS + 1)]
        for k in range(-count, count + 1):
            z = k * h
            weight = h * mp.exp(-z * z / 2) / mp.sqrt(2 * mp.pi)
            value = SMOOTH[name](sigma * z)
            square += weight * value * value
            before, now = mp.mpf(0), weight * value
            for r in range(ORDERS + 1):
                sums[r] += now
                before, now = now, (z * now - steps[r][0] * before) * steps[r][1]
        return sums, square


# --- samples ----------------------------------------------------------------------------------------------------------


def _covariance(rng: random.Random) -> tuple[Fraction, Fraction, Fraction]:
    def scale() -> Fraction:
        return Fraction(rng.randint(1, 400), rng.choice([7, 64, 100])) * Fraction(2) ** rng.choice(
            [0, 0, 0, -20, -6, 4]
        )

    p, q = scale(), scale()
    q = p if rng.random() < 0.3 else q
    sizes = [Fraction(rng.randint(0, 1000), 1000)] * 3 + [1 - Fraction(1, 10 ** rng.randint(1, 30)), Fraction(1)]
    rho = rng.choice(sizes) * rng.choice([1, -1])
    return (p * p, q * q, rho * p * q) if rng.random() < 0.5 else (p, q, rho * min(p, q))


def closed_duals(rng: random.Random, count: int) -> Iterator[Sample]:
    names = list(CLOSED)
    while count:
        name, (a, b, c) = rng.choice(names), _covariance(rng)
        if name in ("exp", "sin", "cos") and max(a, b) > 2**12:
            continue
        count -= 1
        with mp.workdps(150):
            f = CLOSED[name]
            value, size = f(*map(real, (a, b, c))), mp.sqrt(f(*map(real, (a, a, a))) * f(*map(real, (b, b, b))))
        yield f"dual {name} {a} {b} {c}", Ball(dual(activation(name), a, b, c, rng.choice(BITS))), value, size


def smooth_duals(rng: random.Random, count: int) -> Iterator[Sample]:
    for _ in range(count):
        name, a, b = rng.choice(list(SMOOTH)), rng.choice(VARIANCES), rng.choice(VARIANCES)
        rho = Fraction(rng.randint(-55, 55), 100)
        c = rho * min(a, b)
        with mp.workdps(60):
            (mu, one), (nu, other) = table(name, a), table(name, b)
            t = real(c) / mp.sqrt(real(a * b))
            value = mp.fsum(x * y * t**r for r, (x, y) in enumerate(zip(mu, nu, strict=True)))
            size = mp.sqrt(one * other)
        yield f"dual {name} {a} {b} {c}", Ball(dual(activation(name), a, b, c, rng.choice(BITS))), value, size


def coefficients(rng: random.Random, count: int) -> Iterator[Sample]:
    while count > 0:
        name, variance, order = rng.choice(list(SMOOTH)), rng.choice(VARIANCES), rng.choice([3, 12, 40])
        mu, square = table(name, variance)
        found = hermite_transform(activation(name), order, variance, rng.choice(BITS))
        size = mp.sqrt(square)
        for r in range(min(order + 1, count)):
            yield f"mu_{r} {name} {variance}", Ball(found.coefficients[r]), mu[r], size
        count -= order + 1
        with mp.workdps(60):
            tail = square - mp.fsum(x * x for x in mu[: order + 1])
        yield f"tail {order} {name} {variance}", Ball(found.tail), tail, square


def exact_coefficients(rng: random.Random, count: int) -> Iterator[Sample]:
    """exp: sigma^r e^{v/2}/sqrt(r!); sin(kx): (-1)^j (k sigma)^r e^{-k^2 v/2}/sqrt(r!) at odd r = 2j + 1."""
    while count > 0:
        v, k = Fraction(rng.randint(1, 300), 100), Fraction(rng.randint(1, 40), 10)
        name, order = rng.choice(["exp", f"sin({k}*x)"]), rng.choice([5, 30, 150])
        found = hermite_transform(activation(name), order, v, rng.choice(BITS))
        for r in range(min(order + 1, count)):
            with mp.workdps(60):
                s = mp.sqrt(real(v)) * (1 if name == "exp" else real(k))
                sign = 1 if name == "exp" else (0, 1, 0, -1)[r % 4]
                value = sign * s**r * mp.exp((s * s if name == "exp" else -s * s) / 2) / mp.sqrt(mp.factorial(r))
                size = mp.exp(s * s) if name == "exp" else mp.mpf(1)
            yield f"mu_{r} {name} {v}", Ball(found.coefficients[r]), value, size
        count -= order + 1


def second_moments(rng: random.Random, count: int) -> Iterator[Sample]:
    for _ in range(count):
        if rng.random() < 0.5:
            name, v = rng.choice(list(SMOOTH)), rng.choice(VARIANCES)
            value = table(name, v)[1]
        else:
            name, v = rng.choice(list(CLOSED)), Fraction(rng.randint(1, 500), 100)
            with mp.workdps(150):
                value = CLOSED[name](*[real(v)] * 3)
        yield f"E phi^2 {name} {v}", Ball(second_moment(activation(name), v, rng.choice(BITS))), value, value


def lipschitz_constants(rng: random.Random, count: int) -> Iterator[Sample]:
    """sup|phi'| of c f(kx) + m x for f with a known slope range."""
    for _ in range(count):
        k, c, m = (Fraction(rng.randint(1, 60), d) for d in (8, 6, 5))
        with mp.workdps(60):
            peak = real(k) * real(c)
            name, value = rng.choice(
                [
                    (f"{c}*erf({k}*x) + {m}*x", peak * 2 / mp.sqrt(mp.pi) + real(m)),
                    (f"{c}*tanh({k}*x)", peak),
                    (f"{c}*sin({k}*x) + {m}*x", peak + real(m)),
                    (f"{c}*x*exp(-x**2/2)", real(c)),
                    (f"{c}*exp(-({k}*x)**2)", peak * mp.sqrt(2 / mp.e)),
                    (f"Max({k}*x, 0) - {c}*Max(-x, 0)", max(real(k), real(c))),
                    (f"{c}*sigmoid({k}*x)", peak / 4),
                ]
            )
        found = regularity(activation(name), 64).lipschitz
        assert found is not None, name
        yield f"L {name}", Ball(found), value, value


def gram_entries(rng: random.Random, count: int) -> Iterator[Sample]:
    for _ in range(count):
        name = rng.choice(["relu", "erf", "gelu", "sin", "cos", "x*exp(-x**2/2)", "leaky_relu(1/10)"])
        w2 = Fraction(rng.randint(0, 35), 100)
        t = rng.choice([Fraction(rng.randint(-999, 999), 1000), Fraction(rng.randint(-7, 7), 8)])
        with mp.workdps(60):
            f, w = CLOSED[name], 2 * real(w2)
            s, c = mp.mpf(2), mp.mpf(0)
            for _ in range(500):
                s = 2 + w * f(s, s, s)
            for _ in range(500):
                c = 2 * real(t) + w * f(s, s, c)
            value, size = f(s, s, c), f(s, s, s)
        bits = rng.choice([None, 64, 120])
        K = cg.population_gram(
            "deq-general", input_gram=[[1, t], [t, 1]], activation=name, sigma_w2=w2, bits=bits or 53
        )
        yield f"K {name} {w2} {t}", K.ball(0, 1), value, size
        yield f"q {name} {w2}", K.ball(1, 1), size, size


KINDS: dict[str, tuple[Callable[[random.Random, int], Iterator[Sample]], int]] = {
    "closed duals": (closed_duals, 4300),
    "smooth duals": (smooth_duals, 1500),
    "coefficients and tails": (coefficients, 1800),
    "exact coefficients": (exact_coefficients, 1200),
    "second moments": (second_moments, 900),
    "Lipschitz constants": (lipschitz_constants, 150),
    "Gram entries": (gram_entries, 150),
}


@dataclass
class Summary:
    """What a run has seen: the number of enclosures, the largest |error|/radius, the least relative radius."""

    count: int = 0
    largest: float = 0.0
    tightest: float = 1.0
    exact: int = 0

    def add(self, sample: Sample) -> None:
        what, ball, reference, size = sample
        assert ball.finite, what
        sign, mantissa, exponent, _ = reference._mpf_
        truth = (-1) ** sign * Fraction(int(mantissa)) * Fraction(2) ** int(exponent)
        sign, mantissa, exponent, _ = size._mpf_
        slack = SLACK * Fraction(int(mantissa)) * Fraction(2) ** int(exponent)
        error, radius = abs(ball.mid - truth), ball.rad
        assert error <= radius + slack, f"{what}: {ball} misses {mp.nstr(reference, 50)}"
        self.count += 1
        self.exact += radius == 0
        if error > slack:
            self.largest = max(self.largest, float(error / radius))
        if 0 < radius < abs(truth):
            self.tightest = min(self.tightest, float(radius / abs(truth)))

    def __str__(self) -> str:
        return (
            f"{self.count} enclosures, no miss; largest |error|/radius {self.largest:.3f}, tightest relative radius "
            f"{self.tightest:.2e}, {self.exact} exact"
        )


def run(kind: str, count: int, seed: int) -> Summary:
    summary = Summary()
    for sample in KINDS[kind][0](random.Random(seed), count):
        summary.add(sample)
    print(f"{kind}: {summary}")
    return summary


@pytest.mark.parametrize("kind", KINDS)
def test_some_hundreds_of_enclosures(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With two variances and one function by quadrature: a table of references takes a second or two."""
    monkeypatch.setitem(globals(), "VARIANCES", VARIANCES[1:4:2])
    monkeypatch.setitem(globals(), "SMOOTH", {"silu": SMOOTH["silu"]})
    assert run(kind, KINDS[kind][1] // 30, seed=1).count >= KINDS[kind][1] // 30


@pytest.mark.slow
def test_ten_thousand_enclosures() -> None:
    total = sum(run(kind, count, seed=2).count for kind, (_, count) in KINDS.items())
    assert total >= 10_000

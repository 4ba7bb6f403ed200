"""A failure here means that the checker's integers enclose something else than the number they are about."""

from __future__ import annotations

import random
from fractions import Fraction

import mpmath
import numpy as np
import pytest

from certigram.numerics.replay.activations import KNOWN, parse
from certigram.numerics.replay.elementary import angle, decay, value
from certigram.numerics.replay.pieces import closed
from certigram.numerics.replay.rectifier import arc_cosine, correlation
from certigram.numerics.replay.series import compose, multiply
from certigram.numerics.replay.softsign import softsign
from certigram.numerics.replay.transform import equilibrium, moments
from certigram.theory.activations.activation import activation


def naive(outer: list[int], inner: list[int], scale: int) -> list[Fraction]:
    """The composition of two truncated series, term by term in rationals."""
    one, size = Fraction(1 << scale), len(inner)
    total, power = [Fraction(0)] * size, [Fraction(1)] + [Fraction(0)] * (size - 1)
    for a in outer:
        total = [x + a * y for x, y in zip(total, power, strict=True)]
        power = [sum((power[i] * inner[k - i] for i in range(k + 1)), Fraction(0)) / one for k in range(size)]
    return total


@pytest.mark.parametrize("mass", [-70, -3, 0, 30, 41, 100, 400])
def test_compositions_of_series_of_any_mass_are_enclosed(mass: int) -> None:
    rng = random.Random(mass)
    for scale in (16, 80, 144):
        one = 1 << scale
        outer = [rng.randrange(int(one * Fraction(2) ** mass) + 2) for _ in range(23)]
        share = [rng.random() ** 4 for _ in range(9)]
        inner = [int(one * x / sum(share)) for x in share]
        low, high = (compose(outer, inner, scale, up) for up in (0, 1))
        true = naive(outer, inner, scale)
        room = Fraction(max(sum(outer), one) * 64, one) + 64
        for a, x, b in zip(low, true, high, strict=True):
            assert a <= x <= b
            assert b - a <= room


def test_products_of_series_are_exact() -> None:
    rng = random.Random(1)
    for _ in range(200):
        size = rng.randrange(1, 9)
        a, b = ([rng.choice([0, 1, rng.getrandbits(rng.randrange(1, 300))]) for _ in range(size)] for _ in range(2))
        assert multiply(a, b) == [sum(a[i] * b[k - i] for i in range(k + 1)) for k in range(size)]


REFERENCES = {
    "tanh": mpmath.tanh,
    "erf": mpmath.erf,
    "sin": mpmath.sin,
    "cos": mpmath.cos,
    "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
    "softplus": lambda x: mpmath.log1p(mpmath.exp(x)),
    "silu": lambda x: x / (1 + mpmath.exp(-x)),
    "gelu": lambda x: x * (1 + mpmath.erf(x / mpmath.sqrt(2))) / 2,
    "phi": lambda x: (1 + mpmath.erf(x / mpmath.sqrt(2))) / 2,
    "atan": mpmath.atan,
    "gaussian": lambda x: mpmath.exp(-x * x / 2),
    "xgaussian": lambda x: x * mpmath.exp(-x * x / 2),
    "id": lambda x: x,
    "one": lambda x: x * 0 + 1,
    "mish": lambda x: x * mpmath.tanh(mpmath.log1p(mpmath.exp(x))),
}


@pytest.mark.parametrize("name", sorted(REFERENCES))
def test_elementary_functions_against_mpmath(name: str) -> None:
    rng = np.random.default_rng(11)
    with mpmath.workprec(700):
        for p in (90, 220, 500):
            for size in (1e-9, 0.01, 1.0, 4.0, 20.0, 70.0):
                x = int(rng.uniform(-size, size) * 2**p)
                t = mpmath.mpf(x) / 2**p
                error = abs(value(name, x, p) - REFERENCES[name](t) * 2**p)
                assert error < 7 * (1 + abs(t))


@pytest.mark.parametrize("name", sorted(REFERENCES))
def test_slopes_and_strips_are_bounded_as_stated(name: str) -> None:
    parity, slope, rho, a, b = KNOWN[name]
    f = {**REFERENCES, "sigmoid": lambda z: 1 / (1 + mpmath.exp(-z))}[name]
    for u in np.linspace(-9, 9, 61).tolist():
        assert abs(mpmath.diff(f, u)) <= mpmath.mpf(slope.numerator) / slope.denominator + mpmath.mpf(10) ** -12
        for v in np.linspace(-float(rho), float(rho), 9).tolist():
            assert abs(f(mpmath.mpc(u, v))) <= float(a + b * Fraction(abs(u)))
        if parity != "-":
            assert abs(f(-u) - (f(u) if parity == "even" else -f(u))) < 1e-12


@pytest.mark.parametrize(
    "text", ["1*tanh(1*x)", "1/3*erf(2*x) + 1/5*x**1 + 1/7*x**0", "1*gelu(-1/2*x)", "2*sin(1*x)", "1*phi(2*x)"]
)
def test_hermite_coefficients_against_the_prover(text: str) -> None:
    from certigram.numerics.balls.ball import Ball
    from certigram.numerics.hermite import hermite_transform

    terms, parity, _ = parse(text)
    for known in {parity, "-"}:  # on one side of 0, where the function is odd or even, and on both
        sigma, mu, square = moments(terms, Fraction(5, 2), 40, 90, known)
        prover = hermite_transform(activation(text.replace("phi(", "normal_cdf(")), 40, sigma**2, 260)
        assert square[0] <= Ball(prover.second_moment).lower <= Ball(prover.second_moment).upper <= square[1]
        for (low, high), claimed in zip(mu, prover.coefficients, strict=True):
            assert low <= Ball(claimed).lower <= Ball(claimed).upper <= high
            assert high - low < Fraction(1, 2**70)


@pytest.mark.parametrize("text", ["1*relu(1*x)", "1/2*x**1 + -1/3*relu(-2*x)", "1/3*x**1"])
def test_rational_transforms_against_the_prover(text: str) -> None:
    from certigram.numerics.balls.ball import exact
    from certigram.numerics.hermite import hermite_transform

    squares, s, q = equilibrium(text, Fraction(1, 8), Fraction(2), Fraction(2), 24, 64)
    prover = hermite_transform(activation(text), 24, s[0], 200)
    assert s[0] == s[1] == 2 + q[0] / 8
    assert abs(q[0] - exact(prover.second_moment.mid())) < Fraction(1, 2**150)
    for (low, high), claimed in zip(squares, prover.coefficients, strict=True):
        value = exact(claimed.mid()) ** 2
        assert low - Fraction(1, 2**150) <= value <= high + Fraction(1, 2**150)


def test_the_slope_of_mish_is_bounded_by_subdivision() -> None:
    """On [0, 12] in ball arithmetic, T + xT' = T + 4xw(w + 1)/(w^2 + 2w + 2)^2 with w = exp(x); beyond, by hand."""
    from flint import arb

    slope = arb(KNOWN["mish"].slope.numerator) / KNOWN["mish"].slope.denominator

    def derivative(a: Fraction, b: Fraction) -> arb:
        middle, radius = (a + b) / 2, (b - a) / 2
        x = arb(float(middle), float(radius))
        w = x.exp()
        return 1 - 2 / (w * w + 2 * w + 2) + 4 * x * w * (w + 1) / (w * w + 2 * w + 2) ** 2

    for margin, proved in ((1.0, True), (0.9999, False)):
        todo = [(Fraction(k), Fraction(k + 1)) for k in range(12)]
        while todo and todo[-1][1] - todo[-1][0] > Fraction(1, 2**20):
            a, b = todo.pop()
            if not derivative(a, b) < slope * margin:
                todo += [(a, (a + b) / 2), ((a + b) / 2, b)]
        assert (not todo) is proved


@pytest.mark.parametrize("bits", [64, 128, 320])
def test_decay_angle_and_fixed_points_against_mpmath(bits: int) -> None:
    rng, one = random.Random(bits), 1 << bits
    with mpmath.workprec(2 * bits + 80):
        unit, circle = mpmath.mpf(2) ** -bits, 2 * mpmath.pi

        def g(r: mpmath.mpf) -> mpmath.mpf:
            return (mpmath.sqrt(1 - r * r) + (mpmath.pi - mpmath.acos(r)) * r) / circle

        for _ in range(60):
            x = int(rng.choice([rng.random(), 40 * rng.random(), 2.0**-20 * rng.random(), 2.0 * bits]) * one)
            assert abs(decay(x, bits) - mpmath.exp(-x * unit) / unit) < 2
            a, b = int(rng.random() ** rng.choice([1, 30]) * one), int(rng.random() * one) + 1
            assert abs(angle(a, b, bits) - mpmath.atan2(a, b) / unit) < 4
            near = int(rng.random() ** rng.choice([1, 30, 60]) * one)
            t = rng.choice([near, -near, one - near, near - one])
            value_of, turned = arc_cosine(t, bits)
            assert abs(value_of - circle * g(t * unit) / unit) < 10
            assert abs(turned - (mpmath.pi - mpmath.acos(t * unit)) / unit) < 10
            w = rng.choice([Fraction(0), Fraction(1, 16), Fraction(1, 2), Fraction(999, 1000)])
            r, off, kept = correlation(t, w, bits)
            assert kept == arc_cosine(r, bits)[0]
            ends = [min(max((r + sign * off) * unit, mpmath.mpf(-1)), mpmath.mpf(1)) for sign in (-1, 1)]
            share = mpmath.mpf(w.numerator) / w.denominator
            gaps = [(1 - share) * t * unit + 2 * share * g(end) - end for end in ends]
            assert gaps[0] > -unit / 2**20
            assert gaps[1] < unit / 2**20
            assert off < 100 / (1 - share)


BENT = [
    "1*elu(1*x)",
    "1*elu(-2*x) + 1/3*x**1",
    "1*relu(1*x+1) + -1*relu(1*x+-1) + -1*x**0",
    "-1*relu(-1*x+2) + 1*elu(1/2*x)",
    "1*relu(1*x) + 1/5*x**0",
    "-3*softsign(-2*x)",
]


@pytest.mark.parametrize("text", BENT)
def test_coefficients_in_closed_form_against_mpmath(text: str) -> None:
    terms, parity, _ = parse(text)
    rule = softsign if "softsign" in text else closed
    sigma, coefficients, square = rule(terms, Fraction(5, 2), 60, 90)
    assert max(high - low for low, high in [*coefficients, square]) < Fraction(1, 2**88)
    known = {
        "one": lambda y: y * 0 + 1,
        "id": lambda y: y,
        "relu": lambda y: max(y, mpmath.mpf(0)),
        "elu": lambda y: y if y > 0 else mpmath.expm1(y),
        "softsign": lambda y: y / (1 + abs(y)),
    }
    with mpmath.workdps(30):
        s = mpmath.mpf(sigma.numerator) / sigma.denominator
        kinks = sorted({-shift / scale / sigma for _, name, scale, shift in terms if name not in ("one", "id")})
        places = [-40, -8, *(mpmath.mpf(q.numerator) / q.denominator for q in kinks), 8, 40]

        def f(z: mpmath.mpf) -> mpmath.mpf:
            parts = (
                mpmath.mpf(c.numerator) / c.denominator
                * known[name](mpmath.mpf(a.numerator) / a.denominator * s * z + mpmath.mpf(b.numerator) / b.denominator)
                for c, name, a, b in terms
            )  # fmt: skip
            return mpmath.fsum(parts) * mpmath.exp(-z * z / 2) / mpmath.sqrt(2 * mpmath.pi)

        def inside(value: mpmath.mpf, ends: tuple[Fraction, Fraction]) -> bool:
            low, high = (mpmath.mpf(q.numerator) / q.denominator for q in ends)
            return low - mpmath.mpf(10) ** -20 <= value <= high + mpmath.mpf(10) ** -20

        for r in (0, 1, 2, 3, 8, 21, 60):
            norm = mpmath.mpf(2) ** (mpmath.mpf(r) / 2) * mpmath.sqrt(mpmath.factorial(r))
            value = mpmath.quad(lambda z: f(z) * mpmath.hermite(r, z / mpmath.sqrt(2)) / norm, places)  # noqa: B023
            assert inside(value, coefficients[r]) or (parity == "odd" and r % 2 == 0)
            if parity == "odd":
                assert r % 2 or abs(value) < mpmath.mpf(10) ** -20
        density = lambda z: mpmath.exp(-z * z / 2) / mpmath.sqrt(2 * mpmath.pi)  # noqa: E731
        assert inside(mpmath.quad(lambda z: f(z) ** 2 / density(z), places), square)


@pytest.mark.parametrize(
    ("text", "parity", "slope"),
    [
        ("1*relu(1*x+1) + -1*relu(1*x+-1) + -1*x**0", "odd", 1),
        ("1*relu(1*x+1) + -1*relu(1*x+-1)", "-", 1),
        ("1*relu(1*x+1) + 1*relu(1*x+-1) + -1*x**0", "-", 2),
        ("1*relu(1*x) + -1*relu(-1*x)", "odd", 1),
        ("1*relu(1*x) + 1*relu(-1*x)", "-", 1),
        ("1*relu(2*x+-3) + -3*x**1", "-", 3),
        ("-1*relu(-1*x) + 1/2*x**1", "-", Fraction(3, 2)),
    ],
)
def test_parity_and_slope_of_hinges(text: str, parity: str, slope: Fraction) -> None:
    assert parse(text)[1:] == (parity, slope)

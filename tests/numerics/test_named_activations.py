"""A failure here means that a named activation has other coefficients, duals or slopes than its formula."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import cache

import mpmath
import pytest
from flint import arb

from certigram.numerics.balls.precision import precision
from certigram.numerics.dual import dual
from certigram.numerics.expressions.regularity import regularity
from certigram.numerics.hermite import hermite_transform
from certigram.theory.activations.activation import activation

DIGITS = 30
BITS = 128
ACCURACY = arb(10) ** -(DIGITS + 3)
Poly = dict[int, Fraction]
Piece = tuple[float | Fraction, float | Fraction, Poly]

INF = float("inf")
SMOOTH: dict[str, Callable[[mpmath.mpf], mpmath.mpf]] = {
    "log_sigmoid": lambda x: -mpmath.log(1 + mpmath.exp(-x)),
    "tanhshrink": lambda x: x - mpmath.tanh(x),
    "quick_gelu": lambda x: x / (1 + mpmath.exp(-mpmath.mpf("1.702") * x)),
    "gelu_tanh": lambda x: x * (1 + mpmath.tanh(mpmath.sqrt(2 / mpmath.pi) * (x + mpmath.mpf("0.044715") * x**3))) / 2,
    "snake": lambda x: x + mpmath.sin(x) ** 2,
    "snake(3/2)": lambda x: x + mpmath.sin(mpmath.mpf(3) / 2 * x) ** 2 / (mpmath.mpf(3) / 2),
}
H, S, F = Fraction(1, 2), Fraction(1, 6), Fraction
PIECES: dict[str, list[Piece]] = {
    "relu6": [(0, 6, {1: F(1)}), (6, INF, {0: F(6)})],
    "hard_sigmoid": [(-3, 3, {0: H, 1: S}), (3, INF, {0: F(1)})],
    "hard_swish": [(-3, 3, {1: H, 2: S}), (3, INF, {1: F(1)})],
    "softshrink": [(-INF, -H, {0: H, 1: F(1)}), (H, INF, {0: -H, 1: F(1)})],
    "hardshrink": [(-INF, -H, {1: F(1)}), (H, INF, {1: F(1)})],
    "clip(x, -1/2, 3)": [(-INF, -H, {0: -H}), (-H, 3, {1: F(1)}), (3, INF, {0: F(3)})],
    "where(x > 1, x**2, -x)": [(-INF, 1, {1: F(-1)}), (1, INF, {2: F(1)})],
}
CELU = {"celu": 1, "celu(2)": 2, "where(x > 0, x, 2*(exp(x/2) - 1))": 2}
SLOPES = {
    "relu6": 1,
    "hard_sigmoid": Fraction(1, 6),
    "hard_swish": Fraction(3, 2),
    "softshrink": 1,
    "clip(x, -1/2, 3)": 1,
    "celu": 1,
    "celu(2)": 1,
    "max(0, x) + min(0, 2*(exp(x/2) - 1))": 1,
    "log_sigmoid": 1,
    "tanhshrink": 1,
    "snake": 2,
    "snake(3/2)": 2,
}


def _mp(value: float | Fraction) -> mpmath.mpf:
    return mpmath.mpf(value.numerator) / value.denominator if isinstance(value, Fraction) else mpmath.mpf(value)


def _truncated_moments(low: mpmath.mpf, high: mpmath.mpf, count: int) -> list[mpmath.mpf]:
    """The integrals of z^k against the normal density over [low, high]: integration by parts."""

    def edge(t: mpmath.mpf, k: int) -> mpmath.mpf:
        return mpmath.mpf(0) if mpmath.isinf(t) else t**k * mpmath.npdf(t)

    found = [mpmath.ncdf(high) - mpmath.ncdf(low)]
    for k in range(1, count + 1):
        before = (k - 1) * found[k - 2] if k > 1 else mpmath.mpf(0)
        found.append(before + edge(low, k - 1) - edge(high, k - 1))
    return found


def _mean_of_pieces(pieces: list[Piece], mean: mpmath.mpf, spread: mpmath.mpf) -> mpmath.mpf:
    """E f(mean + spread z) for a piecewise polynomial."""
    total = mpmath.mpf(0)
    for low, high, poly in pieces:
        z = _truncated_moments((_mp(low) - mean) / spread, (_mp(high) - mean) / spread, max(poly))
        for k, c in poly.items():
            total += _mp(c) * sum(mpmath.binomial(k, j) * mean ** (k - j) * spread**j * z[j] for j in range(k + 1))
    return total


def _mean_of_celu(alpha: int, mean: mpmath.mpf, spread: mpmath.mpf) -> mpmath.mpf:
    edge = -mean / spread
    below = mpmath.exp(mean / alpha + spread**2 / (2 * alpha**2)) * mpmath.ncdf(edge - spread / alpha)
    return _mean_of_pieces([(0, INF, {1: F(1)})], mean, spread) + alpha * (below - mpmath.ncdf(edge))


def _kinked(name: str) -> tuple[Callable[..., mpmath.mpf], Callable[..., mpmath.mpf], list[mpmath.mpf]]:
    """The function, its Gaussian mean, its kinks."""
    if name in CELU:
        a = CELU[name]
        return (
            (lambda x: x if x > 0 else a * mpmath.expm1(x / a)),
            (lambda m, s: _mean_of_celu(a, m, s)),
            [mpmath.mpf(0)],
        )
    pieces = PIECES[name]
    ends = sorted({_mp(end) for low, high, _ in pieces for end in (low, high) if abs(end) != INF})

    def value(x: mpmath.mpf) -> mpmath.mpf:
        for low, high, poly in pieces:
            if _mp(low) <= x < _mp(high):
                return sum(_mp(c) * x**k for k, c in poly.items())
        return mpmath.mpf(0)

    return value, (lambda m, s: _mean_of_pieces(pieces, m, s)), ends


def _integral(function: Callable[[mpmath.mpf], mpmath.mpf], kinks: list[mpmath.mpf]) -> mpmath.mpf:
    """Gauss-Legendre on panels between kinks: of the right side's branch everywhere, so ends do not matter."""
    edges = sorted({mpmath.mpf(k) for k in range(-15, 16, 3)} | {k for k in kinks if abs(k) < 15})
    return mpmath.quad(function, edges, method="gauss-legendre", maxdegree=6)


def _hermite(r: int, x: mpmath.mpf) -> mpmath.mpf:
    previous, current = mpmath.mpf(0), mpmath.mpf(1)
    for k in range(r):
        previous, current = current, (x * current - mpmath.sqrt(k) * previous) / mpmath.sqrt(k + 1)
    return current


def _agrees(value: arb, reference: mpmath.mpf) -> bool:
    with precision(160):
        return bool(value.rad() < ACCURACY and abs(value - arb(mpmath.nstr(reference, 40))) < ACCURACY * 100)


@pytest.mark.parametrize("name", [*SMOOTH, *PIECES, *CELU])
def test_hermite_coefficients(name: str) -> None:
    found = hermite_transform(activation(name), 3, Fraction(1), BITS).coefficients
    with mpmath.workdps(40):
        function, kinks = (SMOOTH[name], []) if name in SMOOTH else _kinked(name)[::2]
        for r in (0, 1, 2, 3):
            reference = _integral(lambda x, r=r: function(x) * _hermite(r, x) * mpmath.npdf(x), kinks)
            assert _agrees(found[r], reference), (r, found[r], reference)


@pytest.mark.parametrize("name", list(SMOOTH))
def test_duals_of_smooth_ones_against_the_trapezoid_rule(name: str) -> None:
    """At correlation 3/5 the points (i h, (3 i + 4 j) h/5) of the plane lie on one lattice of the line."""
    value = dual(activation(name), Fraction(1), Fraction(1), Fraction(3, 5), BITS)
    with mpmath.workdps(40):
        step = mpmath.mpf(1) / 14
        count = 14 * 13

        @cache
        def at(k: int) -> mpmath.mpf:
            return SMOOTH[name](k * step / 5)

        weights = [mpmath.npdf(k * step) * step for k in range(count + 1)]
        rows = [
            (
                at(5 * i) * weights[abs(i)],
                mpmath.fdot((at(3 * i + 4 * j), weights[abs(j)]) for j in range(-count, count + 1)),
            )
            for i in range(-count, count + 1)
        ]
        assert _agrees(value, mpmath.fdot(rows))


@pytest.mark.parametrize("name", [*PIECES, *CELU])
def test_duals_of_kinked_ones_through_the_conditional_mean(name: str) -> None:
    value = dual(activation(name), Fraction(1), Fraction(1), Fraction(1, 2), BITS)
    with mpmath.workdps(40):
        function, mean, kinks = _kinked(name)
        spread = mpmath.sqrt(3) / 2
        assert _agrees(value, _integral(lambda x: function(x) * mean(x / 2, spread) * mpmath.npdf(x), kinks))


def test_a_wrong_formula_is_noticed() -> None:
    value = dual(activation("celu(2)"), Fraction(1), Fraction(1), Fraction(1, 2), BITS)
    with mpmath.workdps(40):
        function, mean, kinks = _kinked("celu")
        spread = mpmath.sqrt(3) / 2
        assert not _agrees(value, _integral(lambda x: function(x) * mean(x / 2, spread) * mpmath.npdf(x), kinks))


@pytest.mark.parametrize("name", list(SLOPES))
def test_lipschitz_constants(name: str) -> None:
    found = regularity(activation(name), BITS).lipschitz
    assert found is not None
    with precision(BITS):
        exact = (
            arb(SLOPES[name])
            if isinstance(SLOPES[name], int)
            else arb(SLOPES[name].numerator) / SLOPES[name].denominator
        )
        assert found.overlaps(exact)
        assert found.rad() < ACCURACY


def test_lipschitz_constants_without_a_closed_form() -> None:
    with mpmath.workdps(40):
        for name, start in (("quick_gelu", 1.4), ("gelu_tanh", 1.4)):
            function = SMOOTH[name]
            top = mpmath.findroot(lambda x, f=function: mpmath.diff(f, x, 2), start)
            assert _agrees_roughly(regularity(activation(name), BITS).lipschitz, mpmath.diff(function, top))


def _agrees_roughly(value: arb | None, reference: mpmath.mpf) -> bool:
    """mpmath's differences lose digits: 15 of them are compared, the enclosure itself has 30."""
    assert value is not None
    return bool(value.rad() < ACCURACY and abs(value - arb(mpmath.nstr(reference, 30))) < arb(10) ** -15)


def test_a_jump_has_no_slope() -> None:
    found = regularity(activation("hardshrink"), BITS)
    assert found.lipschitz is None
    assert "lipschitz" in found.infinite


FRACTIONAL = {
    "abs(x)**(3/2)": (Fraction(3, 2), False),
    "sqrt(abs(x))": (Fraction(1, 2), False),
    "abs(x)**(1/3)*sign(x)": (Fraction(1, 3), True),
}


@pytest.mark.parametrize("name", list(FRACTIONAL))
def test_fractional_powers_against_the_hypergeometric_function(name: str) -> None:
    r"""E|u|^p|v|^p = 2^p Gamma((p+1)/2)^2/pi 2F1(-p/2, -p/2; 1/2; rho^2), and the like with signs."""
    value = dual(activation(name), Fraction(1), Fraction(1), Fraction(1, 2), 64)
    exponent, odd = FRACTIONAL[name]
    with mpmath.workdps(40):
        p, rho = _mp(exponent), mpmath.mpf(1) / 2
        if odd:
            size = 2 ** (p + 1) * mpmath.gamma(p / 2 + 1) ** 2 * rho
            reference = size / mpmath.pi * mpmath.hyp2f1((1 - p) / 2, (1 - p) / 2, mpmath.mpf(3) / 2, rho**2)
        else:
            size = 2**p * mpmath.gamma((p + 1) / 2) ** 2
            reference = size / mpmath.pi * mpmath.hyp2f1(-p / 2, -p / 2, mpmath.mpf(1) / 2, rho**2)
    with precision(160):
        assert value.rad() < 1e-17
        assert value.contains(arb(mpmath.nstr(reference, 30)))


@pytest.mark.parametrize("name", [*FRACTIONAL, "sqrt(relu(x))", "2 - abs(2*x - 1)**(2/3)"])
def test_fractional_powers_are_continuous_and_not_lipschitz(name: str) -> None:
    phi = activation(name)
    assert phi.continuous
    assert not phi.smooth
    assert "lipschitz" in regularity(phi, 64).infinite

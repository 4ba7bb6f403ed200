"""Wrong constants planted in the formulas of implicit ReLU networks: something that does not use them must notice.

A failure of the first kind of test means that a constant is wrong; of the second, that a wrong one would go unseen.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from unittest.mock import patch

import numpy as np
import pytest
from flint import arb
from scipy import integrate, linalg, optimize, special, stats

from certigram.numerics.balls.enclosure import Enclosure
from certigram.numerics.balls.precision import precision
from certigram.numerics.papers.implicit_relu.arc_cosine import arc_cosine, arc_cosine_series
from certigram.numerics.papers.implicit_relu.checks import sampling
from certigram.numerics.papers.implicit_relu.checks.sampling import deviation_at, gaussian_norm
from certigram.numerics.papers.implicit_relu.convergence import SHARES, TARGETS, Norms, _conditions, bootstrap
from certigram.numerics.papers.implicit_relu.experiments import StateSample, sufficient_width
from certigram.numerics.papers.implicit_relu.limit import limit_map, limit_variance
from certigram.numerics.sampling.statistics import ErrorBudget
from certigram.theory.verdict import Evidence, Verdict

Guard = Callable[[], None]


def _log_deviates(m: int, t: float) -> float:
    """log P(|G_m - 1/2| > t) for one input, exactly: a chi-square law with a binomial number of degrees."""
    k = np.arange(1, m + 1)
    active = stats.binom.logpmf(k, m, 0.5)
    below = active + stats.chi2.logcdf(m * (0.5 - t), k)
    above = active + stats.chi2.logsf(m * (0.5 + t), k)
    return float(special.logsumexp([stats.binom.logpmf(0, m, 0.5), *below, *above]))


def width() -> None:
    """One input, lambda_0 = 1/2: the exact probability of ||G_m - G|| > lambda_0/4 at the sufficient width.

    It is at most delta, and a quarter of that width is not enough where delta is small.
    """
    for exponent in (2, 8, 40):
        delta = Fraction(1, 10**exponent)
        m = sufficient_width(1, Fraction(1, 2), delta)
        assert _log_deviates(m, 1 / 8) <= math.log(delta)
    assert _log_deviates(m // 4, 1 / 8) > math.log(delta)


def _cramer(t: float) -> float:
    """The rate of P(G_m >= 1/2 + t) for one input: no bound of that probability can have a larger one."""

    def minus(theta: float) -> float:
        return -(theta * (0.5 + t) - math.log(0.5 + 0.5 / math.sqrt(1 - 2 * theta)))

    return float(-optimize.minimize_scalar(minus, bounds=(0, 0.5), method="bounded").fun)


def exponent() -> None:
    """The rate of the concentration bound is below Cramer's rate of one entry, at small and large deviations."""
    m = 1000
    for claimed in (0.5, 1e-2, 1e-10, 1e-100):
        t = deviation_at(m, 1, claimed)
        rate = math.log(2 / claimed) / m
        assert 0 < rate <= _cramer(t)


def _second_moment(K: float, gamma: float) -> float:
    """E sigma(s h + sigma(g))^2 for independent Gaussians, s^2 = gamma^2 K, by quadrature over g > 0."""
    s = gamma * math.sqrt(K)

    def given(g: float) -> float:  # E sigma(s h + g)^2
        value = (g * g + s * s) * stats.norm.cdf(g / s) + g * s * stats.norm.pdf(g / s)
        return float(value * stats.norm.pdf(g))

    positive, _ = integrate.quad(given, 0, np.inf, epsabs=1e-13)
    return s * s / 4 + positive


def limit() -> None:
    """K* satisfies its equation as an expectation, and the map is that expectation."""
    for gamma in (Fraction(1, 5), Fraction(2, 5), Fraction(4, 5)):
        found = float(limit_variance(gamma, 96))
        assert _second_moment(found, float(gamma)) == pytest.approx(found, abs=1e-10)
        assert float(limit_map(arb("0.7"), gamma)) == pytest.approx(_second_moment(0.7, float(gamma)), abs=1e-10)


def norm_limit() -> None:
    """Norms at width 10^6 from the bidiagonal form of a Gaussian matrix (lower bounds): they come near 2 sqrt(m)."""
    m, kept = 10**6, 2000
    norms = []
    for seed in range(20):
        rng = np.random.default_rng([seed, 3])
        first = np.sqrt(rng.chisquare(m - np.arange(kept)))
        second = np.sqrt(rng.chisquare(m - 1.0 - np.arange(kept - 1)))
        diagonal = first**2
        diagonal[1:] += second**2
        top = linalg.eigh_tridiagonal(diagonal, first[:-1] * second, select="i", select_range=(kept - 1, kept - 1))
        norms.append(math.sqrt(top[0][0]))
    assert 1.99 < max(norms) / math.sqrt(m) < 2.01
    sample = StateSample(math.nan, {m: np.array(norms)}, {}, {}, {}, {})
    with patch.object(sampling, "state_sample", lambda inst: sample):
        outcome = gaussian_norm(None)
    assert all(o.verdict is not Verdict.INCONSISTENT for o in ErrorBudget().settle(outcome.tests))


NORMS = [
    Norms(5, 400, Fraction(1, 5), *map(arb, (39, 24, 20, 21, "1.3", 1, "1.1", "1.6", "0.4"))),
    Norms(3, 4096, Fraction(1, 10), *map(arb, (128, 70, 64, 63, 1, 1, "0.9", "1.2", "0.6"))),
]


def _threshold(n: Norms) -> float:
    """The largest residual for which one choice of the grid closes, from the formulas of the proof in floats."""
    root, gamma = math.sqrt(n.m), float(n.gamma) / math.sqrt(n.m)
    A, X, s0 = float(n.A), float(n.X), float(n.least)
    best = 0.0
    for beta in map(float, SHARES):
        mu = ((1 - beta) * s0) ** 2
        for target in map(float, TARGETS):
            a0 = gamma * A
            a = a0 + (1 - a0) * target
            F2, F = float(n.features) + beta * s0, float(n.features_frobenius) + beta * s0

            def open_(E0: float, mu=mu, a=a, F=F, F2=F2, b=beta, a0=a0) -> bool:  # type: ignore[no-untyped-def]  # the floats of this turn
                time = E0 / mu  # the integral of |e|
                q = (float(n.u) + F * time / (1 - a)) / (1 - a)
                recurrent = gamma * q * F / (1 - a) * time
                inputs = (q + float(n.v) + F2 * time) * X / root * time
                return gamma * recurrent < a - a0 and inputs * X / root < b * s0

            low, high = 0.0, 2.0**40
            for _ in range(200):
                middle = (low + high) / 2
                low, high = (middle, high) if open_(middle) else (low, middle)
            best = max(best, low)
    return best


def posterior() -> None:
    """The a-posteriori form closes up to the residual that a second program finds, and not beyond."""
    tiny = Enclosure(1e-9, 1e-9, Evidence.ENCLOSED, "")
    for n in NORMS:
        E0 = _threshold(n)
        for factor, closes in ((0.999, True), (1.001, False)):
            assert bool(bootstrap(replace(n, residual=arb(factor * E0)), tiny).relations) is closes


def kernel() -> None:
    """g at three angles by quadrature in polar coordinates, and its even Taylor coefficients from g itself."""
    for angle in (0.3, 1.2, 2.5):
        inner, _ = integrate.quad(lambda x, a=angle: math.cos(x) * math.cos(x - a), angle - math.pi / 2, math.pi / 2)
        with precision(96):
            assert float(arc_cosine(arb(angle).cos())) == pytest.approx(inner / math.pi, abs=1e-13)
    weights = arc_cosine_series(12, 400).coefficients[::2]
    for k in range(2, 6):  # the even part of g in t, less its terms up to k - 1, over t^(2k)
        with precision(400):
            t = arb("1e-9")
            even = (arc_cosine(t) + arc_cosine(-t)) / 2
            known = sum((weights[j] * t ** (2 * j) for j in range(k)), arb(0))
            assert float((even - known) / t ** (2 * k)) == pytest.approx(float(weights[k]), rel=1e-12)


GUARDS: dict[str, Guard] = {g.__name__: g for g in (width, exponent, limit, norm_limit, posterior, kernel)}


@pytest.mark.parametrize("name", GUARDS)
def test_the_constants_are_right(name: str) -> None:
    GUARDS[name]()


PLANTS = [
    (sufficient_width, "Fraction(136 * n * n)", "Fraction(34 * n * n)", "width"),
    (sufficient_width, "Fraction(136 * n * n)", "Fraction(136 * n * n, 100)", "width"),
    (deviation_at, "/ factor", "/ (4 * factor)", "exponent"),
    (limit_variance, "return banach(point,", "return arb('1.005') * banach(point,", "limit"),
    (limit_map, "square / 4", "square / 2", "limit"),
    (gaussian_norm, "(sample, 2.0,", "(sample, 1.95,", "norm_limit"),
    (_conditions, "length = residual / rate", "length = residual / 10 / rate", "posterior"),
    (_conditions, "gap = 1 - top", "gap = 1 - start", "posterior"),
    (arc_cosine_series, "(2 * k + 2)", "(2 * k + 3)", "kernel"),
    (arc_cosine, "turned * t", "turned * t * t", "kernel"),
]
NAMES = [f"{function.__qualname__}: {new}" for function, _, new, _ in PLANTS]


@pytest.mark.parametrize(("function", "old", "new", "guard"), PLANTS, ids=NAMES)
def test_a_wrong_constant_is_noticed(planted, function, old: str, new: str, guard: str) -> None:  # type: ignore[no-untyped-def]  # a fixture and functions of many types
    with planted(function, old, new), pytest.raises(AssertionError):
        GUARDS[guard]()

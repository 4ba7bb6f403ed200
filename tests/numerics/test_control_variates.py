"""A failure here means that a control variate has another mean, variance or limit than the tests that use it assume."""

from __future__ import annotations

import dataclasses
import math
from fractions import Fraction
from functools import cache

import numpy as np
import pytest
import scipy.special
import scipy.stats

from certigram.numerics.papers.deep_equilibrium.instance import EquilibriumInstance
from certigram.numerics.papers.deep_equilibrium.training.equilibrium import Differentiable
from certigram.numerics.papers.deep_equilibrium.training.sampled import (
    TangentSample,
    _shallow,
    _wide,
    tangent_limit,
    tangent_samples,
    tangent_test,
)
from certigram.numerics.papers.implicit_relu.checks.sampling import _limit_test, remainder_variance
from certigram.numerics.papers.implicit_relu.experiments import StateSample
from certigram.numerics.sampling.statistics import ErrorBudget, StatisticalTest, clopper_pearson
from certigram.numerics.studies.data import load
from certigram.numerics.studies.networks import instance
from certigram.numerics.studies.study import Study
from certigram.theory.verdict import Verdict


def settle(*tests: StatisticalTest) -> list[Verdict]:
    """The verdicts, as in a study of eighty tests."""
    padding = list(tests[:1]) * (80 - len(tests))
    return [outcome.verdict for outcome in ErrorBudget().settle([*tests, *padding])][: len(tests)]


# -- the implicit network: the squared features --------------------------------------------------


def second_moment(s: float) -> tuple[float, float]:
    """E D and E D² of D = sigma(sqrt(s) x + t)² - t², t = sigma(xi), by Gauss's rule; E over xi < 0 is closed."""
    x, weights = scipy.special.roots_legendre(400)
    y, by_y = 9 * math.sqrt(s) * x, 9 * weights * scipy.stats.norm.pdf(9 * x)
    t, by_t = 4.5 * (x + 1), 4.5 * weights * scipy.stats.norm.pdf(4.5 * (x + 1))
    d = np.maximum(y[:, None] + t, 0.0) ** 2 - t**2
    return float(by_y @ d @ by_t) + s / 4, float(by_y @ d**2 @ by_t) + 3 * s * s / 4


@pytest.mark.parametrize("s", [1e-4, 0.02, 0.15, 1.0])
def test_the_variance_beside_the_features_obeys_its_bound(s: float) -> None:
    """By quadrature: a bound, and not a wasteful one."""
    first, second = second_moment(s)
    assert second - first**2 <= remainder_variance(s) <= 1.6 * (second - first**2)
    assert remainder_variance(s) < 2 * s + 3.01 * s * s


def test_the_quadrature_is_that_of_a_sample() -> None:
    """Within five standard errors of two million draws."""
    x, xi = np.random.default_rng(2).standard_normal((2, 10**6))
    t = np.maximum(xi, 0.0)
    d = np.maximum(math.sqrt(0.02) * x + t, 0.0) ** 2 - t**2
    for found, expected in ((d, second_moment(0.02)[0]), (d * d, second_moment(0.02)[1])):
        assert abs(float(found.mean()) - expected) < 5 * float(found.std()) / 1000


GAMMA, WIDTH, NETWORKS = 0.2, 256, 60


@cache
def fixed_point(gamma: float) -> float:
    k = 0.5
    for _ in range(12):  # F contracts by less than 1/30
        k = 0.5 + second_moment(gamma * gamma * k)[0]
    return k


def drawn(seed: int, limit: float, *, inputs: int = 2, truth: float = 1.0) -> StateSample:
    """Networks drawn from the exact law, of a world whose |z|² is ``truth`` times what the theory says."""
    random = np.random.default_rng(seed)
    x, xi = random.standard_normal((2, NETWORKS, inputs, WIDTH))
    t = np.maximum(xi, 0.0)
    probes = truth * (np.maximum(GAMMA * math.sqrt(limit) * x + t, 0.0) ** 2).mean(axis=2)
    features = (t * t).mean(axis=2) - 0.5
    return StateSample(
        limit, {}, {WIDTH: probes}, {WIDTH: probes}, {WIDTH: features}, {WIDTH: np.full(probes.shape, 1e-11)}
    )


def test_a_true_limit_is_rejected_no_more_often_than_promised() -> None:
    """Three hundred studies of the exact law, at two levels; one of them is consistent."""
    limit = fixed_point(GAMMA)
    tests = [_limit_test(drawn(seed, limit), GAMMA, limit, "limit") for seed in range(300)]
    p = np.array([test.p_value for test in tests])
    for alpha in (0.05, 1e-3):
        assert clopper_pearson(int((p <= alpha).sum()), p.size, 0.99)[0] <= alpha
    assert settle(tests[0]) == [Verdict.CONSISTENT]


@pytest.mark.parametrize("wrong", [0.95, 0.97, 1.03, 1.1])
def test_a_false_limit_is_inconsistent(wrong: float) -> None:
    """Another limit against the true law, and the true limit against another law."""
    limit = fixed_point(GAMMA)
    tests = [
        _limit_test(drawn(1, limit), GAMMA, wrong * limit, "another limit"),
        _limit_test(drawn(1, limit, truth=wrong), GAMMA, limit, "another law"),
    ]
    assert settle(*tests) == [Verdict.INCONSISTENT] * 2


# -- the tangent Gram matrix: networks without feedback -----------------------------------------


ERF = Differentiable(
    "erf", scipy.special.erf, lambda x: 2 / math.sqrt(math.pi) * np.exp(-x * x), 2 / math.sqrt(math.pi)
)
X = np.random.default_rng(4).standard_normal((3, 5))


def shallow_limit(x: np.ndarray) -> np.ndarray:
    """K and the mean of the slopes of erf in closed form: 2/pi arcsin, 4/pi over a root (Williams 1997)."""
    c = 2 * x @ x.T / x.shape[1]
    scale = np.sqrt(np.multiply.outer(1 + 2 * np.diag(c), 1 + 2 * np.diag(c)))
    return 2 / np.pi * np.arcsin(2 * c / scale) * (1 + 4 / np.pi / np.sqrt(scale**2 - 4 * c * c))


def test_narrow_and_wide_networks_without_feedback_have_the_same_limit() -> None:
    """Their means over many draws, within five standard errors and the term of order 1/m."""
    expected, m = shallow_limit(X), 400
    wide = np.array([_wide(ERF, X, np.random.SeedSequence(r)) for r in range(200)])
    random = np.random.default_rng(8)
    narrow = []
    for _ in range(2000):
        inputs, readout = random.standard_normal((m, 5)) * math.sqrt(2 / 5), random.standard_normal(m) / math.sqrt(m)
        narrow.append(_shallow(ERF, inputs @ X.T, readout))
    for found, width in ((wide, 5120), (np.array(narrow), m)):
        error = found.std(axis=0) / math.sqrt(len(found))
        assert (np.abs(found.mean(axis=0) - expected) < 5 * error + 2 / width).all()
        assert error.max() < 0.01


@cache
def tangent(name: str, sigma_w2: str = "1/16", n: int = 40) -> tuple[TangentSample, np.ndarray]:
    study = Study(
        "tangent",
        ("deq-general",),
        (name,),
        load("digits", n),
        parameters={"deq-general": {"sigma_w2": Fraction(sigma_w2)}},
    )
    inst = instance("deq-general", name, study)
    assert isinstance(inst, EquilibriumInstance)
    return tangent_samples(inst), tangent_limit(inst)


def without(samples: TangentSample) -> TangentSample:
    """The control variate left out: its two halves are equal."""
    mean = samples.wide.mean(axis=0)
    return dataclasses.replace(
        samples, shallow=np.broadcast_to(mean, samples.shallow.shape), wide=np.broadcast_to(mean, samples.wide.shape)
    )


def test_the_control_variate_halves_the_interval_and_moves_it_little() -> None:
    samples, limit = tangent("gelu")
    plain, better = (tangent_test(s, limit, "limit").interval(1 - 1e-5) for s in (without(samples), samples))
    assert better[1] - better[0] < 0.65 * (plain[1] - plain[0])
    assert max(plain[0], better[0]) < min(plain[1], better[1])
    assert settle(tangent_test(samples, limit, "limit")) == [Verdict.CONSISTENT]


@pytest.mark.parametrize("factor", [0.87, 1.15])
def test_a_scaled_tangent_matrix_is_noticed(factor: float) -> None:
    """Of the limit it is unsupported, of the widths inconsistent."""
    samples, limit = tangent("gelu")
    of_limit = tangent_test(samples, factor * limit, "limit")
    of_widths = tangent_test(samples, factor * limit, "widths", of_limit=False)
    assert settle(of_limit, of_widths) == [Verdict.UNKNOWN, Verdict.INCONSISTENT]

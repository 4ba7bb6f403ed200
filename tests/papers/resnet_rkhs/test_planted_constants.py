"""Wrong constants planted in the formulas of residual networks: for each, something that does not use it must notice.

A failure of the first kind of test means that a constant is wrong; of the second, that a wrong one would go unseen.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from functools import cache, partial

import mpmath
import numpy as np
import pytest
from flint import arb
from scipy.integrate import quad

from certigram.numerics.balls.precision import precision
from certigram.numerics.checks.registry import find_check
from certigram.numerics.papers.resnet_rkhs.checks.trajectories import (
    at_zero,
    extremal_distances,
    extremal_lower,
    extremal_upper,
)
from certigram.numerics.papers.resnet_rkhs.features import (
    chernoff_failure,
    enough_at_one_configuration,
    enough_uniformly,
    uniform_failure,
)
from certigram.numerics.papers.resnet_rkhs.instance import ResNetInstance
from certigram.numerics.papers.resnet_rkhs.lazy import lazy_constants
from certigram.numerics.papers.resnet_rkhs.rates import Landscape
from certigram.numerics.papers.resnet_rkhs.recipe import Recipe, quiet_distance
from certigram.numerics.radial.bounds import gershgorin, spectral_density, wendland, wendland_constants
from certigram.numerics.radial.kernel import RadialKernel, radial_kernel
from certigram.numerics.studies.data import load
from certigram.numerics.studies.networks import instance
from certigram.numerics.studies.study import Study
from certigram.theory.errors import DerivationGap
from certigram.theory.verdict import Verdict

NAME = "resnet-rkhs"
KERNELS = ("gaussian", "matern-3/2", "matern-5/2")
Guard = Callable[[], None]


def model(kernel: str = "gaussian") -> ResNetInstance:
    """A fresh small instance, so that nothing computed with another constant is kept."""
    small = {"points": "3", "iterations": "3", "depth": "4", "features": "24"}
    values = {name: Fraction(value) for name, value in small.items()}
    found = instance(
        NAME, kernel, Study("constants", (NAME,), (), load("digits", 3), {NAME: values}, kernels=(kernel,))
    )
    assert isinstance(found, ResNetInstance)
    return found


def number(x: arb) -> mpmath.mpf:
    """The midpoint of a narrow ball for mpmath."""
    assert x.rel_accuracy_bits() > 45
    return mpmath.mpf(x.mid().str(40, radius=False))


def proved(method: str) -> None:
    """The check of a claim proves it on the small instance."""
    outcome = find_check(method)(model())
    assert outcome.verdict is Verdict.PROVED, outcome.reason


# -- the two inequalities and the distances: networks on which the bounds are nearly attained ----------


def lower_inequality() -> None:
    """Infinite depth, one input: a control whose norm grows in time and pulls has a gradient below 2 e^(-c) L."""
    for name in KERNELS[::2]:
        assert extremal_lower(radial_kernel(name, 2)).verdict is Verdict.PROVED


def upper_inequality() -> None:
    """A constant control that stretches has a gradient above 2 e^c L."""
    for name in KERNELS[::2]:
        assert extremal_upper(radial_kernel(name, 2)).verdict is Verdict.PROVED


def distances() -> None:
    """One layer contracts by 1 - c < e^(-c); sixteen stretch by (1 + c/16)^16."""
    for name in KERNELS:
        assert all(found.verdict is Verdict.PROVED for found in extremal_distances(radial_kernel(name, 2)))


def equality_at_zero() -> None:
    """At v = 0 both inequalities hold for the labels of the data; labels along eigenvectors attain both factors."""
    for side in ("lower", "upper"):
        found = at_zero(model(), side)
        assert len(found) == 3
        assert all(item.verdict is Verdict.PROVED for item in found)


def curvature() -> None:
    """At v = 0, L = 0 the Hessian has the largest eigenvalue Lambda/N: beta is attained."""
    proved("resnet-smoothness")


# -- Wendland's bound: from the lines of its proof -----------------------------------------------------


def wendland_proof() -> None:
    """The rings sum to exactly half of Psi(0) at M_q, and the constant is half of Psi(0) over 2^q."""
    with mpmath.workdps(40):
        for q in (1, 2, 3, 7):
            with precision(160):
                m, c = (number(x) for x in wendland_constants(q))
            ball = mpmath.pi ** (mpmath.mpf(q) / 2) / mpmath.gamma(mpmath.mpf(q) / 2 + 1)  # volume of the unit ball
            at_zero = ball * m**q / (2 * mpmath.pi) ** (mpmath.mpf(q) / 2)  # (2 pi)^(-q/2) int chi * chi / vol
            # Psi(x) = (2 pi)^(q/2) f(x)^2 / vol with f the inverse transform of chi, at most bessel/|x|^(q+1) in all
            bessel = mpmath.mpf(2) ** (q + 2) / mpmath.pi  # t J(t)^2 is at most this
            volume = ball * m**q
            largest = (2 * mpmath.pi) ** (mpmath.mpf(q) / 2) / volume * m ** (q - 1) * bessel
            rings = mpmath.nsum(lambda n: 3**q * n ** (q - 1) * largest / n ** (q + 1), [1, mpmath.inf])  # noqa: B023 - summed here
            assert abs(rings / (at_zero / 2) - 1) < 1e-15
            assert abs(c * 2**q / (at_zero / 2) - 1) < 1e-15


def fourier_inversion() -> None:
    """k(r) is recovered from its transform by quadrature: at 0 in dimension 1 to 4, and at r = 1 on the line."""
    for name in KERNELS:
        kernel = radial_kernel(name, "3/2")
        for q in (1, 2, 3, 4):
            sphere = 2 * math.pi ** (q / 2) / math.gamma(q / 2)
            total, _ = quad(lambda w, k=kernel, q=q: _density(k, q, w) * w ** (q - 1), 0, np.inf, epsabs=1e-10)
            assert sphere * total / (2 * math.pi) ** (q / 2) == pytest.approx(1, abs=1e-6)
        line, _ = quad(partial(_density, kernel, 1), 0, np.inf, weight="cos", wvar=1.0)
        assert math.sqrt(2 / math.pi) * line == pytest.approx(float(kernel.value(arb(1))), abs=1e-6)


def _density(kernel: RadialKernel, q: int, w: float) -> float:
    return float(spectral_density(kernel, q, arb(w) ** 2))


def equally_spaced_points() -> None:
    """On a long row of equidistant points the least eigenvalue is nearly known: both bounds lie below it."""
    kernel, gap, n = radial_kernel("matern-3/2", 1), 0.5, 60
    matrix = kernel.values((gap * (np.arange(n)[:, None] - np.arange(n)[None])) ** 2)
    least = float(np.linalg.eigvalsh(matrix)[0])
    with precision(96):
        assert 0 < wendland(kernel, 1, arb(gap)) < least
        assert gershgorin(kernel, n, arb(gap)) < least


# -- random features ------------------------------------------------------------------------------------


def covering() -> None:
    """The covering argument minimised over its radius by a program, in numbers: never above the bound, and near it."""
    kernel, diameter, tolerance, count = radial_kernel("gaussian", 2), 3, 0.25, 4000
    for q in (1, 3, 12, 65):
        log_r = np.linspace(-60, 60, 240001)
        hoeffding = np.log(2) + q * (np.log(4 * diameter) - log_r) - count * tolerance**2 / 8
        markov = 2 * (np.log(4 * np.sqrt(q / 4) / tolerance) + log_r)
        best = float(np.logaddexp(hoeffding, markov).min())
        with precision(96):
            bound = uniform_failure(kernel, q, arb(diameter), arb(tolerance), count)
            log_bound = float(bound.log())
        assert best <= log_bound <= best + np.log(2.0**9)


def uniform_count() -> None:
    """The number of frequencies is the one at which the bound of the failure is the failure that was asked for."""
    with precision(160):
        for name in KERNELS:
            kernel, least, failure = radial_kernel(name, 2), arb("0.003"), arb("0.01")
            count = enough_uniformly(kernel, 3, 8, arb(5), least, failure)
            small, large = int(float(count) * (1 - 1e-9)), int(float(count) * (1 + 1e-9)) + 1
            assert uniform_failure(kernel, 3, arb(5), least / 16, large) < failure
            assert uniform_failure(kernel, 3, arb(5), least / 16, small) > failure * arb("0.999")


def chernoff() -> None:
    """The matrix Laplace transform minimised over theta by a program gives the bound; 8N/lambda is enough for it."""
    with mpmath.workdps(30), precision(128):
        for n, least, count in ((5, 0.2, 300), (8, 0.01, 9000)):
            share = mpmath.mpf(least) / n  # lambda / L with L = N, for the mean of m terms

            def exponent(theta: mpmath.mpf, share: mpmath.mpf = share) -> mpmath.mpf:
                return theta * share / 2 - (1 - mpmath.exp(-theta)) * share

            best = min(exponent(mpmath.mpf(k) / 1000) for k in range(1, 3000))
            bound = number(chernoff_failure(n, arb(least), count).log()) - mpmath.log(n)
            assert abs(bound / (count * best) - 1) < 1e-5
            enough = int(float(enough_at_one_configuration(n, arb(least), arb("0.01")))) + 1
            assert chernoff_failure(n, arb(least), enough) <= arb("0.01")
            assert chernoff_failure(n, arb(least), int(0.8 * enough)) > arb("0.01")


def lazy() -> None:
    """mu from R: what Weyl's inequality leaves of the least singular value at the edge of the ball, and the check."""
    with mpmath.workdps(30), precision(128):
        least, kappa, n, loss = 0.7, 0.03, 6, 0.2
        for depth in (None, 9):
            radius, mu, path = (number(x) for x in lazy_constants(arb(least), arb(kappa), n, arb(loss), depth))
            reach = kappa * radius
            c = reach if depth is None else reach / (1 - reach / mpmath.sqrt(depth))
            left = (mpmath.sqrt(least) - mpmath.sqrt(n) * reach) ** 2
            assert abs(left / least - 0.25) < 1e-12
            assert abs(2 * mpmath.exp(-2 * c) * left / n / mu - 1) < 1e-12
            assert abs(path - 2 * mpmath.sqrt(loss / mu)) < 1e-12
    proved("resnet-lazy-regime")


def recipe() -> None:
    """The rate of the recipe is below the constant of its ball, and half the scale is not enough."""
    proved("resnet-made-flow")
    with precision(128):
        for name in KERNELS:
            unit = radial_kernel(name, 1)
            assert unit.value(quiet_distance(unit, 9) ** 2) <= arb(1) / 16


GUARDS: dict[str, Guard] = {
    guard.__name__: guard
    for guard in (lower_inequality, upper_inequality, distances, equality_at_zero, curvature, wendland_proof,
                  fourier_inversion, equally_spaced_points, covering, uniform_count, chernoff, lazy, recipe)
}  # fmt: skip


@pytest.mark.parametrize("name", GUARDS)
def test_the_constants_are_right(name: str) -> None:
    GUARDS[name]()


PLANTS = [
    (Landscape.lower, "-2 * self.compression", "-1 * self.compression", "lower_inequality"),
    (Landscape.lower, "return 2 *", "return 4 *", "equality_at_zero"),
    (Landscape.upper, "(2 * self.kappa1", "(1 * self.kappa1", "upper_inequality"),
    (Landscape.upper, "return 2 *", "return 1 *", "equality_at_zero"),
    (Landscape.smoothness, "return share * (2 * reach).exp()", "return share / 2 * (2 * reach).exp()", "curvature"),
    (Landscape.smoothness, "return share * (2 * reach).exp()", "return share / 10 * (2 * reach).exp()", "curvature"),
    (Landscape.compression, "return reach / (1 - reach / arb(self.depth).sqrt())", "return reach", "distances"),
    (wendland_constants, "return m, (m", "return m, 100 * (m", "wendland_proof"),
    (wendland_constants, "12 * (arb.pi()", "11 * (arb.pi()", "wendland_proof"),
    (spectral_density, "return scale**dimension *", "return 2 * scale**dimension *", "fourier_inversion"),
    (spectral_density, "return constant *", "return 2 * constant *", "fourier_inversion"),
    (enough_uniformly, "return 16 *", "return 4 *", "uniform_count"),
    (uniform_failure, "return 512 *", "return 128 *", "covering"),
    (uniform_failure, "(4 * (dimension + 2))", "(2 * (dimension + 2))", "covering"),
    (lazy_constants, "eigenvalue / (2 * count)", "2 * eigenvalue / count", "lazy"),
    (lazy_constants, "return reach / kappa1", "return 2 * reach / kappa1", "lazy"),
    (enough_at_one_configuration, "return 8 *", "return 6 *", "chernoff"),
    (chernoff_failure, "(arb(2).log() - 1) / 2", "(arb(2).log() - 1)", "chernoff"),
    (Recipe.mu.fget, "(-2 * self", "(-1 * self", "recipe"),
    (quiet_distance, "arb(1) / (2 *", "arb(1) / (1 *", "recipe"),
]  # fmt: skip


@cache
def _names() -> list[str]:
    return [f"{function.__qualname__}: {new}" for function, _, new, _ in PLANTS]


@pytest.mark.parametrize(("function", "old", "new", "guard"), PLANTS, ids=_names())
def test_a_wrong_constant_is_noticed(planted, function, old: str, new: str, guard: str) -> None:  # type: ignore[no-untyped-def]  # a fixture and functions of many types
    with planted(function, old, new), pytest.raises((AssertionError, DerivationGap)):
        GUARDS[guard]()

"""Kernels, their Gram matrices and bounds by separation.

A failure here means that a kernel value lies outside its radius, that a distance is not exact where it should be, or
that a published constant (Wendland's, or the table of least eigenvalues below) is no longer reproduced.
"""

from __future__ import annotations

from fractions import Fraction

import mpmath
import numpy as np
import pytest
from flint import arb
from hypothesis import given, settings
from hypothesis import strategies as st

from certigram.numerics.balls.ball import enclose
from certigram.numerics.balls.ends import outward
from certigram.numerics.balls.precision import precision
from certigram.numerics.eigenvalues.eigenvalue import least_eigenvalue
from certigram.numerics.papers.resnet_rkhs.checks.kernel import taylor_constants
from certigram.numerics.papers.resnet_rkhs.dot_product import DotProductInstance
from certigram.numerics.radial.bounds import gershgorin, wendland, wendland_constants
from certigram.numerics.radial.distances import (
    exact_squared_distance,
    largest_squared_distance,
    separation,
    squared_distances,
)
from certigram.numerics.radial.elementary import EXP_ERROR, TRIG_ERROR, cos_sin, exp_minus
from certigram.numerics.radial.gram import gram_radius, largest_eigenvalue, radial_gram, radial_gram_arb
from certigram.numerics.radial.kernel import NAMES, radial_kernel
from certigram.numerics.studies.data import load
from certigram.numerics.studies.networks import instance
from certigram.numerics.studies.study import Study
from certigram.theory.errors import PrecisionExhausted, SpecError


def eight_points(q: int) -> np.ndarray:
    """The eight points x^i_j = cos(1 + (3 i^2 + i)(j + 1) 0.37) + 0.3 i/8 of the table."""
    return np.array([[np.cos(1 + (3 * i * i + i) * (j + 1) * 0.37) + 0.3 * i / 8 for j in range(q)] for i in range(8)])


TABLE = [
    (2, "gaussian", "0.25", "3.312866e-2", None),
    (2, "gaussian", "0.5", "3.490619e-3", None),
    (2, "gaussian", "1", "1.152359e-4", None),
    (2, "matern-5/2", "0.25", "5.729042e-2", "1.665e-10"),
    (2, "matern-5/2", "0.5", "1.092829e-2", "5.209e-12"),
    (2, "matern-5/2", "1", "1.278081e-3", "1.628e-13"),
    (3, "gaussian", "0.5", "8.103165e-3", None),
    (3, "matern-5/2", "0.5", "1.522855e-2", "5.608e-13"),
]
"""Dimension, kernel, scale, least eigenvalue, Wendland's bound (None: below 1e-300). Own computation in float64."""


def agrees(low: float, high: float, digits: str) -> bool:
    """Whether an enclosure rounds to the printed digits: it meets the interval of half a unit of the last one."""
    value = Fraction(digits)
    mantissa = digits.partition("e")[0]
    unit = Fraction(f"1e{digits.partition('e')[2] or 0}") / 10 ** len(mantissa.partition(".")[2])
    return Fraction(low) <= value + unit * Fraction(11, 20) and value - unit * Fraction(11, 20) <= Fraction(high)


@pytest.mark.parametrize(("q", "name", "scale", "eigenvalue", "bound"), TABLE)
def test_table_of_least_eigenvalues(q: int, name: str, scale: str, eigenvalue: str, bound: str | None) -> None:
    """Printed digits of the least eigenvalue and of Wendland's bound, which lies below it."""
    kernel, points = radial_kernel(name, scale), eight_points(q)
    found = least_eigenvalue(
        radial_gram(kernel, points), refine=lambda bits: radial_gram_arb(kernel, points, bits), known_psd=True
    )
    assert found.relative_width < 1e-6
    assert agrees(found.lower, found.upper, eigenvalue)
    with precision(128):
        w = wendland(kernel, q, enclose(separation(points).squared).sqrt())
        assert w > 0
        low, high = outward(w)
    assert high < found.lower
    assert high < 1e-300 if bound is None else agrees(low, high, bound)


def test_wendland_constants() -> None:
    """M_q and C_q in dimensions two and three, and M_q <= 6.38 q."""
    with precision(128):
        for q, m, c in ((2, "8.4492", "4.4618"), (3, "10.6347", "19.9930")):
            found_m, found_c = wendland_constants(q)
            assert abs(found_m - arb(m)) < arb("5e-5")
            assert abs(found_c - arb(c)) < arb("5e-5")
        assert all(wendland_constants(q)[0] < arb("6.38") * q for q in range(2, 100))


def test_wendland_scales_like_the_separation() -> None:
    """Doubling the scale of Matern 5/2 at small separation divides the bound by about 2^5."""
    with precision(128):
        delta = enclose(separation(eight_points(2)).squared).sqrt()
        ratio = wendland(radial_kernel("matern-5/2", "1/4"), 2, delta) / wendland(
            radial_kernel("matern-5/2", "1/2"), 2, delta
        )
        assert abs(ratio - arb("31.97")) < arb("0.01")


@pytest.mark.parametrize("dimension", range(1, 9))
@pytest.mark.parametrize("name", ["gaussian", "matern-3/2", "matern-5/2"])
def test_wendland_is_a_lower_bound(name: str, dimension: int) -> None:
    """On random points in several dimensions the bound never exceeds the proved eigenvalue."""
    rng = np.random.default_rng(dimension)
    points = rng.standard_normal((7, dimension))
    kernel = radial_kernel(name, "3/4")
    found = least_eigenvalue(
        radial_gram(kernel, points), refine=lambda bits: radial_gram_arb(kernel, points, bits), known_psd=True
    )
    with precision(128):
        delta = enclose(separation(points).squared).sqrt()
        assert wendland(kernel, dimension, delta) < arb(found.lower)
        assert gershgorin(kernel, 7, delta) < arb(found.upper)


@pytest.mark.parametrize("name", NAMES)
def test_admissibility_constants_by_taylor(name: str) -> None:
    """The closed formulas in nu against the Taylor series of the kernel."""
    kernel = radial_kernel(name, "2/3")
    assert taylor_constants(kernel) == (kernel.kappa1_squared, kernel.kappa2_squared)


@pytest.mark.parametrize("name", NAMES)
def test_matern_against_bessel(name: str) -> None:
    """The polynomial form against mpmath's modified Bessel function, and the float values against their bound."""
    kernel = radial_kernel(name, "5/7")
    u = np.concatenate([np.geomspace(1e-30, 30.0, 60), [0.0]])
    values, slopes = kernel.values(u), kernel.slopes(u)
    mpmath.mp.dps = 40
    for x, value, slope in zip(u.tolist(), values.tolist(), slopes.tolist(), strict=True):
        with precision(160):
            exact, gradient = kernel.value(arb(x)), kernel.slope(arb(x))
            assert abs(exact - arb(value)) <= arb(kernel.value_error)
            assert abs(gradient - arb(slope)) <= arb(kernel.slope_error)
        if kernel.nu is not None and x > 1e-12:
            nu = mpmath.mpf(kernel.nu.numerator) / kernel.nu.denominator
            t = mpmath.sqrt(2 * nu * mpmath.mpf(x)) * 7 / 5
            wanted = 2 ** (1 - nu) / mpmath.gamma(nu) * t**nu * mpmath.besselk(nu, t)
            assert abs(float(exact) - float(wanted)) < 1e-14


@settings(deadline=None, max_examples=60)
@given(st.floats(0, 800), st.floats(-(2.0**20), 2.0**20))
def test_elementary_functions_keep_their_errors(x: float, theta: float) -> None:
    """exp(-x), cos and sin against mpmath at 60 digits."""
    mpmath.mp.dps = 60
    e = mpmath.mpf(float(exp_minus(np.array([x]))[0]))
    wanted = mpmath.exp(-mpmath.mpf(x))
    assert abs(e - wanted) <= mpmath.mpf(EXP_ERROR) * wanted + mpmath.mpf(2) ** -1000
    c, s = cos_sin(np.array([theta]))
    assert abs(mpmath.mpf(float(c[0])) - mpmath.cos(mpmath.mpf(theta))) <= TRIG_ERROR
    assert abs(mpmath.mpf(float(s[0])) - mpmath.sin(mpmath.mpf(theta))) <= TRIG_ERROR


def test_elementary_functions_refuse() -> None:
    """NaN, negative exponents and angles beyond the reduction are refused, not answered."""
    for bad in (np.nan, -1.0):
        with pytest.raises(SpecError):
            exp_minus(np.array([bad]))
    with pytest.raises(SpecError):
        cos_sin(np.array([np.nan]))
    with pytest.raises(PrecisionExhausted):
        cos_sin(np.array([2.0**21]))


def test_distances_and_separation_are_exact() -> None:
    """Points of very different size: the relative bound holds, and the least distance is the exact one."""
    rng = np.random.default_rng(3)
    points = rng.standard_normal((12, 5)) * np.geomspace(1e-8, 1e8, 12)[:, None]
    points[7] = points[2] * (1 + 2.0**-45)
    u = squared_distances(points, points)
    best = min(exact_squared_distance(points, i, j) for i in range(12) for j in range(i))
    assert separation(points).squared == best
    for i in range(12):
        for j in range(i):
            exact = exact_squared_distance(points, i, j)
            assert abs(Fraction(float(u[i, j])) - exact) <= exact * Fraction(8, 2**53)


def test_separation_looks_at_every_tie() -> None:
    """One pair of 24 unit vectors is nearer by 2^-43: it is the last one that floats cannot tell from the others."""
    x = np.eye(24)
    x[22, 23] = 2.0**-44
    found = separation(x)
    assert found.pair == (22, 23)
    assert found.squared == min(exact_squared_distance(x, i, j) for i in range(24) for j in range(i))


def test_equal_points_have_separation_zero() -> None:
    """A repeated row is found exactly."""
    points = np.vstack([eight_points(3), eight_points(3)[4:5]])
    assert separation(points).squared == 0
    assert separation(points).pair == (4, 8)


@pytest.mark.parametrize("name", ["gaussian", "matern-3/2", "matern-7/2"])
def test_the_gram_matrix_keeps_its_radius(name: str) -> None:
    """Every float64 entry is within the radius of its ball."""
    rng = np.random.default_rng(4)
    points = rng.standard_normal((9, 40)) * 3
    kernel = radial_kernel(name, "4")
    quick, slow = radial_gram(kernel, points), radial_gram_arb(kernel, points, 160)
    assert quick.rad == gram_radius(kernel, 40)
    assert slow.arb is not None
    with precision(160):
        for i in range(9):
            for j in range(9):
                assert abs(arb(float(quick.mid[i, j])) - slow.arb[i, j]) <= arb(float(np.max(quick.rad)))


def test_largest_eigenvalue_of_the_table() -> None:
    """The largest eigenvalue of the eight points with the Gaussian kernel of scale 1/2 is 3.381328."""
    found = largest_eigenvalue(radial_gram(radial_kernel("gaussian", "1/2"), eight_points(2)))
    assert agrees(found.lower, found.upper, "3.381328")
    assert found.upper - found.lower < 1e-9


@pytest.mark.parametrize("bad", ["0", "-1", "1e-40"])
def test_scales_are_checked(bad: str) -> None:
    """Scales that leave the range of the error analysis are refused."""
    with pytest.raises(SpecError):
        radial_kernel("gaussian", bad)


def test_dual_kernel_of_erf_is_the_arcsine_kernel() -> None:
    """E erf(w z) erf(w z') = (2/pi) asin(2 v rho / (1 + 2 v)) with v = alpha^2 d/s^2, entry by entry."""
    data = load("digits", 5)
    parameters = {"scale": Fraction(5), "embedding": Fraction(2)}
    study = Study("dual", ("resnet-rkhs",), (), data, {"resnet-rkhs": parameters}, kernels=("dual(erf)",))
    inst = instance("resnet-rkhs", "dual(erf)", study)
    assert isinstance(inst, DotProductInstance)
    v = Fraction(4 * 64, 25)
    assert inst.variance == v
    matrix = inst.refine(128)
    with precision(128):
        rho = inst.inputs.cosines.arb(128)
        for i in range(5):
            for j in range(i + 1):
                wanted = 2 / arb.pi() * (2 * enclose(v) * rho[i, j] / (1 + 2 * enclose(v))).asin()
                assert matrix.arb is not None
                assert matrix.arb[i, j].overlaps(wanted)
                assert abs(arb(float(inst.gram.mid[i, j])) - wanted) <= arb(inst.gram.radius(i, j))


@pytest.mark.parametrize("n", [1, 2, 5, 12])
def test_the_largest_distance_is_that_of_all_pairs(n: int) -> None:
    """Candidates by float64 distances lose no pair, whatever the scale, also where pairs tie."""
    rng = np.random.default_rng(n)
    for scale in (1e-5, 1.0, 1e5):
        points = scale * rng.standard_normal((n, 3))
        points[1:3] = -points[:2][: len(points[1:3])]
        pairs = (exact_squared_distance(points, i, j) for i in range(n) for j in range(i))
        assert largest_squared_distance(points) == max(pairs, default=0)

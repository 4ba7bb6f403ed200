"""A failure here means that the equilibrium kernel, its variance or one entry of it does not solve its equation."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import pytest
from flint import arb, arb_series

from certigram.numerics.balls.ball import Ball, enclose, exact
from certigram.numerics.balls.precision import precision
from certigram.numerics.expressions.lowering import lower_arb
from certigram.numerics.hermite import hermite_transform
from certigram.numerics.kernels.order import choose_order
from certigram.numerics.papers.deep_equilibrium.population.kernel import EquilibriumKernel, equilibrium_kernel
from certigram.numerics.papers.deep_equilibrium.population.pair import PairFixedPoint, equilibrium_pair
from certigram.numerics.papers.deep_equilibrium.population.variance import a_priori_bound, variance_fixed_point
from certigram.theory.activations.activation import activation

NAMES = ["tanh", "erf", "sigmoid", "gelu", "sin", "softplus", "relu"]


def lipschitz(name: str, bits: int = 128) -> arb:
    with precision(bits + 64):
        return lower_arb(activation(name).lipschitz)(arb(0))


def kernel(
    name: str, sigma_w2: Fraction, order: int, bits: int, input_variance: Fraction = Fraction(2)
) -> EquilibriumKernel:
    return equilibrium_kernel(
        activation(name), sigma_w2, order, bits, lipschitz=lipschitz(name, bits), input_variance=input_variance
    )


@pytest.mark.parametrize("sigma_w2", [Fraction(1, 16), Fraction(3, 10)])
@pytest.mark.parametrize("name", NAMES)
def test_the_series_solves_the_formal_equation(name: str, sigma_w2: Fraction) -> None:
    """s p(c) − w κ(p(c)) − v c = 0 coefficient by coefficient, by composition instead of reversion."""
    order, bits = 24, 100
    k = kernel(name, sigma_w2, order, bits)
    with precision(160):
        s, w, p = k.fixed_point.s, 2 * enclose(sigma_w2), k.correlation.coefficients
        local = arb_series(list(k.dual_series.recentre(p[0], order)), prec=order + 1)
        composed = local(arb_series([arb(0), *p[1:]], prec=order + 1))
        for r in range(order + 1):
            residual = s * p[r] - w * composed[r] - (2 if r == 1 else 0)
            assert residual.contains(0), r
            assert residual.rad() < 1e-15
            assert k.series.coefficients[r].overlaps(composed[r])


@pytest.mark.parametrize("name", NAMES)
def test_series_and_fixed_point_iteration_agree(name: str) -> None:
    """F(c) and rho(c) against the plain iteration rho <- (w κ(rho) + 2c)/s, whose limit Banach encloses."""
    k = kernel(name, Fraction(1, 8), 80, 80)
    with precision(96):
        s, w, kappa = k.fixed_point.s, arb("0.25"), k.dual_series
        for c in (Fraction(-3, 5), Fraction(-1, 10), Fraction(0), Fraction(1, 3), Fraction(1, 2)):
            point = arb(0)
            for _ in range(60):
                point = ((w * kappa(point) + 2 * enclose(c)) / s).mid()
            gap = abs((w * kappa(point) + 2 * enclose(c)) / s - point) / (1 - 2 * lipschitz(name) ** 2 / 8)
            assert k.correlation(enclose(c)).overlaps(point + arb(0, gap.upper()))
            assert k.correlation(enclose(c)).rad() < 1e-15
            assert k.series(enclose(c)).overlaps(kappa(point + arb(0, gap.upper())))


@pytest.mark.parametrize("name", NAMES)
def test_proved_inequalities_hold(name: str) -> None:
    k = kernel(name, Fraction(1, 16), 40, 90)
    with precision(120):
        ratio = 2 / k.fixed_point.s
        for r, (b, mu) in enumerate(zip(k.series.coefficients, k.hermite.coefficients, strict=False)):
            assert not b < mu**2 * ratio**r
            assert not b < 0
        assert k.series(arb(1)).overlaps(k.fixed_point.q)
        assert k.correlation(arb(1)).contains(1)
        assert k.series.tail.upper() < 0.1
        at_zero = lower_arb(activation(name).expression)(arb(0))
        bound = a_priori_bound(at_zero, lipschitz(name), Fraction(1, 16), input_variance=arb(2))
        assert k.fixed_point.q.sqrt() <= bound


@pytest.mark.parametrize("name", ["tanh", "erf", "sin", "atan"])
def test_odd_activations_have_odd_kernels_exactly(name: str) -> None:
    k = kernel(name, Fraction(1, 16), 33, 64)
    for r in range(0, 34, 2):
        assert k.series.coefficients[r].is_zero()
        assert k.correlation.coefficients[r].is_zero()
    assert k.series.coefficients[33] > 0
    assert len(k.hermite.coefficients) == 34


@pytest.mark.parametrize("name", ["gelu", "sigmoid"])
def test_feedback_creates_the_missing_orders(name: str) -> None:
    """Hermite coefficients of gelu vanish at odd orders from 3 on, those of sigmoid at even ones from 2 on; not k_r."""
    k = kernel(name, Fraction(1, 16), 8, 64)
    missing = (3, 5, 7) if name == "gelu" else (2, 4, 6)
    for r in missing:
        assert k.hermite.coefficients[r].contains(0)
        assert k.series.coefficients[r] > 0


@pytest.mark.parametrize("name", NAMES)
def test_without_feedback_the_coefficients_are_squared_hermite_coefficients(name: str) -> None:
    k = kernel(name, Fraction(0), 12, 80)
    plain = hermite_transform(activation(name), 12, Fraction(2), 80)
    for b, mu in zip(k.series.coefficients, plain.coefficients, strict=False):
        assert b.overlaps(mu**2)
    assert k.fixed_point.s.contains(2)
    assert [str(p) for p in k.correlation.coefficients[:3]] == ["0", "1.00000000000000", "0"]


def test_identity_is_linear() -> None:
    """φ(x) = x: F(c) = 2c/(1 − 2 sigma_w²) and nothing else."""
    k = kernel("identity", Fraction(1, 5), 6, 100)
    assert Ball(k.series.coefficients[1]).contains("10/3")
    assert k.series.coefficients[1].rad() < 1e-28
    assert all(k.series.coefficients[r].contains(0) for r in (0, 2, 3, 4, 5, 6))
    assert k.series.tail.upper() < 1e-25


def test_relu_is_homogeneous() -> None:
    """Inputs scaled by √(3/2) scale the kernel by 3/2."""
    two, three = kernel("relu", Fraction(1, 16), 20, 80), kernel("relu", Fraction(1, 16), 20, 80, Fraction(3))
    with precision(100):
        for a, b in zip(two.series.coefficients, three.series.coefficients, strict=True):
            assert (a * 3 / 2).overlaps(b)
    assert Ball(three.fixed_point.q).contains("24/15")


@pytest.mark.parametrize(
    ("name", "sigma_w2"),
    [
        ("tanh", Fraction(499, 1000)),
        ("tanh", Fraction(1, 10**12)),
        ("sigmoid", Fraction(7)),
        ("relu", Fraction(49, 100)),
        ("gelu", Fraction(38, 100)),
    ],
)
def test_the_ends_of_the_range(name: str, sigma_w2: Fraction) -> None:
    k = kernel(name, sigma_w2, 20, 64)
    with precision(100):
        s, w = k.fixed_point.s, 2 * enclose(sigma_w2)
        assert s.overlaps(2 + w * k.fixed_point.q)
        assert max(b.rad() for b in k.series.coefficients) < arb((1, -62)) * (1 + k.series.mass)
        again = kernel(name, sigma_w2, 12, 90)
        for a, b in zip(k.series.coefficients, again.series.coefficients, strict=False):
            assert a.overlaps(b)


@pytest.mark.parametrize("bits", [53, 128, 333])
@pytest.mark.parametrize("name", NAMES)
def test_variance_fixed_point_is_tight_and_cheap(name: str, bits: int) -> None:
    point = variance_fixed_point(activation(name), Fraction(1, 16), bits, lipschitz=lipschitz(name, bits))
    assert exact(point.q.rad()) <= Fraction(64, 2**bits)
    assert point.evaluations <= 20


def test_variance_of_erf_against_mpmath() -> None:
    """erf has q = (2/π) arcsin(2s/(1 + 2s)); mpmath iterates it at 50 digits."""
    for v in (Fraction(1, 100), Fraction(2), Fraction(50)):
        with mpmath.workdps(50):
            s = mpmath.mpf(v.numerator) / v.denominator
            start = s
            for _ in range(200):
                s = start + mpmath.mpf(2) / 10 * 2 / mpmath.pi * mpmath.asin(2 * s / (1 + 2 * s))
            text = mpmath.nstr(s, 45)
        point = variance_fixed_point(
            activation("erf"), Fraction(1, 10), 128, lipschitz=lipschitz("erf"), input_variance=v
        )
        assert abs(exact(point.s.mid()) - Fraction(text)) < Fraction(1, 10**36)
        assert point.s.rad() < 1e-34


def pair(name: str, c_ii: Fraction, c_jj: Fraction, c_ij: Fraction, *, closed: bool = False) -> PairFixedPoint:
    sigma_w2, bits = Fraction(1, 10), 100
    phi, steep = activation(name), lipschitz(name)
    transforms = [
        hermite_transform(
            phi,
            150,
            variance_fixed_point(phi, sigma_w2, bits, lipschitz=steep, input_variance=2 * c).s,
            bits,
        )
        for c in (c_ii, c_jj)
    ]
    dual = erf_dual if closed else None
    return equilibrium_pair(phi, *transforms, sigma_w2, c_ij, bits, lipschitz=steep, dual=dual)


def erf_dual(a: arb, b: arb, c: arb) -> arb:
    return 2 / arb.pi() * (2 * c / ((1 + 2 * a) * (1 + 2 * b)).sqrt()).asin()


UNEQUAL = [(Fraction(1), Fraction(3), Fraction(1, 2)), (Fraction(1, 2), Fraction(2), Fraction(-4, 5))]
PARALLEL = [(Fraction(1), Fraction(4), Fraction(2)), (Fraction(1), Fraction(4), Fraction(-2)), (Fraction(1),) * 3]


@pytest.mark.parametrize("data", [*UNEQUAL, *PARALLEL])
def test_unequal_norms_against_mpmath(data: tuple[Fraction, Fraction, Fraction]) -> None:
    """erf: variances and correlation by plain iteration of closed forms at 40 digits."""
    with mpmath.workdps(40):
        w = mpmath.mpf(1) / 5

        def iterate(twice_c: mpmath.mpf) -> mpmath.mpf:
            s = twice_c
            for _ in range(150):
                s = twice_c + w * 2 / mpmath.pi * mpmath.asin(2 * s / (1 + 2 * s))
            return s

        a, b = (iterate(2 * mpmath.mpf(c.numerator) / c.denominator) for c in data[:2])
        c = start = 2 * mpmath.mpf(data[2].numerator) / data[2].denominator
        for _ in range(150):
            value = 2 / mpmath.pi * mpmath.asin(2 * c / mpmath.sqrt((1 + 2 * a) * (1 + 2 * b)))
            c = start + w * value
        rho, value_text = mpmath.nstr(c / mpmath.sqrt(a * b), 35), mpmath.nstr(value, 35)
    for closed in (False, True):
        found = pair("erf", *data, closed=closed)
        assert found.value.overlaps(arb(value_text, "1e-30"))
        assert found.rho.overlaps(arb(rho, "1e-30"))
        if closed or abs(Fraction(rho)) < Fraction(9, 10):
            assert found.rho.rad() < 1e-19
            assert found.value.rad() < 1e-19


def test_parallel_inputs() -> None:
    """ReLU keeps ρ = 1 on the ray; tanh does not when the norms differ; an odd activation is odd in c."""
    relu = pair("relu", *PARALLEL[0])
    assert relu.rho.contains(1)
    assert relu.rho.upper() <= 1 + 1e-9
    tanh = pair("tanh", *PARALLEL[0])
    assert 0.9 < tanh.rho < 1
    opposite = pair("tanh", *PARALLEL[1])
    assert opposite.rho.overlaps(-tanh.rho)
    assert opposite.value.overlaps(-tanh.value)


def test_pairs_of_equal_norm_are_the_kernel() -> None:
    k = kernel("gelu", Fraction(1, 10), 150, 100)
    found = pair("gelu", Fraction(1), Fraction(1), Fraction(2, 5))
    with precision(110):
        assert found.value.overlaps(k.series(enclose("2/5")))
        assert found.rho.overlaps(k.correlation(enclose("2/5")))


def test_choose_order() -> None:
    def build(order: int):
        return kernel("tanh", Fraction(1, 16), order, 64).series

    delta, target = arb("0.85"), arb("1e-16")
    order = choose_order(build, delta, target)
    assert delta ** (order + 1) * build(order).tail <= target
    assert not delta ** (order - 1) * build(order - 2).tail <= target
    assert choose_order(build, arb(1), target, max_terms=64) == 64

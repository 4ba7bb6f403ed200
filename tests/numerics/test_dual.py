"""A failure here means that an enclosure of E phi(u) psi(v) misses it, is too wide, or fails on a degenerate law."""

from fractions import Fraction as F

import pytest
import sympy
from flint import arb, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from certigram.numerics.balls.ball import Ball
from certigram.numerics.balls.precision import precision
from certigram.numerics.dual import covariance, dual, dual_expression, evaluate, lattice, rotated
from certigram.numerics.dual.grid import Side
from certigram.numerics.dual.series import series_value
from certigram.numerics.expressions.lowering import lower_arb
from certigram.numerics.hermite.strip import strip
from certigram.theory.activations.activation import activation
from certigram.theory.activations.functions import X
from certigram.theory.errors import SpecError

# own 2-d quadrature at a = 13/10, b = 7/10, c = -2/5, docs/theory/dual-activations.md, section 8
ORACLES = {
    "gelu": "-0.011939323265004281425538766985199",
    "erf": "-0.17547965609182181051256667766729",
    "sin": "-0.1511073360762099778442988386994",
    "cos": "0.39770430001781645478416007853317",
    "exp": "1.8221188003905089748753676681629",
    "relu": "0.065378091518942334957693485095414",
    "step": "0.18113533084126419355034534870707",
    "sign": "-0.27545867663494322579861860517172",
    "abs": "0.66151236607576933983077394038166",
    "exp(-x**2)": "0.35355339059327376220042218105242",
    "2*exp(-x**2)/sqrt(pi)": "0.45015815807855303477759959550337",
    "tanh": "-0.15091976410914172513",
    "sigmoid": "0.23279472427699458558",
    "softplus": "0.55106998658919759058",
}
# own 2-d trapezoid rule in mpmath at 34 digits, 12 shown: (activation, a, b, c, value)
TRUTHS = [
    ("tanh", "1", "1", "0.5", "0.186324413203"),
    ("tanh", "1", "1", "0.99", "0.389665301326"),
    ("tanh", "1", "1", "1", "0.394294490397"),
    ("tanh", "1", "1", "-0.9", "-0.34920335058"),
    ("tanh", "0.1", "2", "0.3", "0.133054779530"),
    ("tanh", "4", "4", "3", "0.432115985545"),
    ("tanh", "25", "25", "20", "0.564357033441"),
    ("tanh", "0.001", "0.001", "0.0005", "0.000499002575"),
    ("sigmoid", "1", "1", "0.5", "0.271428325631"),
    ("sigmoid", "1", "1", "0.99", "0.292930909377"),
    ("sigmoid", "1", "1", "1", "0.293379035858"),
    ("sigmoid", "1", "1", "-0.9", "0.211081987739"),
    ("sigmoid", "0.1", "2", "0.3", "0.263314905088"),
    ("sigmoid", "4", "4", "3", "0.321385923093"),
    ("sigmoid", "25", "25", "20", "0.375740374619"),
    ("sigmoid", "0.001", "0.001", "0.0005", "0.250031234385"),
    ("relu", "1", "1", "0.5", "0.304498890522"),
    ("relu", "1", "1", "0.99", "0.495150127866"),
    ("relu", "1", "1", "1", "0.5"),
    ("relu", "1", "1", "-0.9", "0.004769199422"),
    ("relu", "0.1", "2", "0.3", "0.162894401944"),
    ("relu", "4", "4", "3", "1.576004215103"),
    ("relu", "25", "25", "20", "10.33899649938"),
    ("relu", "0.001", "0.001", "0.0005", "0.000304498890"),
]


def shown(digits: str) -> arb:
    """All numbers that print as these digits: within one unit of the last place, rounded or cut."""
    unit = F(1, 10 ** len(digits.partition(".")[2]))
    with precision(200):
        return enclosure(F(digits)) + arb(0, 1) * enclosure(unit)


def enclosure(q: F) -> arb:
    return arb(fmpq(q.numerator, q.denominator))


def of(name: str, a: str, b: str, c: str, bits: int, other: str | None = None) -> arb:
    second = None if other is None else activation(other)
    return dual(activation(name), F(a), F(b), F(c), bits, other=second)


@pytest.mark.parametrize("bits", [53, 128, 333])
@pytest.mark.parametrize("name", ORACLES)
def test_reference_values_lie_inside(name: str, bits: int) -> None:
    value = of(name, "13/10", "7/10", "-2/5", bits)
    assert value.overlaps(shown(ORACLES[name]))
    assert value.rad() <= {53: 1e-15, 128: 1e-36, 333: 1e-98}[bits]


@pytest.mark.parametrize("bits", [53, 128])
@pytest.mark.parametrize("case", TRUTHS, ids=lambda case: "-".join(case[:4]))
def test_tabulated_values_lie_inside(case: tuple[str, ...], bits: int) -> None:
    *arguments, digits = case
    value = of(*arguments, bits)
    assert value.overlaps(shown(digits))
    assert value.rad() <= {53: 2e-14, 128: 1e-36}[bits]


@pytest.mark.parametrize("name", ["tanh", "softplus", "gelu", "relu", "step", "elu", "sign"])
def test_zero_variances_and_independence(name: str) -> None:
    phi = activation(name)
    at_zero = {"softplus": arb(2).log(), "step": arb(0.5)}.get(name, arb(0))
    with precision(128):
        mean = dual(phi, F(2), F(0), F(0), 100, other=activation("cos"))
        assert dual(phi, F(0), F(0), F(0), 100).overlaps(at_zero**2)
        assert dual(phi, F(0), F(2), F(0), 100).overlaps(at_zero * mean)
        other = dual(activation("cos"), F(0), F(3), F(0), 100, other=phi)
        assert dual(phi, F(2), F(3), F(0), 100).overlaps(mean * other)


@pytest.mark.parametrize("name", ["tanh", "softplus", "elu", "relu", "Max(Min(x,1),-1)", "gelu", "erf"])
@pytest.mark.parametrize("sign", [1, -1])
def test_degenerate_law_is_a_one_dimensional_mean(name: str, sign: int) -> None:
    """c^2 = ab: v = (c/a) u, here with kinks at different places of u and v."""
    phi = activation(name)
    value = dual(phi, F(1), F(9, 4), F(3 * sign, 2), 100)
    direct = evaluate.gaussian_mean(phi.expression * phi.expression.subs(X, sympy.Rational(3 * sign, 2) * X), F(1), 100)
    assert value.overlaps(direct)
    assert value.rad() < 1e-28
    near = dual(phi, F(1), F(9, 4), F(3 * sign, 2) * (1 - F(1, 10**6)), 64)
    assert abs(near - value) < 1e-4


def test_odd_functions_at_antipodes_cancel_exactly() -> None:
    one, other = of("tanh", "2", "2", "2", 128), of("tanh", "2", "2", "-2", 128)
    assert (one + other).contains(0)
    assert (one + other).rad() < 1e-36


@pytest.mark.parametrize("name", ["tanh", "softplus", "sin(x)*tanh(x)"])
@pytest.mark.parametrize("law", [("1", "1", "1/2"), ("3/2", "1/2", "-7/10"), ("2", "1/3", "0.81")])
def test_the_three_methods_agree(name: str, law: tuple[str, str, str]) -> None:
    phi, cov, bits = activation(name), covariance(*(F(x) for x in law)), 100
    sides = [Side(strip(phi.expression), lower_arb(phi.expression), 0.5) for _ in range(2)]
    even = phi.parity is not None
    first, second = lattice.plan(*sides, cov, bits), rotated.plan(*sides, cov, bits)
    assert first is not None
    assert second is not None
    values = [
        lattice.lattice_sum(*sides, cov, first, bits, even=even),
        lattice.lattice_sum(*sides, cov, first, bits, even=False),
        rotated.rotated_sum(*sides, cov, second, bits, even=even, same=False),
        rotated.rotated_sum(*sides, cov, second, bits, even=False, same=False),
        series_value(phi, phi, cov, bits, 1024),
    ]
    assert all(v.rad() < 1e-28 for v in values)
    assert all(v.overlaps(w) for v in values for w in values)


def test_the_symmetric_shortcut_of_the_rotated_rule() -> None:
    phi, cov = activation("silu"), covariance(F(2), F(2), F(19, 10))
    side = Side(strip(phi.expression), lower_arb(phi.expression), 1.0)
    grid = rotated.plan(side, side, cov, 100)
    assert grid is not None
    short, full = (rotated.rotated_sum(side, side, cov, grid, 100, even=False, same=same) for same in (True, False))
    assert short.overlaps(full)
    assert short.rad() < 1e-28


@pytest.mark.parametrize("k", [3, 6, 12, 30])
@pytest.mark.parametrize("name", ["relu", "gelu", "sign", "erf", "tanh", "sigmoid"])
def test_near_the_boundary_nothing_is_lost(name: str, k: int) -> None:
    for sign in (1, -1):
        c = sign * (1 - F(1, 10**k))
        value, edge = dual(activation(name), F(1), F(1), c, 128), dual(activation(name), F(1), F(1), F(sign), 128)
        assert value.rad() < 1e-36
        assert abs(value - edge) < 2 * 10 ** (-k / 2)
        assert not value.overlaps(edge) or k == 30


def test_antipodal_relu_keeps_its_relative_accuracy() -> None:
    """(sin t - t cos t)/(2 pi), t = acos(1 - e): about (2 e)^(3/2) / (6 pi)."""
    value = dual(activation("relu"), F(1), F(1), -(1 - F(1, 10**40)), 64)
    assert value.rel_accuracy_bits() >= 64
    with precision(300):
        theta = (enclosure(1 - F(1, 10**40))).acos()
        assert value.overlaps((theta.sin() - theta * theta.cos()) / (2 * arb.pi()))


def test_the_same_ball_whatever_the_surroundings() -> None:
    first = of("elu", "1", "1", "1/2", 100)
    with precision(40):
        assert Ball(of("elu", "1", "1", "1/2", 100)) == Ball(first)


def test_cross_duals() -> None:
    value = of("tanh", "2", "1/2", "-3/5", 100, "softplus")
    assert value.overlaps(of("softplus", "1/2", "2", "-3/5", 100, "tanh"))
    step = dual(activation("tanh"), F(2), F(1, 2), F(-3, 5), 100, other=activation("softplus(x)+3*tanh(x)"))
    with precision(128):
        assert step.overlaps(value + 3 * of("tanh", "2", "1/2", "-3/5", 100))


def test_contraction_rate_from_expressions() -> None:
    """E phi'(u) phi'(v) is the derivative of the dual in c: two central differences of orders h^2 bracket it."""
    phi = activation("tanh")
    slope = dual_expression(phi.derivative(), F(2), F(1), F(1, 2), 128)
    third = dual_expression(phi.derivative(3), F(2), F(1), F(1, 2), 128)
    h = F(1, 10**6)
    ahead, behind = (dual(phi, F(2), F(1), F(1, 2) + s * h, 128) for s in (1, -1))
    with precision(160):
        difference = (ahead - behind) / enclosure(2 * h)
        # the remainder is h^2/6 times the third derivative of the dual at a point between, close to the one at c
        assert abs(difference - slope - third * enclosure(h * h / 6)) < enclosure(h**3)


def test_exactness_survives_balls_of_radius_zero() -> None:
    with precision(200):
        value = dual(activation("relu"), arb(1), arb(4), arb(-2), 100)
        assert value.contains(0)
        assert value.rad() < 1e-25
        sharp = dual(activation("relu"), arb(1), arb(4), arb(2), 100)
    assert sharp.contains(1)


@pytest.mark.parametrize("name", ["relu", "gelu", "tanh", "sigmoid", "sign", "softplus"])
@pytest.mark.parametrize("law", [("1", "2", "1"), ("1", "1", "1"), ("1", "4", "-2"), ("0", "1", "0")])
def test_balls_contain_the_value_at_every_valid_point(name: str, law: tuple[str, str, str]) -> None:
    """Balls that overlap the boundary stand for the valid covariances in them."""
    radius = F(1, 1000)
    phi, (a, b, c) = activation(name), (F(x) for x in law)
    with precision(128):
        wide = [enclosure(x) + arb(0, 1) * enclosure(radius) for x in (a, b, c)]
    value = dual(phi, *wide, 64)
    tried = 0
    for da, db, dc in ((0, 0, 0), (1, 1, 0), (1, 1, 1), (-1, -1, 0), (1, 0, -1), (1, 1, -1), (0, 1, 1)):
        point = [x + d * radius for x, d in zip((a, b, c), (da, db, dc), strict=True)]
        if min(point[:2]) >= 0 and point[2] ** 2 <= point[0] * point[1]:
            tried += 1
            assert value.overlaps(dual(phi, *point, 64))
    assert tried >= 2
    if law == ("1", "2", "1"):
        assert value.rad() < 0.01


@pytest.mark.parametrize("radius", ["1e-8", "1e-20", "1e-30"])
def test_narrow_balls_give_narrow_values(radius: str) -> None:
    with precision(200):
        law = [enclosure(F(x)) + arb(0, 1) * enclosure(F(radius)) for x in ("2", "1", "1/2")]
    for name in ("tanh", "gelu", "relu", "softplus", "elu"):
        assert dual(activation(name), *law, 128).rad() < 1e3 * float(radius), name


ACTIVATIONS = st.sampled_from(["tanh", "sigmoid", "softplus", "relu", "gelu", "erf", "sin", "abs", "silu"])
RATIONALS = st.fractions(min_value=F(1, 50), max_value=8, max_denominator=64)
CORRELATIONS = st.one_of(
    st.fractions(min_value=-1, max_value=1, max_denominator=40),
    st.integers(1, 12).map(lambda k: 1 - F(1, 10**k)),
    st.integers(1, 12).map(lambda k: F(1, 10**k) - 1),
)


@settings(max_examples=25, deadline=None)
@given(name=ACTIVATIONS, p=RATIONALS, q=RATIONALS, rho=CORRELATIONS)
def test_laws_that_always_hold(name: str, p: F, q: F, rho: F) -> None:
    """Symmetry, Cauchy-Schwarz, more bits overlap fewer; variances p^2, q^2 so that rho is rational."""
    phi, a, b, c = activation(name), p * p, q * q, rho * p * q
    value = dual(phi, a, b, c, 64)
    assert value.overlaps(dual(phi, b, a, c, 64))
    assert value.overlaps(dual(phi, a, b, c, 128))
    assert dual(phi, a, b, c, 24).overlaps(value)
    bound = dual(phi, a, a, a, 64) * dual(phi, b, b, b, 64)
    assert not value * value > bound


@settings(max_examples=8, deadline=None)
@given(f=ACTIVATIONS, g=ACTIVATIONS, p=RATIONALS, q=RATIONALS, rho=CORRELATIONS, k=st.integers(-5, 5))
def test_bilinearity(f: str, g: str, p: F, q: F, rho: F, k: int) -> None:
    law = (p * p, q * q, rho * p * q)
    first, second = activation(f).expression, activation(g).expression
    mixed = dual_expression(first + k * second, *law, 64, other=second)
    with precision(100):
        parts = dual_expression(first, *law, 64, other=second) + k * dual_expression(second, *law, 64)
    assert mixed.overlaps(parts)


@settings(max_examples=8, deadline=None)
@given(name=st.sampled_from(["tanh", "sigmoid", "softplus", "relu", "gelu", "silu"]), p=RATIONALS, q=RATIONALS)
def test_price_bounds_the_rise(name: str, p: F, q: F) -> None:
    """By Price and Cauchy-Schwarz, the dual rises from 0 to c by at most c times the norms of the slopes."""
    phi, a, b, c = activation(name), p * p, q * q, p * q / 2
    slope = phi.derivative()
    with precision(100):
        rise = dual(phi, a, b, c, 64) - dual(phi, a, b, F(0), 64)
        norms = (dual_expression(slope, a, a, a, 64) * dual_expression(slope, b, b, b, 64)).sqrt()
        assert not abs(rise) > enclosure(c) * norms


def test_not_square_integrable_is_refused() -> None:
    with pytest.raises(SpecError, match="square-integrable"):
        of("exp(x**2/8)", "9", "1", "1/2", 64)


def test_what_is_kept_does_not_depend_on_who_asked_first() -> None:
    """A value at exact entries is the same ball whatever the precision of the first caller."""
    found = []
    for bits in (30, 700):
        evaluate._kept.cache_clear()
        with precision(bits):
            value = dual(activation("gelu"), F(3, 7), F(5, 7), F(1, 3), 64)
        found.append(Ball(value))
    assert found[0] == found[1]

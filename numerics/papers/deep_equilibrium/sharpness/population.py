"""The population: fixed points and their contraction, lower bounds, tangent kernel (C7 to C14, C21, C23)."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from flint import arb, arb_mat, arb_poly

from .....theory.activations.activation import activation
from .....theory.verdict import Evidence
from ....balls.ball import Ball, enclose
from ....balls.banach import banach
from ....balls.enclosure import Enclosure, float_above, float_below
from ....dual import dual, dual_expression
from ....falsify.bound import Sides, bound
from ....falsify.domain import Domain, Instance, Outside, Real
from ....falsify.quotients import least_at_most
from ....hermite import hermite_transform, second_moment
from ..checks.dual_calculus import mehler_tail
from ..population.contraction import contraction_squared
from ..population.variance import a_priori_bound
from ..relative import concentrated
from .models import BITS, ROOM, chosen, cosine_matrix, inputs, large, mean_lipschitz, papers

DIGITS = 6
"""Decimals of a sharpness with a side that was rounded outwards in float64."""
HOMOGENEOUS = ("relu", "abs(x)", "max(x, 0) + x/2")
SHIFTED = ("x + 8", "sin(x) + 4", "erf(x)", "relu")
"""A constant makes 2/s small, so that its powers count."""
LEAST_RATE = Fraction(1, 16)
"""θ² of the models that are compared, at the least: without feedback every bound of a fixed point is sharp."""
FEEDBACK = Real("sigma_w2", (), 2.0**-12, 4.0, logarithmic=True)
INPUT = Real("v", (), 2.0**-12, 8.0, logarithmic=True)
AFFINE = (Real("alpha"), Real("beta"), FEEDBACK, INPUT)


# -- the variance: C7, C9 ---------------------------------------------------------------


def _rate(instance: Instance, lipschitz2: Fraction) -> Fraction:
    """θ², within its range."""
    rate = 2 * instance.fraction("sigma_w2") * lipschitz2
    if not LEAST_RATE <= rate < 1:
        raise Outside("the feedback is outside of its range")
    return rate


@bound(
    papers("variance-bound")[0],
    "lemma.well-posed",
    text="sqrt(q) <= (|phi(0)| + L sqrt(v))/(1 - theta), phi = alpha |x| + beta, theta >= 1/4",
    formula=f"{ROOM}/population/variance.py: a_priori_bound",
    domain=Domain((*(Real(name, (), 2.0**-8, 8.0, logarithmic=True) for name in ("alpha", "beta")), FEEDBACK, INPUT)),
    evaluations=600,
)
def a_priori(instance: Instance) -> Sides:
    r"""q = β² + 2αβ √(2s/π) + α²s and s = v + 2σ_w²q: a quadratic equation for √s."""
    alpha, beta, v, sigma_w2 = (instance.fraction(name) for name in ("alpha", "beta", "v", "sigma_w2"))
    left = 1 - _rate(instance, alpha**2)
    middle = enclose(2 * sigma_w2 * alpha * beta) * (2 / arb.pi()).sqrt()
    root = (middle + (middle**2 + enclose(left * (v + 2 * sigma_w2 * beta**2))).sqrt()) / enclose(left)
    q = (root**2 - enclose(v)) / enclose(2 * sigma_w2)
    return q.sqrt(), a_priori_bound(enclose(beta), enclose(alpha), sigma_w2, input_variance=enclose(v))


@bound(
    papers("variance-bound")[1],
    "lemma.relu-range",
    text="sqrt(q) <= Lambda sqrt(v)/(1 - sqrt(2) sigma_w Lambda), phi homogeneous, theta >= 1/4",
    formula=f"{ROOM}/population/variance.py: a_priori_bound; {ROOM}/population/contraction.py: homogeneous_mean_square",
    domain=Domain((FEEDBACK, INPUT), choices={"sigma": HOMOGENEOUS}),
    evaluations=300,
)
def relu_range(instance: Instance) -> Sides:
    """E φ(√s z)² = Λ²s with Λ² the second moment at variance 1."""
    name = instance.choices["sigma"]
    slope, sigma_w2 = mean_lipschitz(name), instance.fraction("sigma_w2")
    square = second_moment(activation(name), Fraction(1), BITS)
    rate = enclose(2 * sigma_w2) * square
    if not (rate >= enclose(LEAST_RATE) and rate < 1):
        raise Outside("the feedback is outside of its range")
    v = instance.ball("v")
    return (square * v / (1 - rate)).sqrt(), a_priori_bound(arb(0), slope, sigma_w2, input_variance=v)


@bound(
    papers("variance-contraction")[0],
    papers("variance-contraction")[1],
    "lemma.well-posed",
    "lemma.relu-range",
    text="|T(r) - T(r')| <= theta |r - r'|, theta >= 1/4",
    formula=f"{ROOM}/population/contraction.py: contraction_squared",
    domain=Domain(
        (FEEDBACK, INPUT, Real("r", (2,), 2.0**-4, 64.0, logarithmic=True)),
        choices={"sigma": (*HOMOGENEOUS, "x", "sin(x)", "erf(x)")},
    ),
    evaluations=600,
)
def variance_map(instance: Instance) -> Sides:
    """The map of the root of the second moment at two of its arguments."""
    name, sigma_w2 = instance.choices["sigma"], instance.fraction("sigma_w2")
    rate = enclose(2 * sigma_w2) * mean_lipschitz(name) ** 2
    if not (rate >= enclose(LEAST_RATE) and rate < 1):
        raise Outside("the feedback is outside of its range")
    roots = instance.balls("r")
    images = [
        second_moment(activation(name), instance.ball("v") + enclose(2 * sigma_w2) * r * r, BITS).sqrt() for r in roots
    ]
    theta = contraction_squared(name, sigma_w2, mean_lipschitz(name)).sqrt()
    return abs(images[0] - images[1]), theta * abs(roots[0] - roots[1])


@bound(
    papers("variance-contraction")[0] + "/posterior",
    papers("variance-contraction")[1],
    "lemma.well-posed",
    text="|sqrt(q) - r| <= |T(r) - r|/(1 - theta), phi affine, theta >= 1/4",
    formula="numerics/balls/banach.py: banach; numerics/papers/deep_equilibrium/population/contraction.py:"
    " contraction_squared",
    domain=Domain((*AFFINE, Real("r", (), 2.0**-8, 64.0, logarithmic=True))),
    evaluations=600,
    digits=DIGITS,
)
def posterior(instance: Instance) -> Sides:
    """The radius of Banach's ball around r."""
    alpha, beta, v, sigma_w2 = (instance.fraction(name) for name in ("alpha", "beta", "v", "sigma_w2"))
    rate, r = _rate(instance, alpha**2), instance.ball("r")
    root = enclose((alpha**2 * v + beta**2) / (1 - rate)).sqrt()
    image = (enclose(alpha**2) * (enclose(v) + enclose(2 * sigma_w2) * r * r) + enclose(beta**2)).sqrt()
    theta = contraction_squared("an affine function", sigma_w2, enclose(abs(alpha))).sqrt()
    return abs(root - r), arb(banach(r, image, theta).rad())


# -- correlations: C8, C11, C23 ---------------------------------------------------------


@bound(
    papers("correlation-contraction")[0],
    papers("correlation-contraction")[1],
    "lemma.well-posed",
    "lemma.relu-range",
    "lemma.price",
    text="|M(rho) - M(rho')| <= 2 sigma_w^2 L^2 |rho - rho'|, the variance s given",
    formula=f"{ROOM}/population/contraction.py: contraction_squared",
    domain=Domain(
        (Real("s", (), 2.0**-8, 8.0, logarithmic=True), Real("rho", (2,), -1.0, 1.0)),
        choices={"sigma": ("relu", "x", "sin(x)", "erf(x)"), "sigma_w2": ("1/32", "1/16", "1/4")},
    ),
    evaluations=500,
)
def correlation_map(instance: Instance) -> Sides:
    """The map of the correlations at two of its arguments."""
    name, sigma_w2, s = instance.choices["sigma"], Fraction(instance.choices["sigma_w2"]), instance.fraction("s")
    one, other = instance.fractions("rho")
    images = [dual(activation(name), s, s, s * rho, BITS) for rho in (one, other)]
    rate = contraction_squared(name, sigma_w2, mean_lipschitz(name))
    return enclose(2 * sigma_w2 / s) * abs(images[0] - images[1]), rate * enclose(abs(one - other))


@bound(
    papers("psd-order")[0],
    papers("psd-order")[1],
    "lemma.lower-bound-schur",
    text="(2/s) lambda_min(C) <= lambda_min(P), s >= 4",
    formula=f"{ROOM}/population/variance.py: VarianceFixedPoint.input_share",
    domain=inputs(SHIFTED, (2,)),
    evaluations=150,
)
def order(instance: Instance) -> Sides:
    """Two inputs, P from the equation of the correlation."""
    found, c = large(instance), abs(instance.balls("c")[0])
    rho = found.correlation(instance.balls("c")[0])
    return found.kernel.fixed_point.input_share * (1 - c), 1 - abs(rho)


TERMS = 60
"""Steps of the iteration for the products of slopes."""


@bound(
    papers("tangent-order")[0],
    papers("tangent-order")[1],
    "lemma.tangent-order",
    text="K (1 + x) <= Theta at a positive cosine, x a partial sum of the solution of x = D (1 + 2 sigma_w^2 x)",
    formula=f"{ROOM}/population/tangent.py: equilibrium_tangent_series",
    domain=Domain(
        (Real("c", (), 0.0, 0.5),), choices={"sigma": ("x", "sin(x)", "erf(x)"), "sigma_w2": ("1/16", "1/4")}
    ),
    evaluations=80,
    digits=DIGITS,
)
def tangent(instance: Instance) -> Sides:
    """Products of slopes of backpropagation, layer after layer, and the power series."""
    found, c = chosen(instance), instance.ball("c")
    rho, s = found.correlation(c), found.kernel.fixed_point.s
    slopes = dual_expression(found.phi.derivative(1), s, s, s * rho, BITS)
    if not slopes >= 0:
        raise Outside("the product of slopes is not proved to be positive")
    x = arb(0)
    for _ in range(TERMS):
        x = slopes * (1 + enclose(2 * found.sigma_w2) * x)
    return found.value(c) * (1 + x), found.tangent.tangent(c)


# -- lower bounds: C12 to C14 -----------------------------------------------------------


def _below(name: str, text: str, lemma: str, lower: Callable[[Instance], arb]) -> None:
    """Register one of the lower bounds of the least eigenvalue."""
    slug, _, part = name.partition("/")
    general, relu = papers(slug)

    @bound(
        general + (f"/{part}" if part else ""),
        relu,
        lemma,
        text=f"{text} <= lambda_min(K)",
        formula=f"{ROOM}/population/schur_bounds.py: LowerBounds",
        domain=inputs(SHIFTED),
        evaluations=150,
        digits=DIGITS,
    )
    def least(instance: Instance) -> Sides:
        return lower(instance), least_at_most(chosen(instance).gram(cosine_matrix(instance)))


def _correlations(instance: Instance) -> arb:
    return arb(chosen(instance).bounds(cosine_matrix(instance)).schur(inputs=False).value.lower)


def _powers(instance: Instance) -> arb:
    return arb(large(instance).bounds(cosine_matrix(instance)).schur(inputs=True).value.lower)


def _series(instance: Instance) -> arb:
    return arb(chosen(instance).bounds(cosine_matrix(instance)).series()[4].lower)


def _discs(instance: Instance) -> arb:
    return arb(large(instance).bounds(cosine_matrix(instance)).discs(inputs=True).lower)


def _simple(instance: Instance) -> arb:
    return arb(large(instance).bounds(cosine_matrix(instance)).simple(inputs=True)[1].lower)


_below("lower-bound-correlation", "sum mu_r^2 lambda_min(P^r)", "lemma.schur-order", _correlations)
_below("lower-bound-schur", "s >= 4: sum mu_r^2 (2/s)^r lambda_min(C^r)", "lemma.lower-bound-schur", _powers)
_below("lower-bound-series", "lambda_min(sum_{r < 4} k_r C^r)", "lemma.series-positivity", _series)
_below(
    "lower-bound-gershgorin",
    "s >= 4: sum mu_r^2 (2/s)^r (1 - max_i sum_j |C_ij|^r)_+",
    "lemma.lower-bound-gershgorin",
    _discs,
)
_below(
    "lower-bound-gershgorin/simple",
    "s >= 4: half of sum_{r >= r_0} mu_r^2 (2/s)^r",
    "lemma.lower-bound-gershgorin",
    _simple,
)


# -- C21, and Mehler's expansion --------------------------------------------------------


@bound(
    papers("relative-concentration")[0],
    papers("relative-concentration")[1],
    "lemma.relative-concentration",
    text="(1 - w) lambda_min(K) <= lambda_min(G), K = S S', G = S (I + M) S', |M| = w >= 1/4",
    formula=f"{ROOM}/relative.py: concentrated",
    domain=Domain((Real("S", (2, 2)), Real("M", (2,), -0.96875, 0.96875))),
    evaluations=500,
    digits=DIGITS,
)
def concentration(instance: Instance) -> Sides:
    """Two inputs; M is diagonal, and S any matrix."""
    S, (one, other) = instance.matrix("S"), instance.fractions("M")
    w = max(abs(one), abs(other))
    if w < Fraction(1, 4):
        raise Outside("the deviation is small")
    K = S * S.transpose()
    trace, det = K[0, 0] + K[1, 1], S.det() ** 2
    least = det / ((trace + (trace**2 - 4 * det).nonnegative_part().sqrt()) / 2)
    if not least > 0:
        raise Outside("K is singular")
    ball = Ball(least)
    star = Enclosure(float_below(ball.lower), float_above(ball.upper), Evidence.ENCLOSED, "closed form")
    moved = S * arb_mat([[enclose(1 + one), 0], [0, enclose(1 + other)]]) * S.transpose()
    return arb(concentrated(star, w).lower), least_at_most(moved)


@bound(
    papers("mehler")[0],
    papers("mehler")[1],
    "lemma.mehler",
    text="|E phi(u) phi(v) - sum_{r <= R} mu_r mu_r' rho^r| <= |rho|^(R+1) sqrt(tau_R tau_R')",
    formula=f"{ROOM}/checks/dual_calculus.py: mehler_tail",
    domain=Domain(
        (
            Real("a", (), 2.0**-6, 8.0, logarithmic=True),
            Real("b", (), 2.0**-6, 8.0, logarithmic=True),
            Real("t", (), 2.0**-6, 0.875, logarithmic=True),
        ),
        {"R": (1, 2, 4)},
        {"sigma": ("sin(x)", "erf(x)", "relu")},
    ),
    evaluations=300,
)
def mehler_rest(instance: Instance) -> Sides:
    """The dual less its partial sum, at the covariance ``t`` min(a, b)."""
    phi, a, b = activation(instance.choices["sigma"]), instance.fraction("a"), instance.fraction("b")
    c = instance.fraction("t") * min(a, b)
    first, second = (hermite_transform(phi, instance.sizes["R"], variance, BITS) for variance in (a, b))
    rho = enclose(c) / enclose(a * b).sqrt()
    products = [x * y for x, y in zip(first.coefficients, second.coefficients, strict=True)]
    return abs(dual(phi, a, b, c, BITS) - arb_poly(products)(rho)), mehler_tail(first, second, rho)

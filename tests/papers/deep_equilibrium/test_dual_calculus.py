"""The calculus of dual activations on studies: Mehler, Price, recurrences, closed forms, equivalents, tangent kernels.

A failure means that a check of C1 to C6, C15 or C27 to C29 no longer proves what holds, calls something proved that it
should not, or that a constant of the high-dimensional equivalent left its published digits.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import cache

import mpmath
import numpy as np
import pytest
import sympy
from flint import arb

from certigram.numerics.balls.ball import Ball
from certigram.numerics.balls.budget import Budget
from certigram.numerics.balls.precision import precision
from certigram.numerics.checks.registry import decide, find_check, find_control
from certigram.numerics.dual import dual_expression
from certigram.numerics.expressions.regularity import regularity
from certigram.numerics.kernels.input_gram import input_gram
from certigram.numerics.kernels.points import points
from certigram.numerics.papers.deep_equilibrium.checks.dual_calculus import slope_bracket
from certigram.numerics.papers.deep_equilibrium.checks.dual_closed_forms import gelu_formula, same_function
from certigram.numerics.papers.deep_equilibrium.checks.dual_kernels import mixture_constants
from certigram.numerics.papers.deep_equilibrium.checks.evidence import compared, study_cosines, study_laws
from certigram.numerics.papers.deep_equilibrium.checks.evidence import same as at
from certigram.numerics.papers.deep_equilibrium.instance import EquilibriumInstance
from certigram.numerics.papers.deep_equilibrium.population.gaussian_mixture import equivalent, kernel, mixture
from certigram.numerics.papers.deep_equilibrium.population.high_dimensional import (
    HighDimensionalEquivalent,
    brackets,
    entry,
    high_dimensional_equivalent,
    measured_response,
)
from certigram.numerics.studies.data import DataSet, load
from certigram.theory.activations.activation import activation
from certigram.theory.closed_forms import C, dual_closed_form
from certigram.theory.errors import SpecError
from certigram.theory.papers.deep_equilibrium.dual_calculus import dual_calculus_claims
from certigram.theory.papers.deep_equilibrium.general import FAMILY
from certigram.theory.verdict import Evidence, Verdict

CLAIMS = {c.label: c for c in dual_calculus_claims(FAMILY)}
RIGOROUS = [label for label, c in CLAIMS.items() if not c.statistical]
ORACLE = {
    "variance": "1.2105939331723446971612029650356417508",
    "second_moment": "0.70197977724114899053734321678547250273",
    "alpha_1": "0.32728114245237985797136740762797644226",
    "alpha_2": "0.098675988610456514994416304023025824403",
    "alpha_3": "0.19735197722091302998883260804605164881",
    "alpha_4": "1.0981843427357139573914102222883929327",
}
"""phi = sin + cos - exp(-tau_*^2/2), sigma_a^2 = 3/10, sigma_b^2 = tau_0^2 = 1, from mpmath with 60 digits."""


@cache
def on_digits(name: str, sigma_w2: str = "1/16", system: str = "deq-general") -> EquilibriumInstance:
    return EquilibriumInstance(system, activation(name), load("digits", 6), Fraction(sigma_w2), Budget())


def on_points(name: str, rows: list[list[float]]) -> EquilibriumInstance:
    data = DataSet(points(np.array(rows)), None, "a few points")
    return EquilibriumInstance("deq-general", activation(name), data, Fraction(1, 16), Budget())


@cache
def sine_and_cosine() -> HighDimensionalEquivalent:
    with precision(192):
        lipschitz = arb(2).sqrt()
    return high_dimensional_equivalent(
        activation("sin(x) + cos(x)"), Fraction(3, 10), 128, lipschitz=lipschitz, sigma_b2=Fraction(1)
    )


@pytest.mark.parametrize(
    ("label", "name"),
    [(label, name) for name in ("softplus", "sin", "leaky_relu(1/10)") for label in RIGOROUS]
    + [("C1", "elu"), ("C4", "elu")],
)
def test_other_activations_are_decided(label: str, name: str) -> None:
    """Beyond the default study: smooth or kinked, with or without a closed form, every verdict has its reason."""
    certificate, _ = decide(CLAIMS[label], on_digits(name))
    holds = Verdict.PROVED if CLAIMS[label].argument.mechanical else Verdict.ARGUED
    assert certificate.verdict in (holds, Verdict.NOT_APPLICABLE), certificate.reason
    if certificate.verdict is holds:
        assert {e.kind for e in certificate.evidence} <= {Evidence.EXACT, Evidence.ENCLOSED, Evidence.NOTE}
        assert any(e.kind.rigorous for e in certificate.evidence)


def test_which_claims_do_not_apply() -> None:
    """No closed form of tanh, GELU's formula for GELU only, no second derivative of a kinked activation."""
    verdicts = {
        (label, name): decide(CLAIMS[label], on_digits(name))[0].verdict
        for label, name in (("C5", "tanh"), ("C5", "erf"), ("C6", "erf"), ("C6", "gelu"), ("C27", "relu"))
    }
    missing = {key for key, verdict in verdicts.items() if verdict is Verdict.NOT_APPLICABLE}
    assert missing == {("C5", "tanh"), ("C6", "erf"), ("C27", "relu")}
    assert all(v is Verdict.PROVED for key, v in verdicts.items() if key not in missing)  # decided line by line


def test_hypotheses_are_needed() -> None:
    """A jump leaves Mehler's expansion, which needs square integrability alone, and takes Price's theorem away."""
    jump = on_digits("step")
    assert decide(CLAIMS["C1"], jump)[0].verdict.favourable
    for label in ("C2", "C3", "C4", "C29"):
        certificate, _ = decide(CLAIMS[label], jump)
        assert certificate.verdict is Verdict.UNKNOWN
        assert "continuous" in certificate.reason
    fast = on_digits("exp(x**2)")
    assert decide(CLAIMS["C1"], fast)[0].verdict is Verdict.NOT_APPLICABLE
    polynomial = on_digits("x**3 - 2*x")  # not Lipschitz: the calculus holds, the equilibrium does not exist
    for label in ("C1", "C2", "C3", "C4", "C5", "C29"):
        assert decide(CLAIMS[label], polynomial)[0].verdict.favourable, label


def test_points_of_the_study() -> None:
    """The cosines are those of the data, rounded; parallel inputs give none, and then 1/2 stands in."""
    inst = on_points("erf", [[1.0, 0.0], [3.0, 4.0], [-2.0, 0.0]])
    assert [float(c) for c in study_cosines(inst)] == pytest.approx([-0.6, 0.6], abs=1e-6)
    assert all(law.c**2 < law.a * law.b for law in study_laws(inst))
    assert study_cosines(on_points("erf", [[1.0, 0.0], [2.0, 0.0]])) == (Fraction(1, 2),)


@pytest.mark.parametrize("name", ["gelu", "sigmoid", "relu", "tanh"])
@pytest.mark.parametrize("rho", ["-9/10", "-1/3", "1/7", "99/100"])
def test_difference_quotients_enclose_the_slope(name: str, rho: str) -> None:
    """Both signs of the correlation: the bracket contains the dual of the derivative and is narrow."""
    phi, s = activation(name), Fraction(17, 8)
    bracket = slope_bracket(phi, s, Fraction(rho))
    value = dual_expression(phi.derivative(), s, s, s * Fraction(rho), 96)
    assert bracket.overlaps(value)
    assert bracket.rad() < 1e-7


def test_disjoint_sides_refute_whatever_the_lemma_says() -> None:
    """The enclosures are not decoration."""
    sides = [at("here", arb(1), arb(1)), at("there", arb(1), arb(2))]
    assert compared("lemma.mehler", sides, method="", quantity="").verdict is Verdict.REFUTED
    assert compared("lemma.mehler", sides[:1], method="", quantity="").verdict is Verdict.PROVED


def test_gelu_formula_is_not_taken_for_its_neighbours() -> None:
    """Value, slope and second derivative at every c: a shift, a slope and a changed constant are seen."""
    derived = dual_closed_form(activation("gelu"))
    assert derived is not None
    assert same_function(gelu_formula(), derived)
    for wrong in (
        gelu_formula() + sympy.Rational(1, 10**30),
        gelu_formula() + C / 10**30,
        gelu_formula(sympy.Rational(1, 6)),
        gelu_formula() + C**2 / 10**30,
        gelu_formula() - sympy.atan(C / (1 - C)) + sympy.atan(C) + C * 0,
    ):
        assert not same_function(wrong, derived)


def test_oracle_of_the_equivalent() -> None:
    """128 bits, the digits of an independent computation."""
    found = sine_and_cosine()
    balls = {"variance": found.variance, "second_moment": found.second_moment}
    balls |= {f"alpha_{k + 1}": alpha for k, alpha in enumerate(found.alpha)}
    for name, digits in ORACLE.items():
        ball = Ball(balls[name])
        half = Fraction(1, 2 * 10 ** len(digits.partition(".")[2]))
        assert ball.lower <= Fraction(digits) + half, name
        assert ball.upper >= Fraction(digits) - half, name
        assert balls[name].rad() < 1e-36


def test_equivalent_against_mpmath() -> None:
    """The four equations for a logistic activation by mpmath's own quadrature."""
    with precision(128):
        quarter = arb(1) / 4
    found = high_dimensional_equivalent(activation("sigmoid"), Fraction(1, 2), 128, lipschitz=quarter)
    with mpmath.workdps(30):
        root = mpmath.sqrt(mpmath.mpf(found.variance.str(30, radius=False)))

        def phi(x: mpmath.mpf) -> mpmath.mpf:
            return 1 / (1 + mpmath.exp(-x))

        def mean(f: Callable[[mpmath.mpf], mpmath.mpf]) -> mpmath.mpf:
            weight = 1 / mpmath.sqrt(2 * mpmath.pi)
            return mpmath.quad(lambda z: weight * f(root * z) * mpmath.exp(-z * z / 2), [-12, -4, 0, 4, 12])

        centre = mean(phi)
        d1 = mean(lambda x: phi(x) * (1 - phi(x)))
        moment = mean(lambda x: (phi(x) - centre) ** 2)
        slope = mean(
            lambda x: (
                2 * (phi(x) * (1 - phi(x))) ** 2 + 2 * (phi(x) - centre) * phi(x) * (1 - phi(x)) * (1 - 2 * phi(x))
            )
        )
        expected = {
            "variance": moment / 2 + 2,
            "alpha_1": 2 * d1**2 / (1 - d1**2 / 2),
            "alpha_4": 2 / (1 - slope / 4),
        }
        got = {"variance": found.variance, "alpha_1": found.alpha[0], "alpha_4": found.alpha[3]}
        for name, value in expected.items():
            assert abs(mpmath.mpf(got[name].str(28, radius=False)) - value) < mpmath.mpf(10) ** -20, name


@pytest.mark.parametrize("name", ["tanh", "gelu", "sin(x) + cos(x)"])
def test_kernel_alone_encloses_the_constants(name: str) -> None:
    """The brackets hold the formulas at several steps, and shrink with the step."""
    phi = activation(name)
    lipschitz = regularity(phi, 96).lipschitz
    assert lipschitz is not None
    found = high_dimensional_equivalent(phi, Fraction(1, 8), 96, lipschitz=lipschitz)
    radii = []
    for step in (Fraction(1, 2**6), Fraction(1, 2**12)):
        first, third = brackets(found, step)
        assert first.overlaps(found.alpha[0])
        assert third.overlaps(found.alpha[2])
        radii.append(float(first.rad()))
        quotient, response = measured_response(found, step)
        assert quotient.overlaps(response)
    assert radii[1] < radii[0] / 32
    assert abs(entry(found, Fraction(0))).upper() < 1e-20


def test_equivalent_refuses_what_has_no_fixed_point() -> None:
    """sigma_a L at 1 is not below 1; without an input nothing can be expanded."""
    phi = activation("tanh")
    with pytest.raises(SpecError, match="not proved below 1"):
        high_dimensional_equivalent(phi, Fraction(1), 64, lipschitz=arb(1))
    with pytest.raises(SpecError, match="positive"):
        high_dimensional_equivalent(phi, Fraction(1, 8), 64, lipschitz=arb(1), sigma_b2=Fraction(0))


def test_sampled_kernel_is_the_fixed_point() -> None:
    """The closed form in the experiment against the enclosed kernel of two inputs of norm one."""
    constants, found = mixture_constants(), sine_and_cosine()
    t = Fraction(3, 10)
    g = kernel(np.array([[1.0, 0.3], [0.3, 1.0]]), constants)
    assert Ball(found.second_moment).lower <= Fraction(g[0, 0]) + Fraction(1, 10**12)
    assert abs(g[0, 1] - float(entry(found, t))) < 1e-11
    assert abs(g[0, 0] - float(found.second_moment)) < 1e-11


def test_equivalent_matrix_is_the_expansion() -> None:
    """At inner products of size epsilon the deviation off the diagonal is of third order, with equal norms."""
    constants = mixture_constants()
    gaps = []
    for eps in (1e-2, 5e-3):
        products = np.array([[1.0, eps], [eps, 1.0]])
        gaps.append(abs(kernel(products, constants)[0, 1] - equivalent(products, constants)[0, 1]))
    assert gaps[0] / gaps[1] == pytest.approx(8, rel=0.1)
    assert mixture(32, np.random.default_rng(1)).shape == (32, 32)


def test_khatri_rao_powers_where_only_inner_products_are_given() -> None:
    """The rows of the Gram matrix stand in for points: the lemma has an instance, and its control notices a change."""
    data = DataSet(None, input_gram([["1", "1/5", "0"], ["1/5", "1", "-1/3"], ["0", "-1/3", "1"]]), "given")
    inst = EquilibriumInstance("deq-general", activation("tanh"), data, Fraction(1, 16), Budget())
    found = find_check("khatri-rao")(inst)
    assert found.verdict is Verdict.PROVED
    assert "3 inputs in 3 coordinates" in found.evidence[1].text
    assert find_control("khatri-rao")(inst).verdict is Verdict.REFUTED

"""Planted falsehoods about dual activations, Hermite recurrences, Khatri-Rao powers, equivalents and tangent kernels.

A failure means that the machinery behind C1 to C6, C15 or C27 to C29 accepts a statement that is false by a hair, or
that a proof line of their lemmas passes with a wrong sign, factor or index.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import cache

import pytest
import sympy
from flint import arb, fmpq

from certigram.numerics.balls.budget import Budget
from certigram.numerics.checks import evidence
from certigram.numerics.checks.registry import find_check, find_control
from certigram.numerics.checks.relation import Relation
from certigram.numerics.papers.deep_equilibrium import (
    lines_dual_calculus as dual_calculus,
)
from certigram.numerics.papers.deep_equilibrium import (
    lines_high_dimensional as high_dimensional,
)
from certigram.numerics.papers.deep_equilibrium.checks.dual_kernels import mixture_constants
from certigram.numerics.papers.deep_equilibrium.checks.evidence import compared
from certigram.numerics.papers.deep_equilibrium.checks.evidence import same as at
from certigram.numerics.papers.deep_equilibrium.instance import EquilibriumInstance
from certigram.numerics.papers.deep_equilibrium.population.gaussian_mixture import deviations
from certigram.numerics.papers.deep_equilibrium.population.high_dimensional import (
    brackets,
    high_dimensional_equivalent,
    measured_response,
)
from certigram.numerics.proof_lines.identities import same
from certigram.numerics.proof_lines.registry import CheckedLemma, outcome
from certigram.numerics.studies.data import load
from certigram.theory.activations.activation import activation
from certigram.theory.claims.claim import Claim
from certigram.theory.claims.lemma import Lemma, lemmas
from certigram.theory.papers.deep_equilibrium.dual_calculus import dual_calculus_claims
from certigram.theory.papers.deep_equilibrium.general import FAMILY
from certigram.theory.verdict import Verdict

CLAIMS = dual_calculus_claims(FAMILY)
RIGOROUS = [c for c in CLAIMS if not c.statistical]
STATISTICAL = [c for c in CLAIMS if c.statistical]
R, SIGMA = sympy.symbols("r sigma", positive=True)


@cache
def on_digits(name: str) -> EquilibriumInstance:
    return EquilibriumInstance("deq-general", activation(name), load("digits", 12), Fraction(1, 16), Budget())


@pytest.mark.parametrize("name", ["tanh", "gelu"])
@pytest.mark.parametrize("claim", RIGOROUS, ids=lambda c: c.label)
def test_controls_are_refuted(claim: Claim, name: str) -> None:
    """Not merely undecided: the enclosures at the study's points are narrow enough to see every planted change."""
    verdict = find_control(claim.method)(on_digits(name)).verdict
    applies = not (claim.label == "C5" and name == "tanh")
    assert verdict is (Verdict.REFUTED if applies else Verdict.NOT_APPLICABLE)


@pytest.mark.parametrize("claim", STATISTICAL, ids=lambda c: c.label)
def test_the_statistical_control_is_inconsistent(claim: Claim) -> None:
    """The equivalent without its quadratic term keeps an eigenvalue that does not vanish."""
    assert find_control(claim.method)(on_digits("tanh")).verdict is Verdict.INCONSISTENT


def test_a_lemma_with_a_failed_line_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The verdict rests on the lines: with one of them failed the same enclosures leave the claim undecided."""

    def broken(found: Lemma) -> CheckedLemma:
        lines = [(step, outcome(step.check)) for step in found.proof]
        step, last = lines[-1]
        return CheckedLemma(found, (*lines[:-1], (step, replace(last, passed=False))))

    claims = [c for c in RIGOROUS if c.label not in ("C5", "C6")]  # those rest on derivations
    assert all(find_check(c.method)(on_digits("gelu")).verdict is Verdict.PROVED for c in claims)
    monkeypatch.setattr(evidence, "check_lemma", broken)
    assert all(find_check(c.method)(on_digits("gelu")).verdict is Verdict.UNKNOWN for c in claims)


def test_one_disjoint_point_is_enough() -> None:
    """Many points that agree do not outvote one that does not."""
    sides = [at("", arb(1), arb(1))] * 9 + [at("", arb(1), arb("1.0000001"))]
    assert compared("lemma.khatri-rao", sides, method="", quantity="").verdict is Verdict.REFUTED


@pytest.mark.parametrize("slip", range(5))
def test_wrong_recurrences_in_the_scale_are_refused(slip: int) -> None:
    """exp: mu_r = sigma^r e^(sigma^2/2)/sqrt(r!), against flipped signs, shifted orders and lost factors."""

    def mu(n: int) -> sympy.Expr:
        return SIGMA**n * sympy.exp(SIGMA**2 / 2) / sympy.sqrt(sympy.factorial(n))

    r = sympy.Integer(3)
    assert dual_calculus.scale_recurrence(mu(3), mu(5), r).holds()
    wrong = [
        dual_calculus.scale_recurrence(mu(3), -mu(5), r),
        dual_calculus.scale_recurrence(mu(3), mu(4), r),
        dual_calculus.scale_recurrence(mu(3), mu(5), r + 1),
        dual_calculus.scale_recurrence(mu(3), 2 * mu(5), r),
        dual_calculus.scale_recurrence(mu(3) / SIGMA, mu(5), r),
    ]
    assert not wrong[slip].holds()


def test_wrong_khatri_rao_powers_are_seen() -> None:
    """One entry of one factor changed by 10^-30 changes the Gram matrix of the power."""
    columns = [[fmpq(1, 2), fmpq(3)], [fmpq(2), fmpq(-1, 3)]]
    moved = [[columns[0][0] + fmpq(1, 10**30), columns[0][1]], columns[1]]
    inner = sum((x * y for x, y in zip(*columns, strict=True)), fmpq(0))

    def power(x: list[list[fmpq]]) -> fmpq:
        first, second = (dual_calculus.kronecker_power(column, 3) for column in x)
        return sum((p * q for p, q in zip(first, second, strict=True)), fmpq(0))

    assert power(columns) == inner**3
    assert power(moved) != inner**3


def test_wrong_coefficients_of_the_expansion_are_refused() -> None:
    """The factors 1/4 and 1/2, the denominators and the square are all needed."""
    found, (alpha1, alpha2, alpha3) = high_dimensional.expand_fixed_point(), high_dimensional.stated()
    a2, b2, d1 = high_dimensional.A2, high_dimensional.B2, high_dimensional.D1
    assert same(found["t"], alpha1)
    assert same(found["t t"], alpha3)
    for key, wrong in (
        ("t", b2 * d1**2),
        ("t", b2 * d1**2 / (1 + a2 * d1**2)),
        ("t", b2 * d1 / (1 - a2 * d1**2)),
        ("t t", 2 * alpha3),
        ("t t", alpha3 * (1 - a2 * d1**2)),
        ("chi_i chi_j", 2 * alpha2),
        ("chi_i chi_j", alpha2 / high_dimensional.RESPONSE),
        ("t chi_i", sympy.Integer(0)),
    ):
        assert not same(found[key], wrong), (key, wrong)


@pytest.mark.parametrize("place", range(3))
def test_wrong_constants_leave_the_brackets(place: int) -> None:
    """The brackets from the kernel alone exclude the constants of a slightly different equation."""
    phi = activation("gelu")
    lipschitz = on_digits("gelu").lipschitz
    found = high_dimensional_equivalent(phi, Fraction(1, 8), 128, lipschitz=lipschitz)
    first, third = brackets(found, Fraction(1, 2**16))
    quotient, response = measured_response(found, Fraction(1, 2**24))
    other = high_dimensional_equivalent(phi, Fraction(1, 8) + Fraction(1, 5000), 128, lipschitz=lipschitz)
    true, wrong = ((first, other.alpha[0]), (third, other.alpha[2]), (quotient, other.alpha[3]))[place]
    assert true.overlaps((found.alpha[0], found.alpha[2], response)[place])
    assert not true.overlaps(wrong)


def test_a_wrong_linear_term_is_seen_by_the_frobenius_norm() -> None:
    """alpha_1 too large by a half leaves a deviation that does not fall with the dimension."""
    constants = mixture_constants()
    wrong = replace(constants, alpha=(1.5 * constants.alpha[0], *constants.alpha[1:]))
    found = deviations((64, 256), 4, 1, wrong, constants)
    right = deviations((64, 256), 4, 1, constants, constants)
    ratio = (found["frobenius"].mean(axis=1) / right["frobenius"].mean(axis=1)).tolist()
    assert ratio[1] > 1.2 * ratio[0] or ratio[1] > 2.0


def test_every_line_has_a_check_of_its_own() -> None:
    """No line of these proofs leans on the check of another."""
    names = ("stein-recurrence", "scale-recurrence", "khatri-rao", "tangent-conventions", "high-dimensional-equivalent")
    for name in names:
        checks = [step.check for step in lemmas()[f"lemma.{name}"].proof]
        assert len(set(checks)) == len(checks) >= 3


@pytest.mark.parametrize("sides", [(), (at("nowhere", arb("nan"), arb("nan")),)])
def test_sides_that_were_not_enclosed_prove_nothing(sides: tuple[Relation, ...]) -> None:
    """The lemma holds, and nothing was compared on the data: UNKNOWN; with one place where both sides meet: PROVED."""
    found = compared("lemma.price", sides, method="m", quantity="q")
    assert found.verdict is Verdict.UNKNOWN
    assert "nothing was compared" in found.reason
    met = (*sides, at("at 1", arb(1), arb(1, 1)))
    assert compared("lemma.price", met, method="m", quantity="q").verdict is Verdict.PROVED

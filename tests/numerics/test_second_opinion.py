"""Enclosed numbers are computed again in another way, and a wrong enclosure of any kind is noticed.

A failure here means that the second opinion agrees with a false enclosure, or speaks against a true one.
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import cache
from random import Random

import pytest
import sympy
from mpmath import mp

from certigram.numerics.second_opinion import opinion
from certigram.numerics.second_opinion.finding import Agreement, digits_for, settle, verdict
from certigram.numerics.second_opinion.functions import evaluated
from certigram.numerics.second_opinion.line import Recomputed
from certigram.numerics.second_opinion.plane import Plane
from certigram.numerics.second_opinion.recipes import Dual, EnclosedNumber, Ends, Recipe, SupremumOfAbsoluteValue
from certigram.numerics.second_opinion.recompute import recompute
from certigram.numerics.studies.data import load
from certigram.numerics.studies.networks import instance, offered_by_face
from certigram.numerics.studies.study import Study
from certigram.theory.activations.activation import activation
from certigram.theory.activations.functions import X

SLIGHTLY = Fraction(1, 10**12)
SYSTEMS = ("deq-general", "deq-relu", "implicit-relu", "resnet-rkhs", "two-layer-logistic")
STUDY = Study("small", SYSTEMS, ("erf",), load("digits", 5))
KINDS = (
    "Gram matrix entry",
    "Hermite coefficient",
    "correlation at the fixed point",
    "dual activation",
    "dual of the derivative",
    "fixed point of a mean over the plane",
    "least eigenvalue of a small principal block",
    "logistic loss",
    "slope of the tangent kernel",
    "squared norm of a gradient",
    "supremum, from below",
    "tangent Gram matrix entry",
    "variance at the fixed point",
)


@cache
def numbers() -> tuple[tuple[str, str, EnclosedNumber], ...]:
    """One number of each kind from each subject of the small study."""
    return tuple(
        (system, subject, number)
        for system in STUDY.systems
        for subject in STUDY.subjects(system)
        for number in offered_by_face(system, "enclosed_numbers")(instance(system, subject, STUDY), Random(1), 1)
    )


@cache
def found(kind: str) -> list[tuple[str, str, EnclosedNumber, Ends, Recipe]]:
    """The numbers of a kind in the small study, the first and the last, with their enclosures; of what is dear, one."""
    mine = [(system, subject, n) for system, subject, n in numbers() if n.kind == kind]
    chosen = mine[:1] if "tangent" in kind else mine[:: max(1, len(mine) - 1)][:2]
    return [(*one, *one[-1].found()) for one in chosen]


def moved(ends: Ends, size: Fraction) -> Ends:
    """The enclosure somewhere else."""
    return ends[0] + size, ends[1] + size


def test_the_kinds_are_all_that_the_papers_offer() -> None:
    assert tuple(sorted({number.kind for _, _, number in numbers()})) == KINDS


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_agrees_and_a_planted_enclosure_is_a_contradiction(kind: str) -> None:
    """The enclosure as it is, and moved by 1e-12 of its size: to both sides, but downwards alone for a supremum."""
    assert found(kind)
    for system, subject, number, ends, recipe in found(kind):
        assert settle(system, subject, number, ends, recipe).agreement is Agreement.AGREES
        size = max(abs(end) for end in ends) or Fraction(1)
        assert ends[1] - ends[0] < size * SLIGHTLY, "too wide for the planted error to be seen"
        for sign in (-1,) if isinstance(recipe, SupremumOfAbsoluteValue) else (-1, 1):
            wrong = settle(system, subject, number, moved(ends, sign * size * SLIGHTLY), recipe)
            assert wrong.agreement is Agreement.CONTRADICTS, (number.where, wrong)
            assert (wrong.claim, wrong.where) == (number.claim, number.where)


def test_a_supremum_is_contradicted_from_below_only() -> None:
    """A grid finds values of a function and never its supremum: an enclosure above them stays undecided."""
    recipe = SupremumOfAbsoluteValue(activation("softsign").expression)  # 1, approached at infinity
    number = EnclosedNumber("x.y", "supremum, from below", "sup", lambda: ((Fraction(1), Fraction(1)), recipe))
    assert settle("x", "softsign", number, (Fraction(1), Fraction(1)), recipe).agreement is Agreement.UNDECIDED
    assert settle("x", "softsign", number, (Fraction(2), Fraction(3)), recipe).agreement is Agreement.UNDECIDED
    below = (Fraction(1, 2), Fraction(9, 10))
    assert settle("x", "softsign", number, below, recipe).agreement is Agreement.CONTRADICTS


@pytest.mark.parametrize("rho", ["0", "1/2", "-9/10", "99/100", "1", "-1"])
@pytest.mark.parametrize("variances", [("1", "1"), ("9/4", "1/4")])
def test_the_estimated_error_covers_the_true_one(rho: str, variances: tuple[str, str]) -> None:
    """Where the dual activation is known in closed form (arcsine for erf, arc-cosine of order one for ReLU)."""
    with mp.workdps(60):
        a, b, r = (mp.mpf(Fraction(q).numerator) / Fraction(q).denominator for q in (*variances, rho))
        c = r * mp.sqrt(a * b)
        truth = {
            "erf": 2 / mp.pi * mp.asin(2 * c / mp.sqrt((1 + 2 * a) * (1 + 2 * b))),
            "relu": mp.sqrt(a * b) * (mp.sqrt(1 - r * r) + (mp.pi - mp.acos(r)) * r) / (2 * mp.pi),
        }
        for name, value in truth.items():
            f = evaluated(activation(name).expression)
            got = Plane(f, f, a, b, 20).mean(r)
            assert abs(got.value - value) <= got.error <= mp.mpf(10) ** -18, (name, got)


@pytest.mark.parametrize("name", ["tanh(x) + 1/2", "elu", "hardtanh(x) + 1/2", "abs", "x**2*exp(-x**2/2)"])
def test_means_over_the_plane_agree_with_mpmath_alone(name: str) -> None:
    """At correlation 0 the mean of a product is a product of means, which mpmath's own quadrature gives."""
    f = evaluated(activation(name).expression)
    with mp.workdps(30):
        ends = sorted({mp.mpf(-12), mp.zero, mp.mpf(12), *f.numeric_kinks()})
        single = mp.quad(lambda x: f.value(x) * mp.npdf(x), ends)
        got = Plane(f, f, mp.one, mp.one, 18).mean(mp.zero)
        assert single > mp.mpf(1) / 10
        assert abs(got.value - single**2) < mp.mpf(10) ** -16


def test_what_mpmath_cannot_settle_is_undecided() -> None:
    """Two variables that are nearly parallel: no rule in the plane is fine enough, and nothing is called agreement."""
    elu = activation("elu").expression
    recipe = Dual(elu, elu, Fraction(1), Fraction(1), 1 - Fraction(1, 10**14))
    number = EnclosedNumber("x.y", "dual activation", "here", lambda: ((Fraction(0), Fraction(1)), recipe))
    for ends in ((Fraction(0), Fraction(1)), (Fraction(5), Fraction(6))):
        settled = settle("x", "elu", number, ends, recipe)
        assert settled.agreement is Agreement.UNDECIDED
        assert settled.reason


def test_the_judgement_on_an_interval() -> None:
    """Outside by more than the error: a contradiction. An error that is large beside the interval: undecided."""
    one = mp.one

    def say(value: float, error: float, low: float, high: float, lower_bound: bool = False) -> str:
        return verdict(Recomputed(mp.mpf(value), mp.mpf(error), one, lower_bound), mp.mpf(low), mp.mpf(high)).name

    assert say(1.5, 0.01, 1, 2) == "AGREES"
    assert say(2.1, 0.05, 1, 2) == "CONTRADICTS"
    assert say(2.01, 0.02, 1, 2) == "AGREES"  # it may lie inside, and little is left open
    assert say(2.1, 0.9, 1, 2) == "UNDECIDED"
    assert say(0.5, 0.01, 1, 2, lower_bound=True) == "UNDECIDED"
    assert say(2.5, 0.01, 1, 2, lower_bound=True) == "CONTRADICTS"
    assert say(math.nan, 0.01, 1, 2) == "UNDECIDED"


def test_digits_follow_the_enclosure() -> None:
    wide, narrow = (Fraction(1), Fraction(2)), (Fraction(1), 1 + Fraction(1, 10**25))
    assert digits_for(wide) < digits_for(narrow) < digits_for((Fraction(1), Fraction(1)))


def test_the_sample_is_that_of_the_seed() -> None:
    """The same study gives the same numbers; each kind has its turn before any has two."""
    study = Study("one", ("implicit-relu", "resnet-rkhs"), (), load("digits", 5))
    first, again = (opinion.second_opinion(study, 6) for _ in range(2))
    assert first.findings == again.findings
    assert len(first.findings) == 6
    assert len(first.kinds) == 3
    assert first.count(Agreement.AGREES) == 6
    chosen = {(f.subject, f.where) for f in first.findings}
    from dataclasses import replace

    other = opinion.second_opinion(replace(study, budget=replace(study.budget, seed=1)), 6)
    assert {(f.subject, f.where) for f in other.findings} != chosen


def test_it_is_kept_with_its_study(tmp_path) -> None:
    """What is read back is what was written, and belongs to this study alone; a damaged file is none."""
    study = Study("one", ("implicit-relu",), (), load("digits", 3))
    found = opinion.second_opinion(study, 2)
    path = found.save(tmp_path)
    assert opinion.stored(tmp_path, study.digest) == found
    assert opinion.stored(tmp_path, "0" * 64) is None
    path.write_text(path.read_text("utf-8")[:-20], "utf-8")
    assert opinion.stored(tmp_path, study.digest) is None


def test_unusual_functions_are_evaluated() -> None:
    """The words of the grammar at a point, against sympy's own evaluation."""
    for text in ("softplus(x)", "normal_cdf(x)", "sigmoid(2*x)", "Max(x, Min(1, 2*x)) + sign(x)", "abs(x)**(3/2)"):
        expression = activation(text).expression
        with mp.workdps(30):
            got = evaluated(expression).value(mp.mpf(7) / 5)
            assert abs(got - mp.mpf(str(sympy.N(expression.subs(X, sympy.Rational(7, 5)), 30)))) < mp.mpf(10) ** -25


def test_a_recipe_by_hand() -> None:
    """E u^2 v^2 = ab + 2c^2."""
    got = recompute(Dual(X**2, X**2, Fraction(2), Fraction(3), Fraction(1)), 20)
    assert abs(got.value - 8) <= got.error < mp.mpf(10) ** -15

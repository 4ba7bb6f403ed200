"""A failure here means that the ReLU equilibrium is wrong: an enclosure misses a digit computed by other means.

Digits: own computation with mpmath, 60 digits working precision, three points with C_12 = 1/2, C_13 = -1/4, C_23 = 1/5
and sigma_w^2 = 1/16; for other variances the closed form cos t = s Q(cos t) + (1 - s) C is solved here by mpmath.
"""

from __future__ import annotations

from fractions import Fraction

import mpmath
import numpy as np
import pytest
from flint import arb, arb_mat

from certigram.numerics.balls.ball import Ball, enclose
from certigram.numerics.balls.precision import precision
from certigram.numerics.checks.registry import decide
from certigram.numerics.kernels.gram import gram_arb
from certigram.numerics.kernels.input_gram import input_gram
from certigram.numerics.papers.deep_equilibrium.instance import EquilibriumInstance
from certigram.numerics.papers.deep_equilibrium.population.contraction import homogeneous_mean_square
from certigram.numerics.papers.deep_equilibrium.population.tangent import equilibrium_tangent_series
from certigram.numerics.studies.data import DataSet, load
from certigram.numerics.studies.networks import instance
from certigram.numerics.studies.study import Study
from certigram.theory.activations.activation import activation
from certigram.theory.claims.system import systems
from certigram.theory.errors import SpecError
from certigram.theory.verdict import Verdict

COSINES = [["1", "1/2", "-1/4"], ["1/2", "1", "1/5"], ["-1/4", "1/5", "1"]]
BITS = 128
RHO = {
    (0, 1): "0.507109157645605884598038900691675",
    (0, 2): "-0.2208962627038429440877662210232755",
    (1, 2): "0.21455904393270497707501287724326354",
}
ENTRY = {
    (0, 1): "0.65466295715167376380653057180458675",
    (0, 2): "0.23003711652108042090212316120276482",
    (1, 2): "0.46180768311816494208021977161836441",
}
EIGENVALUES = [
    "0.361271994783282017392403291082516626",
    "0.85228308572808352083918730512567307643",
    "1.9864449194886344617684094037918102976",
]
TANGENT_EIGENVALUES = [
    "0.68431925247152247249448770902994359653",
    "1.3776819866293440067152315521382720227",
    "2.8446654275658001874569474054984510475",
]


def model(sigma_w2: str = "1/16", data: DataSet | None = None) -> EquilibriumInstance:
    data = data or DataSet(None, input_gram(COSINES), "three points")
    study = Study("relu", ("deq-relu",), ("relu",), data, parameters={"deq-relu": {"sigma_w2": Fraction(sigma_w2)}})
    found = instance("deq-relu", "relu", study)
    assert isinstance(found, EquilibriumInstance)
    return found


def meets(ball: arb, text: str, *, within: Fraction = Fraction(1, 10**30)) -> bool:
    """Whether the ball meets the printed digits, whose last three are given away, and is not wide."""
    x, digits = Fraction(text), len(text.split(".")[1])
    slack = Fraction(1, 10 ** (digits - 3))
    found = Ball(ball)
    return found.lower <= x + slack and x - slack <= found.upper and found.rad <= within


def cosines() -> arb_mat:
    with precision(BITS):
        return arb_mat([[enclose(Fraction(x)) for x in row] for row in COSINES])


def test_the_fixed_point_is_the_closed_form() -> None:
    point = model().fixed_point
    assert Ball(point.q).contains("16/15")
    assert Ball(point.s).contains("32/15")


def test_entries_and_eigenvalues_of_the_gram_matrix() -> None:
    """K and the correlations at 128 bits against the printed digits; the proved eigenvalue contains its digits."""
    inst = model()
    kernel = inst.kernel(320, BITS)
    for (i, j), text in ENTRY.items():
        with precision(BITS):
            c = enclose(Fraction(COSINES[i][j]))
            assert meets(kernel.series(c), text)
            assert meets(kernel.correlation(c), RHO[i, j])
    with precision(BITS):
        matrix = gram_arb(kernel.series, cosines(), BITS).arb
        assert matrix is not None
        roots = sorted((root.real for root in matrix.eig()), key=lambda root: float(root.mid()))
        for root, text in zip(roots, EIGENVALUES, strict=True):
            assert meets(root, text, within=Fraction(1, 10**25))
    assert inst.eigenvalue.contains(Fraction(EIGENVALUES[0]))
    assert inst.eigenvalue.relative_width < 1e-5


def test_the_tangent_kernel() -> None:
    """The eigenvalues of Theta; chi is sigma_w^2 exactly."""
    tangent = equilibrium_tangent_series(model().kernel(320, BITS))
    assert Ball(tangent.stability).contains("1/16")
    with precision(BITS):
        matrix = gram_arb(tangent.tangent, cosines(), BITS).arb
        assert matrix is not None
        roots = sorted((root.real for root in matrix.eig()), key=lambda root: float(root.mid()))
    for root, text in zip(roots, TANGENT_EIGENVALUES, strict=True):
        assert meets(root, text, within=Fraction(1, 10**25))


@pytest.mark.parametrize("sigma_w2", ["0", "1/8", "1/2", "3/4", "19/20"])
def test_every_variance_below_one(sigma_w2: str) -> None:
    """Past the Lipschitz range 1/2 the kernel is still the closed form, at the digits of mpmath."""
    inst = model(sigma_w2)
    inst.admit()
    kernel = inst.kernel(400, BITS)
    w = Fraction(sigma_w2)
    assert Ball(kernel.fixed_point.q).contains(1 / (1 - w))
    with mpmath.workdps(40):
        weight = mpmath.mpf(w.numerator) / w.denominator

        def arc_cosine(x: mpmath.mpf) -> mpmath.mpf:
            return (mpmath.sqrt(1 - x * x) + x * (mpmath.pi - mpmath.acos(x))) / mpmath.pi

        for c in (mpmath.mpf(1) / 2, -mpmath.mpf(1) / 4):
            x = c
            for _ in range(4000):
                x = weight * arc_cosine(x) + (1 - weight) * c
            truth = arc_cosine(x) / (1 - weight)
            with precision(BITS):
                found = Ball(kernel.series(enclose(Fraction(float(c)))))
            assert abs(mpmath.mpf(found.mid.numerator) / found.mid.denominator - truth) <= float(found.rad) + 1e-30
            assert found.rad < Fraction(1, 10**8)


@pytest.mark.parametrize("sigma_w2", ["1", "5/4"])
def test_the_variance_one_is_refused(sigma_w2: str) -> None:
    with pytest.raises(SpecError, match=r"\[0, 1\)"):
        model(sigma_w2).admit()


def test_other_activations_are_refused() -> None:
    study = Study("relu", ("deq-relu",), ("tanh",), load("digits", 3))
    with pytest.raises(SpecError, match="deq-general"):
        instance("deq-relu", "tanh", study)


def test_the_mean_slope_of_homogeneous_functions() -> None:
    """The constant that replaces L: exact, and only for functions with one slope on each side of 0."""
    assert homogeneous_mean_square(activation("leaky_relu(1/10)")) == Fraction(101, 200)
    assert homogeneous_mean_square(activation("abs")) == 1
    for name in ("tanh", "gelu", "elu", "x/2 + 1", "Max(x, 1)"):
        assert homogeneous_mean_square(activation(name)) is None


def test_which_claims_hold_past_the_range_of_contracting_weights() -> None:
    """At sigma_w^2 = 3/4 the population claims are proved; those about given weights say that these do not contract."""
    inst = model("3/4", load("digits", 12))
    verdicts = {}
    for claim in systems()["deq-relu"].claims:
        if not claim.statistical:
            found = decide(claim, inst)[0]
            verdicts[claim.label] = found.verdict
            assert not found.verdict.favourable or found.argument is claim.argument  # nothing here falls behind it
    population = ("C7", "C8", "C9", "C10", "C11", "C12", "C13", "C13'", "C14", "λ*", "C16", "C17'", "C23")
    assert all(verdicts[label].favourable for label in population), verdicts
    trained = ("C19", "C20", "C21", "C24", "C24'", "C25", "C25'", "C25''")
    assert {verdicts[label] for label in trained} == {Verdict.NOT_APPLICABLE}


def test_no_claim_of_the_list_is_missing() -> None:
    """The list of claims about deep equilibrium models, without those about dual activations and implicit kernels."""
    common = {"C7", "C8", "C9", "C10", "C11", "C12", "C13", "C13'", "C14", "C16", "C17'", "C19", "C20", "C21", "C22"}
    common |= {"C23", "C24", "C25", "C26", "C30"}
    relu = {claim.label for claim in systems()["deq-relu"].claims}
    general = {claim.label for claim in systems()["deq-general"].claims}
    assert common <= relu
    assert common | {"C17", "C18"} <= general


def test_least_eigenvalues_of_the_table() -> None:
    """lambda_* and lambda_min(Theta) of ReLU on the points of the table, printed with 8 digits in float64."""
    rng = np.random.default_rng(0)
    from certigram.numerics.kernels.points import points

    data = DataSet(points(rng.standard_normal((10, 8)).T), None, "eight random points")
    inst = model("1/16", data)
    assert inst.eigenvalue.lower <= 0.08474311 + 5e-9
    assert inst.eigenvalue.upper >= 0.08474311 - 5e-9
    certificate, _ = decide(systems()["deq-relu"].claim("deq-relu.tangent-order"), inst)
    assert certificate.lower is not None
    assert certificate.upper is not None
    assert certificate.lower - 5e-9 <= 0.23609566 <= certificate.upper + 5e-9


def test_past_the_range_of_contracting_weights_the_lemma_of_that_range_is_cited() -> None:
    """At sigma_w2 = 3/4 the lemma with the Lipschitz constant says nothing."""
    for variance in ("3/4", "1/16"):
        inst = model(variance)
        for slug in ("variance-contraction", "correlation-contraction", "variance-bound"):
            found, _ = decide(systems()["deq-relu"].claim(f"deq-relu.{slug}"), inst)
            assert found.verdict.favourable
            assert "lemma.relu-range" in found.evidence[0].text
            assert "lemma.well-posed" not in found.evidence[0].text

"""A failure here means that a certificate says PROVED of a statement that is false as it is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from flint import arb

from certigram.numerics.balls.budget import Budget
from certigram.numerics.balls.enclosure import Enclosure
from certigram.numerics.certificates.certificate import Certificate
from certigram.numerics.checks.registry import decide, find_control
from certigram.numerics.checks.sampled import SampledInstance
from certigram.numerics.eigenvalues.eigenvalue import decide_at_least
from certigram.numerics.kernels.ballmatrix import BallMatrix
from certigram.numerics.kernels.input_gram import input_gram
from certigram.numerics.kernels.points import points
from certigram.numerics.papers.deep_equilibrium.checks import fixed_point
from certigram.numerics.papers.deep_equilibrium.instance import EquilibriumInstance
from certigram.numerics.sampling.experiment import Plan, Subject, run
from certigram.numerics.sampling.statistics import BinomialTest
from certigram.numerics.studies.data import DataSet
from certigram.theory.activations.activation import activation
from certigram.theory.claims.system import system
from certigram.theory.verdict import Evidence, Verdict


def instance(
    rows: Sequence[Sequence[float]],
    name: str,
    sigma_w2: str = "1/16",
    *,
    normalize: str | None = None,
    budget: Budget | None = None,
) -> EquilibriumInstance:
    data = DataSet(points(np.array(rows, dtype=np.float64)), None, "planted", normalize)
    return EquilibriumInstance("deq-general", activation(name), data, Fraction(sigma_w2), budget or Budget())


def certificate(inst: EquilibriumInstance, slug: str) -> Certificate:
    return decide(system("deq-general").claim(f"deq-general.{slug}"), inst)[0]


def test_the_relu_variance_is_not_proved_for_inputs_of_another_norm() -> None:
    """|x|²/d = 2 gives q = 2/(1 − σ_w²); the statement says 1/(1 − σ_w²)."""
    inst = instance([[2.0, 0.0], [0.0, 2.0]], "relu")
    assert bool(inst.fixed_point.q > 2)
    assert certificate(inst, "relu-fixed-point").verdict is Verdict.NOT_APPLICABLE
    assert certificate(inst, "relu-fixed-point").hypotheses[-1].verdict is Verdict.REFUTED
    assert certificate(instance([[1.0, 1.0], [1.0, -1.0]], "relu"), "relu-fixed-point").verdict.favourable


@pytest.mark.parametrize("slug", ["psd-order", "lower-bound-gershgorin", "positive-definite"])
def test_a_common_norm_other_than_that_of_the_sphere_is_not_the_hypothesis(slug: str) -> None:
    """C_ii = 2/5 here; the statement of LB_G, with 1 on the diagonal of C, would be about another matrix."""
    data = DataSet(None, input_gram([["2/5", "1/5"], ["1/5", "2/5"]]), "planted", None)
    inst = EquilibriumInstance("deq-general", activation("tanh"), data, Fraction(1, 16), Budget())
    assert certificate(inst, slug).verdict is Verdict.NOT_APPLICABLE
    assert certificate(inst, "least-eigenvalue").verdict is Verdict.PROVED


@pytest.mark.parametrize("name", ["tanh", "relu", "x/2 + 1"])
def test_correlations_exist_at_any_norms_and_a_wrong_variance_is_seen(name: str) -> None:
    """s_i off by 1e-9 at one of three norms, one of them 0, is no equality; relu attains the bound at every pair."""
    rows = [[1.0, 2.0], [3.0, -1.0], [0.0, 0.0]]
    inst = EquilibriumInstance(
        "deq-general",
        activation(name),
        DataSet(points(rows, zero_rows=True), None, "three norms", None),
        Fraction(1, 16),
        Budget(),
    )
    assert certificate(inst, "correlation-contraction").verdict is Verdict.ARGUED
    norm, point = max(inst.variances.items())
    inst.variances[norm] = replace(point, s=point.s * (1 + arb("1e-9")))
    assert certificate(inst, "correlation-contraction").verdict is Verdict.REFUTED


def test_the_a_priori_bound_speaks_of_the_norm_of_the_input() -> None:
    """The identity at σ_w = 0 has sqrt(q) = sqrt(2 C_ii) = 3, beyond the sqrt 2 of the sphere."""
    assert "C_{ii}" in system("deq-general").claim("deq-general.variance-bound").statement
    found = certificate(instance([[3.0, 0.0], [0.0, 4.0]], "x", "0"), "variance-bound")
    assert found.verdict is not Verdict.REFUTED
    assert found.upper is None or found.upper > 1.5


def test_the_a_priori_bound_is_compared_for_every_norm(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bound that is right for one norm and undecided for the other, the two margins overlapping."""
    inst = instance([[1.0, 1.0], [1.0, 2.0]], "tanh")
    first, second = (point.q.sqrt() for point in inst.variances.values())
    planted = {2: first + arb(1, 0.5), 5: second + arb(0.5, 1)}

    def bound(_at_zero: arb, _lipschitz: arb, _sigma_w2: Fraction, *, input_variance: arb) -> arb:
        return planted[int(float(input_variance))]

    monkeypatch.setattr(fixed_point, "a_priori_bound", bound)
    assert certificate(inst, "variance-bound").verdict is Verdict.UNKNOWN


def test_points_that_float64_cannot_tell_apart_leave_the_discs_undecided() -> None:
    """The cosine is below 1 but its proved upper bound is not: r_0 is not known, and nothing may be concluded."""
    rows = [[1.0, 1.0], [1.0, 1.0 + 2.0**-52], [1.0, -3.0]]
    inst = instance(rows, "tanh", normalize="sphere", budget=Budget(max_bits=128, max_terms=32))
    assert inst.inputs.separation == 1.0
    found = certificate(inst, "lower-bound-gershgorin")
    assert found.hypotheses[-1].verdict is Verdict.PROVED  # not parallel, decided in integers
    assert found.verdict is Verdict.UNKNOWN
    for _, simple in (inst.bounds.simple(inputs=inputs) for inputs in (True, False)):
        assert simple.lower == 0.0 < simple.upper < np.inf


def test_no_bound_is_given_for_a_matrix_in_another_precision() -> None:
    """In float32 the shift itself was rounded: 1e-8 above the least eigenvalue was accepted as a lower bound."""
    d = 2.0**-10 - 2.0**-27  # exact in float32; the least eigenvalue of I + d (11' - I) is 1 - d
    exact = np.full((3, 3), d) + (1 - d) * np.eye(3)
    least = 1 - Fraction(d)
    assert decide_at_least(BallMatrix(exact, 0.0), least + Fraction(1, 10**8))[0] is Verdict.REFUTED
    for kind in (np.float32, np.longdouble, np.int64):
        with pytest.raises(ValueError, match="float64"):
            BallMatrix(exact.astype(kind), 0.0)
    with pytest.raises(ValueError, match="float64"):
        BallMatrix(exact, np.full((3, 3), 0.1, dtype=np.float32))


@pytest.mark.parametrize("bits", [24, 40])
def test_the_margin_of_the_order_is_enclosed_at_few_bits_too(bits: int) -> None:
    """P − (2/s) C was formed with the lower end of a ball for 2/s: at 24 bits the eigenvalue was 7e-8 too large."""
    rows = [[1.0, 1.0], [1.0, -1.0]]
    lower, upper = [], []
    for b in (bits, 200):
        found = certificate(instance(rows, "erf", normalize="sphere", budget=Budget(bits=b)), "psd-order")
        lower.append(found.lower)
        upper.append(found.upper)
    assert max(lower) <= min(upper)


def test_an_event_about_an_eigenvalue_of_which_nothing_is_known_is_not_observed() -> None:
    """With 0 <= lambda_* <= 1000, "lambda_min(G_m) >= lambda_*/2" was counted for the lower end: it always happened."""
    base = instance(np.random.default_rng(5).standard_normal((4, 16)).tolist(), "tanh", normalize="sphere")
    subject = Subject(base.activation, base.gram.mid, base.gram.radius_norm(), 1.0)
    plan = Plan("deq-general", base.network_inputs, (subject,), (512, 1024), 2, parameters={"sigma_w2": base.sigma_w2})
    base.__dict__["eigenvalue"] = Enclosure(0.0, 1000.0, Evidence.ENCLOSED, "planted")
    claim = system("deq-general").claim("deq-general.gram-convergence")
    _, (*_, event) = decide(claim, SampledInstance(base, run(plan), 0))
    assert isinstance(event, BinomialTest)
    assert event.successes == 0


def test_the_relu_correlations_are_part_of_the_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    """The claim has two equations; with the dual of another function the second one must fail."""
    inst = instance([[1.0, 1.0], [1.0, -0.5]], "relu", normalize="sphere")
    assert certificate(inst, "relu-fixed-point").verdict.favourable
    monkeypatch.setattr(fixed_point, "arc_cosine", lambda x: (x + x * x) / 2)
    assert certificate(inst, "relu-fixed-point").verdict is Verdict.REFUTED


BOUNDS = ("lower-bound-correlation", "lower-bound-schur", "lower-bound-series", "lower-bound-gershgorin")


@pytest.mark.parametrize("name", ["tanh", "relu", "cos(x)", "x", "x + 1"])
@pytest.mark.parametrize("slug", BOUNDS)
def test_a_bound_for_one_input_is_a_part_of_the_only_entry(slug: str, name: str) -> None:
    """One input: LB_P is q without the constant term, so that it equals q or lies below it, and is never refuted."""
    found = certificate(instance([[3.0, 4.0]], name, "1/9", normalize="sphere"), slug)
    assert found.verdict.favourable or found.verdict is Verdict.NOT_APPLICABLE, found.reason
    control = find_control(found.claim.partition(".")[2])
    assert control(instance([[3.0, 4.0]], name, "1/9", normalize="sphere")).verdict is Verdict.REFUTED


@pytest.mark.parametrize("rows", [[[0.0, 0.0], [1.0, 2.0]], [[0.0, 0.0]], [[1.0, 2.0], [0.0, 0.0], [-2.0, 1.0]]])
def test_controls_of_the_variance_see_past_zero_inputs(rows: list[list[float]]) -> None:
    """At a zero input q = 0, and 0 times 1 + 1e-9 is still the fixed point: the planted value must be another."""
    data = DataSet(points(rows, zero_rows=True), None, "with a zero", None)
    inst = EquilibriumInstance("deq-general", activation("tanh"), data, Fraction(1, 16), Budget())
    for method in ("variance-contraction", "variance-bound"):
        assert find_control(method)(inst).verdict is Verdict.REFUTED

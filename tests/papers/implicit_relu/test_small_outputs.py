"""Descent from small outputs: the widths as they were first found, the conditions, and attacks on both.

A failure means that a certified width, step or number of steps has changed, or that something false is certified.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from flint import arb, arb_mat
from hypothesis import given, settings
from hypothesis import strategies as st

from certigram.numerics.balls.precision import precision
from certigram.numerics.kernels.points import points
from certigram.numerics.papers.implicit_relu.checks.descent import run_relations
from certigram.numerics.papers.implicit_relu.descent.closed import closed_at, closed_width
from certigram.numerics.papers.implicit_relu.descent.concentration import METHODS, boosted, chernoff, truncated
from certigram.numerics.papers.implicit_relu.descent.hypotheses import output_law, output_size
from certigram.numerics.papers.implicit_relu.descent.measured import close, measure, with_outputs
from certigram.numerics.papers.implicit_relu.descent.moments import cubes, squares, variance
from certigram.numerics.papers.implicit_relu.descent.theorem import Initial, certify, conditions, constants
from certigram.numerics.papers.implicit_relu.descent.width import Setting, at_width, initial, least_width
from certigram.numerics.papers.implicit_relu.instance import ImplicitInstance, TrainingPlan
from certigram.numerics.papers.implicit_relu.network import Network, sample_parameters
from certigram.numerics.papers.implicit_relu.training import descend
from certigram.numerics.proof_lines.relations import relations
from certigram.numerics.small_output_descent.horizon import Horizon, Start, horizon
from certigram.numerics.studies.data import DataSet, load
from certigram.theory.errors import SpecError
from certigram.theory.verdict import Verdict

GOLDEN = json.loads(Path(__file__).with_name("widths.json").read_text(encoding="utf-8"))
ORTHOGONAL, SIGNS = np.eye(2), np.array([1.0, -1.0])
LOSS = Fraction(1, 10**6)


@cache
def setting(data: str) -> Setting:
    """Two orthogonal inputs, normalised Gaussian rows of default_rng(0) in dimension 10 and 64, digits; γ = 1/10."""
    if data == "200 digits":
        return ImplicitInstance(load("digits", 200), gamma=Fraction(1, 10)).setting
    rows = ORTHOGONAL
    if data != "two orthogonal inputs":
        n, d = {"20 gaussian inputs": (20, 10), "200 gaussian inputs": (200, 64)}[data]
        rows = np.random.default_rng(0).standard_normal((n, d))
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    labels = np.where(np.arange(len(rows)) % 2, -1.0, 1.0)
    return ImplicitInstance(DataSet(points(rows), labels, data), gamma=Fraction(1, 10)).setting


NONE, SLOW = Fraction(0), Fraction(1, 100)
CHANGES: dict[str, dict[str, object]] = {
    "zero": {},
    "zero, a twentieth": {"share": Fraction(1, 20)},
    "gamma 1/100": {"gamma": Fraction(1, 100)},
    "gamma 1/4": {"gamma": Fraction(1, 4)},
    "gamma 2/5": {"gamma": Fraction(2, 5)},
    "outputs only": {"recurrent_step": NONE, "input_step": NONE},
    "outputs and A": {"input_step": NONE},
    "two-layer network": {"states_read": False},
    "rho 1/100": {"recurrent_step": SLOW, "input_step": SLOW},
    "flow, zero": {"flow": True},
    "flow, standard": {"flow": True, "outputs": Fraction(1)},
}


@pytest.mark.parametrize(("data", "row"), [(data, row) for data, rows in GOLDEN.items() for row in rows])
def test_the_widths_are_those_that_were_found(data: str, row: str) -> None:
    """To three digits: width, largest step, and steps to a millionth of the loss."""
    width, step, steps = GOLDEN[data][row]
    asked = setting(data)
    if row == "closed form":
        found = closed_width(asked)
        assert found is not None
        assert closed_at(asked, found.width - 1) is None
        rate = Horizon(arb(0), found.rate, arb(0), arb(0))
        seen, largest, count = found.width, float(found.step), rate.steps(found.step, arb("1e-6"))
    else:
        sharp = least_width(replace(asked, **CHANGES[row]))  # type: ignore[arg-type]  # fields by name
        assert sharp is not None
        assert at_width(replace(asked, **CHANGES[row]), sharp.width - 1) is None  # type: ignore[arg-type]  # likewise
        start = sharp.initial
        assert all(r.verdict is Verdict.PROVED for r in conditions(start, sharp.descent))
        seen, largest = sharp.width, float(sharp.descent.step)
        count = sharp.descent.steps(LOSS)
    assert seen == pytest.approx(width, rel=1e-6, abs=1)
    if step is not None:
        assert largest == pytest.approx(step, rel=6e-4)
        assert count == pytest.approx(steps, rel=2e-3, abs=1)


def test_wider_networks_are_certified_too() -> None:
    """Monotonicity in the width, which the proof uses: no width above the least one is refused."""
    for changes in ({}, {"flow": True, "outputs": Fraction(1)}):
        asked = replace(setting("two orthogonal inputs"), **changes)  # type: ignore[arg-type]  # fields by name
        found = least_width(asked)
        assert found is not None
        rates = []
        for factor in (1, 2, 10, 1000, 10**9):
            wider = at_width(asked, found.width * factor)
            assert wider is not None
            rates.append(float(wider.descent.horizon.rate))
        assert rates == sorted(rates)


def test_no_width_is_certified_for_outputs_above_the_limit() -> None:
    """ς_* = 0.257 for two orthogonal inputs: 0.25 is admitted at a large width, 0.26 at none; nor γ = 1/2."""
    asked = setting("two orthogonal inputs")
    assert at_width(replace(asked, outputs=Fraction(1, 4), share=Fraction(1, 100)), 10**12) is not None
    assert least_width(replace(asked, outputs=Fraction(26, 100), share=Fraction(1, 1000))) is None
    assert least_width(replace(asked, gamma=Fraction(1, 2))) is None
    for bad in ({"delta": Fraction(1)}, {"gamma": Fraction(0)}, {"outputs": Fraction(-1)}):
        with pytest.raises(SpecError):
            least_width(replace(asked, **bad))  # type: ignore[arg-type]  # fields by name


def test_outputs_are_refuted_from_lower_bounds_of_the_norms_only() -> None:
    """λ a ten-thousandth below the upper bound of K |w|^2, and ς between the limits of two bounds of ‖X‖: undecided."""
    found = measure(
        with_outputs(Network(sample_parameters(64, 2, 0), Fraction(1, 10), np.eye(2)), 0.5), np.array([1.0, -1.0])
    )
    assert found is not None
    start = found.initial
    with precision(96):
        most = float(constants(start, start.contraction, start.states).coupling * start.outputs)
    for share, verdict in ((1.0001, Verdict.PROVED), (0.9999, Verdict.UNKNOWN), (0.99, Verdict.REFUTED)):
        least = replace(found.least, lower=share * most, upper=share * most)
        assert output_size(replace(found, least=least))[0] is verdict
    asked = setting("two orthogonal inputs")
    loose = replace(asked, population=replace(asked.population, inputs=arb("1.1")))
    for outputs, verdict in ((23, Verdict.PROVED), (25, Verdict.UNKNOWN), (26, Verdict.REFUTED)):
        assert output_law(loose, Fraction(outputs, 100), arb(1))[0] is verdict


def test_the_closed_width_is_refused_where_it_says_nothing() -> None:
    """It is a statement about zero outputs and inner steps of at most η."""
    for changes in ({"outputs": Fraction(1)}, {"input_step": Fraction(2)}):
        with pytest.raises(SpecError, match="zero outputs"):
            closed_width(replace(setting("two orthogonal inputs"), **changes))  # type: ignore[arg-type]  # fields


def test_random_outputs_share_the_failure_among_five_events() -> None:
    """Every bound of the start is that of one event in five, not in three."""
    asked = setting("two orthogonal inputs")
    three, five = (initial(replace(asked, outputs=Fraction(k)), 10**4) for k in (0, 1))
    assert three is not None
    assert five is not None
    for m, found, count in ((10**4, three[0], 3), (10**4, five[0], 5)):
        t = math.sqrt(2 * math.log(count * 20))
        assert float(found.contraction) == pytest.approx(0.1 * (2 + t / math.sqrt(m)), rel=1e-12)
        assert float(found.frobenius) == pytest.approx(1 + t / math.sqrt(m), rel=1e-12)
    assert float(five[0].outputs) == pytest.approx((math.sqrt(2e4) + t) ** 2, rel=1e-12)


# -- the lemma against adversaries -------------------------------------------------------


@settings(max_examples=150, deadline=None)
@given(
    st.floats(0.05, 4), st.floats(0, 0.6), st.floats(0, 0.6), st.floats(0, 2), st.floats(0, 3), st.floats(0.05, 3),
    st.floats(0.05, 1),
)  # fmt: skip
def test_no_sequence_that_saturates_the_hypotheses_beats_the_lemma(
    least: float, drift: float, coupling: float, outputs: float, labels: float, residual: float, share: float
) -> None:
    """An adversary in one dimension: every inequality that the lemma is given holds with equality at each step."""
    found = horizon(Start(*map(arb, (least, drift, coupling, outputs, labels, residual))))
    if found is None:
        return
    largest = 4 * least + 1
    step = share * 2 / (largest + least)
    w2, e, time, path = outputs, residual, 0.0, 0.0
    c, T = float(found.rate), float(found.time)
    for _ in range(300):
        kept = max(math.sqrt(least) - drift * path, 0.0) ** 2
        before = e
        time, path = time + step * e, path + step * math.sqrt(w2) * e
        after = w2 + 2 * step * labels * e
        e = (1 - step * kept) * e + step * coupling * math.sqrt(w2 * after) * before
        w2 = after
        assert e <= (1 - step * c) * before * (1 + 1e-12)
        assert time <= T * (1 + 1e-12)
        assert path <= float(found.path) * (1 + 1e-12)
        assert w2 <= float(found.outputs) * (1 + 1e-12)


def test_a_matrix_with_fewer_rows_than_inputs_starts_nothing() -> None:
    """One unit and three inputs: λ is 0 although the least singular value of Φ is not, and nothing is certified."""
    narrow = Network(sample_parameters(1, 3, 1), Fraction(1, 10), np.eye(3))
    assert measure(with_outputs(narrow, 0.0), np.ones(3)) is None


# -- the inequalities of one step ----------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 7), st.integers(1, 5), st.floats(0.01, 0.95), st.booleans())
def test_one_step_keeps_its_bounds_whatever_the_slopes_are(seed: int, m: int, n: int, a: float, lattice: bool) -> None:
    """(1), (2) and the coupling on random networks: slopes anywhere in [0, 1] at kinks, repeated and zero inputs."""
    rng = np.random.default_rng(seed)

    def draw(*shape: int) -> np.ndarray:
        return rng.integers(-2, 3, shape).astype(float) if lattice else rng.standard_normal(shape)

    X, W, A, u, v, e = draw(n, 3), draw(m, 3), draw(m, m), draw(m), draw(m), draw(n)
    norm = np.linalg.norm(A, 2) or 1.0
    B = a * A / norm  # the scaled recurrent weights, γ/sqrt(m) A with γ = 1
    root = math.sqrt(m)
    eta = 10.0 ** rng.uniform(-4, -1)

    def states(B: np.ndarray, W: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        phi = np.maximum(W @ X.T, 0) / root
        z = phi
        for _ in range(4000):
            z, before = np.maximum(B @ z + phi, 0), z
            if np.abs(z - before).max() <= 1e-15 * (1 + np.abs(z).max()):
                break
        return phi, z

    phi, z = states(B, W)
    raw, pre = W @ X.T, B @ z + phi
    free = rng.uniform(0, 1, (2, m, n))
    E = np.where(raw > 0, 1.0, np.where(raw < 0, 0.0, free[0]))
    D = np.where(pre > 0, 1.0, np.where(pre < 0, 0.0, free[1]))
    q = np.stack([D[:, i] * np.linalg.solve(np.eye(m) - B.T * D[:, i], u) for i in range(n)], axis=1)
    dW = -eta / root * ((E * (q + v[:, None])) * e) @ X
    dB = -eta / m * (q * e) @ z.T
    u1, v1 = u - eta * z @ e, v - eta * phi @ e
    top = max(np.linalg.norm(M, 2) for M in (B, B + dB))
    if top >= 0.99:
        return
    s, x, N = 1 / (1 - top), np.linalg.norm(X, 2), np.linalg.norm(z, 2)
    nu, nv, ne = (float(np.linalg.norm(t)) for t in (u, v, e))
    phi1, z1 = states(B + dB, W + dW)
    slack = 1 + 1e-9

    def small(value: float) -> float:
        return slack * value + 1e-12 * (1 + N) * (1 + nu + nv) * s

    assert np.linalg.norm(dW) <= small(eta * x / root * (s * nu + nv) * ne)
    assert root * np.linalg.norm(dB) <= small(eta / root * N * s * nu * ne)
    moved = np.linalg.norm(phi1 - phi)
    assert np.linalg.norm(z1 - z) <= small(s * (np.linalg.norm(dB) * N + moved))
    start = Initial(m, Fraction(1), arb(x), arb(top), arb(N), *[arb(1)] * 6)
    K = float(constants(start, arb(top), arb(N)).coupling)
    term = np.linalg.norm((phi1 - phi).T @ v1 + (z1 - z).T @ u1)
    assert term <= small(eta * K * math.hypot(nu, nv) * math.hypot(np.linalg.norm(u1), np.linalg.norm(v1)) * ne)


# -- measured networks ---------------------------------------------------------------------


def instance(**changes: object) -> ImplicitInstance:
    data = DataSet(points(ORTHOGONAL), SIGNS, "two orthogonal inputs")
    inst = ImplicitInstance(data, gamma=Fraction(1, 10), plan=TrainingPlan(width=256, points=2))
    return replace(inst, **changes)  # type: ignore[arg-type]  # fields by name


def test_small_outputs_close_and_standard_ones_never_do() -> None:
    """Zero and a hundredth of the standard law close with labels ±1; the standard law for no scale of the labels."""
    for outputs in (Fraction(0), Fraction(1, 100)):
        found = instance(outputs=outputs, plan=TrainingPlan(width=400, points=2)).closed
        assert found is not None
        assert found.scale == 1
    standard = instance(outputs=Fraction(1))
    assert standard.started is not None
    assert standard.closed is None
    assert certify(standard.started.initial) is None


def test_a_run_keeps_the_rate_of_the_theorem_and_not_a_faster_one() -> None:
    """The bounds along a run are two-sided: with a rate above what is seen the relation is refuted."""
    found = instance().closed
    assert found is not None
    run = descend(found.measured.network, found.measured.labels, float(found.descent.step) * 0.999, 5)
    slow, fast = (run_relations(found, run, arb(c))[0] for c in (float(found.descent.horizon.rate), 1.0))
    assert slow.verdict is Verdict.PROVED
    assert fast.verdict is Verdict.REFUTED


# -- concentration -------------------------------------------------------------------------


def test_each_statement_on_the_least_eigenvalue_is_below_what_is_seen() -> None:
    """At three widths, the bound with failure 1/20 of every method against 40 sampled networks."""
    rng = np.random.default_rng(3)
    population = setting("two orthogonal inputs").population
    for m in (400, 1500, 20000):
        seen = []
        for _ in range(40):
            phi = np.maximum(rng.standard_normal((m, 2)), 0)
            seen.append(np.linalg.eigvalsh(phi.T @ phi / m)[0])
        found = {name: method(population, m, arb("0.05")) for name, method in METHODS.items()}
        assert found["fourth moments"] is not None
        for value in found.values():
            assert value is None or float(value) < np.quantile(seen, 0.05)
    assert chernoff(population, 20000, arb("0.05")) is not None
    assert boosted(population, 20000, arb("0.5")) is None


def test_fourth_moments_by_quadrature_and_their_norm() -> None:
    """E χ_1² χ_2² and E χ_1³ χ_2 at three angles; V is at least the norm of Q, seen by sampling."""
    phi = np.linspace(-math.pi, math.pi, 200_001)
    for angle in (0.4, 1.7, 2.9):
        one, two = np.maximum(np.cos(phi), 0), np.maximum(np.cos(phi - angle), 0)
        with precision(96):
            cosine = arb(angle).cos()
            for value, powers in ((squares(cosine), (2, 2)), (cubes(cosine), (3, 1))):
                assert float(value) == pytest.approx(8 * np.mean(one ** powers[0] * two ** powers[1]), rel=1e-4)
    with precision(96):
        assert float(variance(arb_mat(np.eye(3).tolist()))) == pytest.approx((math.sqrt(1.5) + 1.0) ** 2, rel=1e-9)


# -- planted constants -----------------------------------------------------------------------


def lines(*names: str) -> Callable[[], None]:
    def guard() -> None:
        for name in names:
            assert all(relation.holds() for relation in relations(name)), name

    return guard


PLANTS = [
    (constants, "s1**2 * x2", "s**2 * x2", "theorem-induction"),
    (constants, "rho_a * gamma**2 * s * size", "rho_a * gamma**2 * size", "theorem-induction"),
    (
        constants,
        "s * (recurrent * start.states + features)",
        "recurrent * start.states + features",
        "theorem-induction",
    ),
    (truncated, "2 * xi / t", "xi / t", "feature-tail"),
    (truncated, "population.inputs / population.least.lower().sqrt()", "population.inputs", "feature-tail"),
    (squares, "2 * t**2", "t**2", "feature-moments"),
    (squares, "/ (2 * arb.pi())", "/ arb.pi()", "feature-moments"),
    (cubes, "2 + t**2", "1 + t**2", "feature-moments"),
    (Start.path, "2 * t * (a * a", "t * (a * a", "small-output-integrals"),
    (Start.covered, "27 * a**4", "26 * a**4", "small-output-integrals"),
    (Start.covered, "self.outputs + self.labels * t", "self.outputs", "small-output-integrals"),
]
NAMES = [f"{function.__qualname__}: {new}" for function, _, new, _ in PLANTS]


@pytest.mark.parametrize(("function", "old", "new", "guard"), PLANTS, ids=NAMES)
def test_a_wrong_constant_is_noticed(planted, function, old: str, new: str, guard: str) -> None:  # type: ignore[no-untyped-def]  # a fixture and functions of many types
    lines(guard)()
    with planted(function, old, new), pytest.raises(AssertionError):
        lines(guard)()


def test_labels_are_scaled_down_only_as_far_as_needed() -> None:
    """The scale of a measured network is the largest power of two that closes."""
    inst = instance(plan=TrainingPlan(width=48, points=2))
    assert inst.started is not None
    found = close(inst.started)
    assert found is not None
    assert 0 < found.scale < 1
    twice = replace(
        found.measured.initial, labels=2 * found.measured.initial.labels, residual=2 * found.measured.initial.residual
    )
    again = certify(twice)
    assert again is None or float(again.horizon.rate) < float(twice.least) / 2

"""Gradient descent of implicit ReLU networks from small outputs, run in float64 against every inequality of its proof.

A failure means that a bound of docs/papers/implicit_relu/descent.md is violated by a network that satisfies its
hypotheses, or that a control no longer breaks the conclusion. The runs are experiments: they prove nothing.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field, replace
from fractions import Fraction

import numpy as np
import pytest
from flint import arb

from certigram.numerics.balls.precision import precision
from certigram.numerics.kernels.points import points
from certigram.numerics.papers.implicit_relu.descent.concentration import truncated
from certigram.numerics.papers.implicit_relu.descent.measured import measure, with_outputs
from certigram.numerics.papers.implicit_relu.descent.theorem import Descent, Initial, certify
from certigram.numerics.papers.implicit_relu.descent.width import Setting, least_width
from certigram.numerics.papers.implicit_relu.instance import ImplicitInstance
from certigram.numerics.papers.implicit_relu.network import Equilibrium, Network, sample_parameters
from certigram.numerics.small_output_descent.horizon import Start
from certigram.numerics.studies.data import DataSet

pytestmark = pytest.mark.slow
ORTHOGONAL, SIGNS = np.eye(2), np.array([1.0, -1.0])
GAMMA = Fraction(1, 10)
ROUNDING = 1e-9
FLOOR = 1e-12
"""What rounding alone may show of a quantity of order 1 that is exactly 0."""


def network(m: int, seed: int, outputs: float = 0.0, inputs: np.ndarray = ORTHOGONAL) -> Network:
    return with_outputs(Network(sample_parameters(m, inputs.shape[1], seed), GAMMA, inputs), outputs)


def gap(before: Network, after: Network, name: str) -> float:
    return float(np.linalg.norm(getattr(after.weights, name) - getattr(before.weights, name)))


@dataclass
class Run:
    """One run: the worst ratio of each observed quantity to its bound, and the residuals."""

    worst: dict[str, float] = field(default_factory=dict)
    residuals: list[float] = field(default_factory=list)

    def seen(self, name: str, value: float, bound: float) -> None:
        beyond = max(float(value) - FLOOR, 0.0)
        share = beyond / float(bound) if bound > 0 else (math.inf if beyond else 0.0)
        self.worst[name] = max(self.worst.get(name, 0.0), share)


def descend(first: Network, labels: np.ndarray, start: Initial, found: Descent, step: float, most: int) -> Run:
    """Until the loss has fallen to a millionth, each inequality of the proof at each step."""
    run, m, gamma = Run(), start.width, float(start.gamma) / math.sqrt(start.width)
    a, N, T, M, c = (
        float(x) for x in (found.contraction, found.size, found.horizon.time, found.horizon.path, found.horizon.rate)
    )
    x, lam, Y = float(start.inputs), float(start.least), float(start.labels)
    s, K = 1 / (1 - a), float(found.constants.coupling)
    drift = {k: float(getattr(found.constants, k)) for k in ("features", "recurrent", "states", "everything")}
    J = drift["everything" if start.everything else "features"]
    omega = float(start.outputs)
    budget = Start(start.least, arb(J), arb(K), start.outputs, start.labels, start.residual)
    now, state, time, path = first, first.equilibrium(), 0.0, 0.0
    F0, Z0 = np.vstack([first.features.phi, state.z]), state.z
    for _ in range(most):
        phi, z, w = now.features.phi, state.z, np.concatenate([now.weights.v, now.weights.u])
        F, e = np.vstack([phi, z]), now.predictions(state, labels)[0]
        size, length = float(np.linalg.norm(e)), float(np.linalg.norm(w))
        run.residuals.append(size)
        if size**2 <= 1e-6 * run.residuals[0] ** 2:
            break
        after = now.with_weights(now.weights.moved(step, now.gradient(state, labels)))
        new: Equilibrium = after.equilibrium(state.z)
        w1, F1 = np.concatenate([after.weights.v, after.weights.u]), np.vstack([after.features.phi, new.z])
        u, v = float(np.linalg.norm(now.weights.u)), float(np.linalg.norm(now.weights.v))
        with precision(96):
            left = float(start.residual - budget.covered(arb(time)))
            allowed = float(budget.path(arb(time)))
        e1 = after.predictions(new, labels)[0]
        identity = e - step * (F.T @ (F @ e)) + (F1 - F).T @ w1
        assert np.linalg.norm(e1 - identity) <= ROUNDING * size
        if time > 0:  # at the start both sides are equal
            run.seen("|e| <= P(T_k)", size, left)
            run.seen("path <= M(T_k)", path, allowed)
        time, path = time + step * size, path + step * length * size
        run.seen("T_k <= T", time, T)
        run.seen("|w|^2 step", w1 @ w1, length**2 + 2 * step * Y * size)
        run.seen("|w|^2", w1 @ w1, omega + 2 * Y * time)
        run.seen("path <= M(T)", path, M)
        run.seen("|F|^2 <= Lambda", np.linalg.norm(F, 2) ** 2, float(found.largest))
        run.seen("|Z| <= N", np.linalg.norm(z, 2), N)
        run.seen("Delta W", gap(now, after, "W"), step * x / math.sqrt(m) * (s * u + v) * size)
        run.seen("Delta A", gap(now, after, "A"), step * gamma * N * s * u * size)
        moved_a, moved_phi = gap(now, after, "A"), np.linalg.norm(after.features.phi - phi)
        run.seen("Delta Phi", float(moved_phi), x / math.sqrt(m) * gap(now, after, "W"))
        run.seen("Delta Z", float(np.linalg.norm(new.z - z)), s * (gamma * moved_a * np.linalg.norm(z, 2) + moved_phi))
        if length > 0:
            run.seen("coupling", np.linalg.norm((F1 - F).T @ w1), step * K * length * np.linalg.norm(w1) * size)
        run.seen("drift of Phi", np.linalg.norm(after.features.phi - first.features.phi), drift["features"] * path)
        run.seen("drift of Z", np.linalg.norm(new.z - Z0), drift["states"] * path)
        run.seen("drift of A", gamma * gap(first, after, "A"), drift["recurrent"] * path)
        run.seen("drift of F", np.linalg.norm(F1 - F0), drift["everything"] * path)
        S = F1 if start.everything else after.features.phi
        run.seen("sigma_min", math.sqrt(lam) - J * path, np.linalg.svd(S, compute_uv=False)[-1])
        run.seen("rate", float(np.linalg.norm(e1)), (1 - step * c) * size)
        now, state = after, new
    run.seen("a <= a_*", float(now.contraction[0]), a)
    return run


def two_orthogonal() -> Setting:
    data = DataSet(points(ORTHOGONAL), SIGNS, "two orthogonal inputs")
    return ImplicitInstance(data, gamma=GAMMA).setting


def test_at_the_certified_width_twenty_five_networks_keep_every_inequality(capsys: pytest.CaptureFixture[str]) -> None:
    """m = 1113: the events hold with probability 19/20; the worst ratio of all steps is printed."""
    certified = least_width(two_orthogonal())
    assert certified is not None
    assert certified.width == 1113
    start, found = certified.initial, certified.descent
    step, most = float(found.step) * (1 - 1e-12), found.steps(Fraction(1, 10**6))
    runs = [descend(network(1113, seed), SIGNS, start, found, step, most + 1) for seed in range(25)]
    worst = {name: max(run.worst[name] for run in runs) for name in runs[0].worst}
    with capsys.disabled():
        longest = max(len(run.residuals) for run in runs) - 1
        print(f"\n25 networks of width 1113, at most {longest} of {most} steps; worst ratios:")
        print(", ".join(f"{name} {value:.3f}" for name, value in sorted(worst.items(), key=lambda p: -p[1])))
    assert max(worst.values()) <= 1 + ROUNDING
    assert all(run.residuals[-1] ** 2 <= 1e-6 * run.residuals[0] ** 2 for run in runs)


def measured_descent(m: int, seed: int, *, everything: bool) -> tuple[Network, Initial, Descent]:
    first = network(m, seed)
    found = measure(first, SIGNS, everything=everything)
    assert found is not None
    descent = certify(found.initial)
    assert descent is not None
    return first, found.initial, descent


@pytest.mark.parametrize("everything", [False, True])
def test_a_measured_network_keeps_every_inequality(everything: bool) -> None:
    """The theorem with the norms of the very network, tracked on Phi and on F: steps from a tenth to the largest."""
    for seed in range(4):
        first, start, found = measured_descent(400, seed, everything=everything)
        for share in (0.1, 0.3, 1.0):
            step = share * float(found.step) * (1 - 1e-12)
            run = descend(first, SIGNS, start, found, step, 400)
            assert max(run.worst.values()) <= 1 + ROUNDING, run.worst


def test_steps_above_the_largest_are_refused_and_break_the_conclusion() -> None:
    """1.3 and 2 times the largest step of a measured network, tracked on F."""
    first, start, found = measured_descent(400, 0, everything=True)
    for share in (Fraction(13, 10), Fraction(2)):
        step = share * Fraction(float(found.step))
        assert not found.admits(step)
        assert descend(first, SIGNS, start, found, float(step), 6).worst["rate"] > 1.5
    assert found.admits(Fraction(float(found.step)) * Fraction(999, 1000))


def size(now: Network) -> float:
    """The norm of the residual, in float64 without a bound."""
    w = now.weights
    return float(np.linalg.norm(w.u @ now.approximate().z + w.v @ now.features.phi - SIGNS))


def moved(now: Network, step: float) -> Network:
    """One step of gradient descent."""
    return now.with_weights(now.weights.moved(step, now.gradient(now.equilibrium(), SIGNS)))


def allowed_step(first: Network) -> tuple[float, float]:
    """2/(σ_1² + σ_n²) of F, and σ_n² of Φ."""
    values = np.linalg.svd(np.vstack([first.features.phi, first.equilibrium().z]), compute_uv=False) ** 2
    return 2 / (values[0] + values[-1]), np.linalg.svd(first.features.phi, compute_uv=False)[-1] ** 2


@pytest.mark.parametrize("outputs", [1.0, 2.0, 4.0])
def test_standard_outputs_are_refused_and_a_step_raises_the_loss(outputs: float) -> None:
    """The hypothesis K |w|^2 < lambda fails, and so does the conclusion at the step of the output layer."""
    worst = 0.0
    for seed in range(12):
        first = network(400, seed, outputs)
        found = measure(first, SIGNS)
        assert found is not None
        assert certify(found.initial) is None
        step, _ = allowed_step(first)
        now, sizes = first, [size(first)]
        for _ in range(5):
            now = moved(now, step)
            if not now.contraction[1] < 1:
                break
            sizes.append(size(now))
        worst = max(worst, *(b / a for a, b in itertools.pairwise(sizes)))
    assert worst > 1.02, worst


@pytest.mark.parametrize("m", [4, 6, 10])
def test_tiny_widths_are_refused_and_break_the_conclusion(m: int) -> None:
    """One of the first steps from zero outputs is slower than 1 - eta lambda/2 in most networks."""
    broken = 0
    for seed in range(20):
        first = network(m, seed)
        step, lam = allowed_step(first)
        if not first.contraction[1] < 1:
            continue
        found = measure(first, SIGNS)
        assert found is None or certify(found.initial) is None
        now = first
        for _ in range(30):
            after = moved(now, step)
            if not after.contraction[1] < 1 or size(after) > (1 - step * lam / 2) * size(now) + FLOOR:
                broken += 1
                break
            now = after
    assert broken >= 8, broken


def test_the_tail_and_the_truncated_moment_of_the_features() -> None:
    """P(|psi| > b + xi t) <= e^(-t^2/2), and the second moment beyond below tau(t): twenty inputs, and two."""
    rng = np.random.default_rng(7)
    for n, d in ((2, 3), (20, 10)):
        X = rng.standard_normal((n, d))
        X /= np.linalg.norm(X, axis=1, keepdims=True)
        inst = ImplicitInstance(DataSet(points(X), None, "random"), gamma=GAMMA)
        G = inst.gram.mid
        values, vectors = np.linalg.eigh(G)
        psi = np.maximum(rng.standard_normal((200_000, d)) @ X.T, 0) @ (vectors / np.sqrt(values))
        length = np.linalg.norm(psi, axis=1)
        population = inst.setting.population
        xi = float(population.inputs) / math.sqrt(float(population.least))
        for t in (0.3, 1.0, 2.0):
            reach = math.sqrt(n) + xi * t
            assert (length > reach).mean() <= math.exp(-(t**2) / 2)
            with precision(96):
                assert (length**2 * (length > reach)).mean() <= float(truncated(population, arb(t))[0])


@pytest.mark.parametrize("seed", range(3))
def test_the_certified_eigenvalue_is_kept_by_sampled_networks(seed: int) -> None:
    """At the certified width of two inputs, 100 networks each: none below the bound that 59 of 60 must keep."""
    certified = least_width(replace(two_orthogonal(), share=Fraction(1, 20)))
    assert certified is not None
    rng, bound, below = np.random.default_rng(seed), float(certified.initial.least), 0
    for _ in range(100):
        phi = np.maximum(rng.standard_normal((certified.width, 2)), 0) / math.sqrt(certified.width)
        below += np.linalg.eigvalsh(phi.T @ phi)[0] < bound
    assert below == 0

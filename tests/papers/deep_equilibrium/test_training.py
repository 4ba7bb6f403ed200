"""A failure here means that a bound proved along training misses the truth, or that a gradient is not the gradient.

The truth comes from outside: the same equations solved in 80-bit or 128-bit floats, central differences, and numbers of
one instance computed independently in float64 (printed with the digits that are used here).
"""

from __future__ import annotations

import random
from functools import cache

import numpy as np
import pytest
from flint import arb

from certigram.numerics.balls.precision import precision
from certigram.numerics.checks.relation import Relation
from certigram.numerics.checks.trajectories import Bounds
from certigram.numerics.expressions.enclosed_function import EnclosedFunction, norm_down, norm_up
from certigram.numerics.expressions.lowering import lower_arb
from certigram.numerics.expressions.regularity import regularity
from certigram.numerics.papers.deep_equilibrium.lines_training import output_derivatives
from certigram.numerics.papers.deep_equilibrium.training.descent import certified_descent, geometric
from certigram.numerics.papers.deep_equilibrium.training.equilibrium import adjoint, differentiable, solve
from certigram.numerics.papers.deep_equilibrium.training.explicit_constants import (
    ExplicitConstants,
    StartingPoint,
    admissible_residual,
    explicit_constants,
    starting_point,
)
from certigram.numerics.papers.deep_equilibrium.training.gradient import (
    Network,
    equilibrium,
    gradient,
    sample_network,
    tangent_gram,
)
from certigram.numerics.papers.deep_equilibrium.training.iterate import equilibrium_error, iterate_bounds, lower_float
from certigram.numerics.sampling.operator_norm import operator_norm
from certigram.theory.activations.activation import activation
from certigram.theory.errors import DerivationGap, PrecisionExhausted
from certigram.theory.verdict import Verdict

NAMES = ("tanh", "erf", "gelu", "sigmoid", "relu", "leaky_relu(1/8)", "elu", "softplus")


def points(n: int, d: int) -> np.ndarray:
    """Columns of a Gaussian (d, n) matrix of numpy's generator, as rows of norm sqrt(d)."""
    x = np.random.default_rng(0).standard_normal((d, n)).T
    return np.ascontiguousarray(x * (np.sqrt(d) / np.linalg.norm(x, axis=1, keepdims=True)))


@pytest.mark.parametrize("name", NAMES)
def test_the_enclosed_activation_contains_the_truth(name: str) -> None:
    """Random arguments, the kink, ends of cells and their neighbours, against ball arithmetic at 160 bits."""
    phi = activation(name)
    t = np.random.default_rng(1).standard_normal(400) * 3
    cells = np.arange(-40, 41) / 32
    t = np.concatenate([t, cells, np.nextafter(cells, 9), np.nextafter(cells, -9), [0.0, 1e-300, -1e-300, 6.0, -6.0]])
    values, errors = EnclosedFunction(phi)(t)
    assert errors.max() < 1e-13
    with precision(160):
        truth = lower_arb(phi.expression)
        for x, value, error in zip(t.tolist(), values.tolist(), errors.tolist(), strict=True):
            assert abs(truth(arb(x)) - arb(value)) <= arb(error), x


def test_an_activation_with_kinks_off_the_floats_is_refused() -> None:
    with pytest.raises(DerivationGap, match="float64"):
        EnclosedFunction(activation("Max(x, 1/3)"))(np.zeros(1))
    with pytest.raises(DerivationGap, match="beyond"):
        EnclosedFunction(activation("tanh"))(np.array([1e4]))


def test_norms_are_bounded_on_both_sides() -> None:
    for x in (np.array([3.0, 4.0]), np.full(1000, 0.1), np.array([1e-160, 1e-160]), np.zeros(3)):
        with precision(200):
            truth = sum((arb(v) ** 2 for v in x.tolist()), arb(0)).sqrt()
        assert arb(norm_down(x)) <= truth
        assert truth <= arb(norm_up(x))
    assert norm_up(np.full(1000, 0.1)) / norm_down(np.full(1000, 0.1)) < 1 + 1e-12


@pytest.mark.parametrize("name", ["tanh", "relu", "gelu"])
def test_the_gradient_is_the_gradient(name: str) -> None:
    """A central difference of the loss along a random direction, at a width where nothing is symbolic."""
    phi = differentiable(activation(name))
    rng = np.random.default_rng(2)
    x, y = points(5, 7), np.sign(rng.standard_normal(5))
    network = sample_network(60, 7, 1 / 16, 3)
    found = gradient(phi, network, x, y, tolerance=1e-14)
    moves = [rng.standard_normal(p.shape) for p in (network.recurrent, network.inputs, network.readout)]

    def loss(h: float) -> float:
        moved = Network(network.recurrent + h * moves[0], network.inputs + h * moves[1], network.readout + h * moves[2])
        state = equilibrium(phi, moved, x, tolerance=1e-15).state
        return 0.5 * float(np.sum((state.T @ moved.readout - y) ** 2))

    h = 2.0**-20
    slope = sum(
        float((g * v).sum()) for g, v in zip((found.recurrent, found.inputs, found.readout), moves, strict=True)
    )
    assert abs((loss(h) - loss(-h)) / (2 * h) - slope) < 1e-6 * abs(slope)


def test_the_tangent_matrix_is_the_jacobian_squared() -> None:
    """H against the explicit Jacobian of the outputs, column by column from gradients with unit errors."""
    phi = differentiable(activation("tanh"))
    x = points(3, 4)
    network = sample_network(20, 4, 1 / 16, 5)
    state = equilibrium(phi, network, x, tolerance=1e-15).state
    rows = []
    for i in range(3):
        y = state.T @ network.readout - np.eye(3)[i]  # the error is then the i-th unit vector
        g = gradient(phi, network, x, y, tolerance=1e-15)
        rows.append(np.concatenate([g.recurrent.ravel(), g.inputs.ravel(), g.readout]))
        delta = g.adjoint
    jacobian = np.array(rows)
    assert np.abs(jacobian @ jacobian.T - tangent_gram(state, delta, x)).max() < 1e-11


@pytest.mark.parametrize("seed", range(3))
def test_the_gradient_needs_the_transpose(seed: int) -> None:
    """The derivative of the output along random directions, in rationals, by both formulas."""
    left, right = output_derivatives(random.Random(seed))
    assert left == right
    left, right = output_derivatives(random.Random(seed), transposed=False)
    assert left != right


@pytest.mark.parametrize("name", ["tanh", "relu"])
def test_the_error_of_an_equilibrium_is_bounded(name: str) -> None:
    """Distances to the equilibrium in extended precision, from good, bad and shifted states."""
    phi, enclosed = differentiable(activation(name)), EnclosedFunction(activation(name))
    x, network = points(4, 6), sample_network(50, 6, 1 / 16, 11)
    assert phi.lipschitz is not None
    theta = phi.lipschitz * operator_norm(network.recurrent).upper
    w, b = network.recurrent.astype(np.longdouble), network.inputs.astype(np.longdouble) @ x.T.astype(np.longdouble)
    truth = np.zeros_like(b)
    for _ in range(400):
        truth = np.tanh(w @ truth + b) if name == "tanh" else np.maximum(w @ truth + b, 0)
    good = equilibrium(phi, network, x, tolerance=1e-15).state
    for state in (good, good + 1e-7, np.zeros_like(good), equilibrium(phi, network, x, tolerance=1e-3).state):
        error = equilibrium_error(enclosed, phi.lipschitz, theta, network, x, state)
        distance = float(np.linalg.norm(state - truth))
        assert distance <= error <= 10 * distance + 1e-11
        y = np.ones(4)
        bounds = iterate_bounds(network, y, state, error)
        loss = 0.5 * float(np.sum((truth.T @ network.readout - y) ** 2))
        least = float(np.linalg.eigvalsh((truth.T @ truth).astype(float))[0])
        assert bounds.loss.lower() <= arb(loss) + arb(1e-12)
        assert arb(loss) - arb(1e-12) <= bounds.loss.upper()
        assert bounds.least.lower() <= arb(least) + arb(1e-10)
        assert arb(least) - arb(1e-10) <= bounds.least.upper()
    with pytest.raises(PrecisionExhausted):
        equilibrium_error(enclosed, phi.lipschitz, 1.0, network, x, good)


def test_float32_solves_the_same_equations() -> None:
    phi, network, x = differentiable(activation("tanh")), sample_network(128, 6, 1 / 16, 1), points(4, 6)
    exact = gradient(phi, network, x, np.ones(4), tolerance=1e-14)
    small = Network(*(p.astype(np.float32) for p in (network.recurrent, network.inputs, network.readout)))
    found = gradient(phi, small, x.astype(np.float32), np.ones(4, np.float32), tolerance=1e-6)
    assert found.recurrent.dtype == np.float32
    assert np.linalg.norm(found.recurrent - exact.recurrent) < 1e-5 * np.linalg.norm(exact.recurrent)


def test_an_iteration_that_runs_away_is_reported() -> None:
    double = differentiable(activation("2*x"))
    found = solve(double, np.eye(3), np.ones((3, 1)), tolerance=1e-9)
    assert not found.converged
    with pytest.raises(PrecisionExhausted, match="sigma_w2"):
        found.require("the equilibrium")
    assert not adjoint(np.full((3, 1), 2.0), np.eye(3), np.ones(3), tolerance=1e-9).converged


@cache
def certified(size: float) -> tuple[ExplicitConstants, StartingPoint, Network, np.ndarray, np.ndarray]:
    """tanh, n = 4, d = 10, m = 512, sigma_w² = 1/32, weights of numpy's generator 7 in the order W, U, a."""
    rng, m, d = np.random.default_rng(7), 512, 10
    w = rng.standard_normal((m, m)) * np.sqrt(2 / 32 / m)
    u = rng.standard_normal((m, d)) * np.sqrt(2 / d)
    network = Network(w, u, rng.standard_normal(m) / np.sqrt(m))
    x = points(4, d)
    phi, known = activation("tanh"), regularity(activation("tanh"))
    state = equilibrium(differentiable(phi), network, x).state
    y = state.T @ network.readout - size / 2 * np.ones(4)
    norm = operator_norm(w)
    error = equilibrium_error(EnclosedFunction(phi), 1.0, norm.upper, network, x, state)
    start = starting_point(network, x, state, iterate_bounds(network, y, state, error), norm=norm)
    assert known.lipschitz is not None
    assert admissible_residual(start, known.lipschitz) == 2.0**-5
    found = explicit_constants(start, known.lipschitz, known.second_lipschitz, known.at_zero, known.supremum)
    return found, start, network, x, y


def test_the_constants_of_the_certified_instance() -> None:
    """Printed: lambda_0 = 54.908, Rad = 3.817e-3, L rho_w = .5005, (H2') .1639 <= 2.170, beta = 1.3933e4."""
    found, *_ = certified(0.01)
    assert abs(2 * found.rate - arb("54.908")) < arb("1e-3")
    assert abs(found.radius - arb("3.817e-3")) < arb("1e-6")
    assert abs(found.contraction - arb("0.5005")) < arb("2e-4")
    assert abs(found.gap - arb("0.1639") / arb("2.1703")) < arb("1e-4")
    assert abs(found.smoothness / arb("1.3933e4") - 1) < arb("1e-3")
    assert [hypothesis.verdict for hypothesis in found.hypotheses] == [Verdict.PROVED, Verdict.PROVED]
    smaller, *_ = certified(0.001)
    assert abs(smaller.smoothness / arb("1.1095e4") - 1) < arb("1e-3")
    assert abs(smaller.gap - arb("0.01628") / arb("2.1703")) < arb("1e-4")
    far, *_ = certified(1.0)
    assert far.hypotheses[1].verdict is Verdict.REFUTED


def test_a_run_where_the_weaker_hypothesis_holds_and_the_stronger_one_fails() -> None:
    """With |Z(0)| in the place of the bound B of |Z| on the ball; every conclusion at every iterate, and its margin."""
    found, start, network, x, y = certified(0.1)
    assert [hypothesis.verdict for hypothesis in found.hypotheses] == [Verdict.PROVED, Verdict.PROVED]
    with precision(96):
        kappa = 1 / (1 - found.contraction)
        size = kappa * (start.inputs + found.radius) * arb(40).sqrt()  # B: four inputs of norm sqrt(10), tanh(0) = 0
        former = kappa * (size**2 + start.points**2).sqrt() * found.radius
        assert former > 5 * (1 - 1 / arb(2).sqrt()) * start.least.sqrt()
        step = lower_float(1 / found.smoothness)
    phi = activation("tanh")
    run = certified_descent(differentiable(phi), EnclosedFunction(phi), network, x, y, step=step, steps=60)
    loss, least = run.bounds("loss"), run.bounds("least")
    rates = loss.upper[0] * (1 - step * float(found.rate.lower())) ** np.arange(1, run.length)
    assert (loss.upper[1:] < rates).all()
    assert (least.lower > float(found.rate.upper())).all()
    assert run.bounds("distance").upper.max() < 0.1 * float(found.radius.lower())


def test_the_certified_instance_is_run_and_verified() -> None:
    """200 steps with eta = 1/beta: printed 5.806e-4 <= .67403 after all of them, and the bound at each."""
    found, _, network, x, y = certified(0.01)
    step = lower_float(1 / found.smoothness)
    phi = activation("tanh")
    run = certified_descent(differentiable(phi), EnclosedFunction(phi), network, x, y, step=step, steps=200)
    loss = run.bounds("loss")
    factor = 1 - arb(step) * found.rate
    right = geometric(loss, factor, factor, run.length)
    tail = slice(1, None)
    assert (
        Relation.of(
            "loss", Bounds.of(loss.lower[tail], loss.upper[tail]), Bounds.of(right.lower[tail], right.upper[tail])
        ).verdict
        is Verdict.PROVED
    )
    assert abs(loss.upper[-1] / loss.upper[0] - 5.806e-4) < 2e-6
    assert abs(right.lower[-1] / right.lower[0] - 0.67403) < 2e-4
    assert run.arrays["distance_upper"].max() < float(found.radius.lower())
    assert (loss.upper - loss.lower < 1e-6 * loss.upper[0]).all()


def test_recorded_distances_are_those_of_the_parameters() -> None:
    """The path and the distance of a run against the gradients that made it."""
    phi = activation("tanh")
    x, network = points(3, 5), sample_network(40, 5, 1 / 16, 2)
    run = certified_descent(differentiable(phi), EnclosedFunction(phi), network, x, np.ones(3), step=1e-3, steps=5)
    found = gradient(differentiable(phi), network, x, np.ones(3))
    size = np.sqrt(sum(float((g * g).sum()) for g in (found.recurrent, found.inputs, found.readout)))
    for name in ("distance", "path"):
        assert run.arrays[f"{name}_lower"][1] <= 1e-3 * size * (1 + 1e-9)
        assert run.arrays[f"{name}_upper"][1] >= 1e-3 * size * (1 - 1e-9)
    assert (run.arrays["distance_upper"] <= run.arrays["path_upper"] * (1 + 1e-12)).all()
    assert (np.diff(run.arrays["path_lower"]) > 0).all()

"""The implicit network, its gradients, its tangent kernel and its training, against independent computations.

A failure here means that an error bound of a network does not hold, a gradient is wrong, or the conclusion of a theorem
fails on a run that meets its hypotheses.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from flint import arb, arb_mat

from certigram.numerics.balls.precision import precision
from certigram.numerics.checks.registry import find_check
from certigram.numerics.checks.relation import judge
from certigram.numerics.checks.trajectories import Bounds
from certigram.numerics.expressions.enclosed_function import norm_up
from certigram.numerics.kernels.points import points
from certigram.numerics.papers.implicit_relu.checks.training import flow as flow_check
from certigram.numerics.papers.implicit_relu.convergence import Norms, bootstrap, norms, width_condition
from certigram.numerics.papers.implicit_relu.experiments import standardised
from certigram.numerics.papers.implicit_relu.instance import ImplicitInstance, TrainingPlan
from certigram.numerics.papers.implicit_relu.network import (
    Network,
    Parameters,
    resolvent_norm,
    sample_parameters,
    unit_rows,
)
from certigram.numerics.papers.implicit_relu.tangent import feature_gram, tangent_kernel
from certigram.numerics.papers.implicit_relu.training import (
    Trajectory,
    descend,
    distance,
    gradient_flow,
    train_output,
)
from certigram.numerics.studies.data import DataSet
from certigram.theory.errors import PrecisionExhausted, SpecError
from certigram.theory.verdict import Verdict

INPUTS = unit_rows(np.random.default_rng(3).standard_normal((5, 4)))
LABELS = np.cos(1.0 + np.arange(5) ** 2)


def network(width: int = 24, gamma: str = "1/5", seed: int = 0) -> Network:
    return Network(sample_parameters(width, 4, seed), Fraction(gamma), INPUTS)


def exactly(net: Network, bits: int = 200, steps: int = 160) -> tuple[arb_mat, arb_mat, arb]:
    """Φ, Z and a in ball arithmetic from the exact binary64 weights: Picard iteration far beyond float64."""
    w = net.weights
    m, n = w.width, net.inputs.shape[0]
    with precision(bits):
        root = arb(m).sqrt()
        A, W = arb_mat(w.A.tolist()), arb_mat(w.W.tolist())
        raw = W * arb_mat(net.inputs.T.tolist())
        phi = arb_mat(m, n, [x.max(arb(0)) / root for x in raw.entries()])
        scale = arb(net.gamma.numerator) / net.gamma.denominator / root
        z = arb_mat(m, n)
        for _ in range(steps):
            following = (A * z) * scale + phi
            z = arb_mat(m, n, [x.mid().max(arb(0)) for x in following.entries()])
        return phi, z, scale


@pytest.mark.parametrize(("width", "gamma"), [(24, "1/5"), (7, "1/10"), (40, "9/20"), (12, "0")])
def test_the_probes_of_an_equilibrium_lie_within_their_errors(width: int, gamma: str) -> None:
    """|sigma(r u + phi)|² and |phi|² - |x|²/2 in balls, from the exact weights; a wrong limit lies outside."""
    net = network(width, gamma)
    limit = 0.5151
    square, features, errors = standardised(net, net.equilibrium(), limit)
    phi, z, scale = exactly(net)
    assert np.isfinite(errors).all()
    assert errors.max() < 1e-11
    with precision(200):
        u = (arb_mat(net.weights.A.tolist()) * z) * scale
        for i in range(len(INPUTS)):
            length = sum((z[j, i] ** 2 for j in range(width)), arb(0)).sqrt()
            ratio = arb(limit).sqrt() / length
            probe = sum(((ratio * u[j, i] + phi[j, i]).max(arb(0)) ** 2 for j in range(width)), arb(0))
            mean = sum((arb(x) ** 2 for x in INPUTS[i].tolist()), arb(0)) / 2
            feature = sum((phi[j, i] ** 2 for j in range(width)), arb(0)) - mean
            off = abs(float(probe - arb(float(square[i])))) + abs(float(feature - arb(float(features[i]))))
            assert off <= errors[i]
    other = standardised(net, net.equilibrium(), 1.001 * limit)[0]
    assert gamma == "0" or (np.abs(other - square) > 1e3 * errors).all()


def test_probes_of_a_network_that_does_not_contract_are_not_known() -> None:
    net = network(6, "2")
    square, _, errors = standardised(net, net.equilibrium(), 0.5)
    assert not (np.isfinite(square) & np.isfinite(errors)).any()


def test_error_bounds_hold_against_ball_arithmetic() -> None:
    """Every column of Φ and Z lies within its bound of a solution at 200 bits; the loss ball contains the loss."""
    net = network()
    state = net.equilibrium()
    phi, z, _ = exactly(net)
    with precision(200):
        for i in range(5):
            for computed, truth, bound in ((net.features.phi, phi, net.features.error), (state.z, z, state.error)):
                column = [arb(x) - truth[r, i] for r, x in enumerate(computed[:, i].tolist())]
                square = sum((x * x for x in column), arb(0))
                assert square.sqrt() <= arb(float(bound[i])) + arb("1e-40")
        total = arb(0)
        for i in range(5):
            output = sum((arb(float(net.weights.u[r])) * z[r, i] for r in range(24)), arb(0))
            output += sum((arb(float(net.weights.v[r])) * phi[r, i] for r in range(24)), arb(0))
            total += (output - arb(float(LABELS[i]))) ** 2
        assert net.loss(state, LABELS).overlaps(total / 2)
        assert net.loss(state, LABELS).rad() < arb("1e-10")
    assert state.decided
    assert net.features.decided
    assert float(state.error.max()) < 1e-12


@pytest.mark.parametrize("name", ["A", "W", "u", "v"])
def test_gradients_agree_with_finite_differences(name: str) -> None:
    """A central difference along a random direction at width 128, where the loss is enclosed to eleven digits."""
    net = network(128)
    gradient = net.gradient(net.equilibrium(), LABELS)
    rng = np.random.default_rng(1)
    zero = {k: np.zeros_like(getattr(net.weights, k)) for k in "AWuv"}
    direction = Parameters(**{**zero, name: rng.standard_normal(zero[name].shape)})
    losses = []
    for h in (-1e-6, 1e-6):
        moved = net.with_weights(net.weights.moved(h, direction))
        losses.append(float(moved.loss(moved.equilibrium(), LABELS).mid()))
    difference = (losses[0] - losses[1]) / 2e-6
    expected = float((getattr(gradient, name) * getattr(direction, name)).sum())
    assert difference == pytest.approx(expected, rel=2e-7, abs=2e-7)


def test_the_tangent_kernel_is_that_of_the_jacobian() -> None:
    """H = J J^T, the rows of J from the gradient of single predictions; each part lies in its radius."""
    net = network(32)
    state = net.equilibrium()
    kernel = tangent_kernel(net, state)
    rows = []
    for i in range(5):
        one = replace(net, inputs=net.inputs[i : i + 1])
        alone = one.equilibrium()
        e, _ = one.predictions(alone, np.zeros(1))
        g = one.gradient(alone, np.zeros(1))
        rows.append(np.concatenate([getattr(g, k).ravel() for k in "AWuv"]) / e[0])
    jacobian = np.array(rows)
    assert np.abs(jacobian @ jacobian.T - kernel.total.mid).max() < 1e-9
    assert float(np.max(kernel.total.rad)) < 1e-9
    assert np.linalg.eigvalsh(kernel.beyond_features.mid)[0] > 0


def test_resolvent_norm_of_a_random_matrix() -> None:
    matrix = np.random.default_rng(0).standard_normal((30, 30)) / 20
    low, high = resolvent_norm(matrix)
    truth = 1 / np.linalg.svd(np.eye(30) - matrix)[1][-1]
    assert low <= truth * (1 + 1e-12)
    assert truth * (1 - 1e-12) <= high <= low * 1.01


def test_descent_records_what_happens() -> None:
    """Losses fall, the bounds are narrow, and the arrays survive their storage."""
    net = network(64)
    run = descend(net, LABELS, 0.05, 12)
    assert run.loss.length == 13
    assert (run.loss.upper[1:] < run.loss.lower[:-1]).all()
    assert float((run.loss.upper - run.loss.lower).max()) < 1e-9
    assert run.W.upper[0] < 1e-100 < run.W.lower[-1]
    again = Trajectory.from_arrays(run.arrays())
    assert np.array_equal(again.gram.lower, run.gram.lower)
    half = descend(net, LABELS, 0.05, 6)
    assert np.array_equal(half.loss.lower, run.loss.lower[:7])


def test_output_training_is_the_linear_recursion() -> None:
    """|e(k)| against the recursion in eigen-coordinates, computed apart."""
    net = network(64)
    state = net.equilibrium()
    matrix = net.features.phi.T @ net.features.phi + state.z.T @ state.z
    e, _ = net.predictions(state, LABELS)
    run = train_output(net, LABELS, 0.1, 20)
    for k in range(21):
        assert run.residual.lower[k] <= float(np.linalg.norm(e)) * (1 + 1e-10)
        assert run.residual.upper[k] >= float(np.linalg.norm(e)) * (1 - 1e-10)
        e = e - 0.1 * matrix @ e


def test_gradient_flow_obeys_its_equation() -> None:
    """dL/dt = -|grad L|^2 at the start; the loss stays below exp(-2 lambda t) L(0), lambda the least lambda_min(G)."""
    net = network(48)
    flow = gradient_flow(net, LABELS, np.linspace(0.0, 1.0, 101))
    gradient = net.gradient(net.equilibrium(), LABELS)
    slope = -sum(float((getattr(gradient, k) ** 2).sum()) for k in "AWuv")
    assert (flow.loss[1] - flow.loss[0]) / 0.01 == pytest.approx(slope, rel=0.2)
    assert (np.diff(flow.loss) < 0).all()
    least = 2 * float(flow.gram.min())
    assert (flow.loss <= flow.loss[0] * np.exp(-least * flow.times) * (1 + 1e-6)).all()
    with pytest.raises(SpecError, match="increase"):
        gradient_flow(net, LABELS, np.array([0.0, 0.0]))


def near(distance_to_start: float, width: int = 64) -> ImplicitInstance:
    """An instance whose labels lie at a given distance from the predictions at the start."""
    base = ImplicitInstance(
        DataSet(points(INPUTS), None, "five inputs"), plan=TrainingPlan(width, 5, 8), gamma=Fraction(1, 10)
    )
    e, _ = base.network.predictions(base.state, np.zeros(5))
    shift = np.full(5, distance_to_start / np.sqrt(5))
    return ImplicitInstance(
        DataSet(points(INPUTS), None, "five inputs", "sphere", e - shift), base.gamma, plan=base.plan
    )


def test_the_width_condition_holds_where_the_residual_is_small() -> None:
    """A network that meets (W): the theorem applies, and its conclusion holds along flow and descent."""
    inst = near(1e-7, 256)
    outcome = flow_check(inst)
    assert outcome.verdict is Verdict.PROVED
    assert outcome.method == "width condition"
    assert find_check("implicit-descent")(inst).verdict is Verdict.PROVED


def test_the_posterior_form_reaches_further_than_the_width_condition() -> None:
    """Between the two residuals only the form with measured norms applies."""
    inst = near(1e-3, 256)
    outcome = flow_check(inst)
    assert outcome.verdict is Verdict.PROVED
    assert outcome.method == "a-posteriori form"
    flow = gradient_flow(inst.network, inst.labels, np.linspace(0.0, 4.0, 21))
    bound = flow.loss[0] * np.exp(-inst.eigenvalue.upper * flow.times)
    assert (flow.loss <= bound * (1 + 1e-6)).all()


def test_the_width_condition_by_hand() -> None:
    """Three inputs of the maximum, each the largest once; gamma_0 >= 1 is refused."""
    inst = near(1e-2, 64)
    e, error = inst.network.predictions(inst.state, inst.labels)
    found = norms(inst.network, distance(e, np.zeros(5), norm_up(error)), inst.initial_gram)
    condition = width_condition(found, inst.eigenvalue)
    c = max(1.0, *(float(x.mid()) / 8 for x in (found.A, found.W, found.u, found.v)))
    lam, g0 = inst.eigenvalue.lower, 2 * c * 0.1
    X = float(np.linalg.norm(INPUTS, 2))
    terms = (64 / (1 - g0) ** 2, 16 * g0**2 / (1 - g0) ** 4, 2535 * c**2 * X**2 / ((1 - g0) ** 2 * lam))
    expected = 5 * 1e-4 / lam**2 * max(terms)
    assert condition.needed <= expected * (1 + 1e-3)
    assert condition.needed >= expected * (1 - 1e-3)
    wide: Norms = replace(found, gamma=Fraction(1, 2))
    assert judge(width_condition(wide, inst.eigenvalue).relations).verdict is Verdict.REFUTED
    assert not bootstrap(replace(wide, gamma=Fraction(3)), inst.eigenvalue).relations


def test_an_unknown_pattern_is_refused() -> None:
    """A pre-activation that is exactly zero: the tangent kernel jumps there, and none is given."""
    net = network(16)
    flat = net.with_weights(replace(net.weights, W=np.zeros((16, 4))))
    state = flat.equilibrium()
    assert not flat.features.decided
    with pytest.raises(PrecisionExhausted, match="sign"):
        tangent_kernel(flat, state)
    assert feature_gram(flat).mid.max() == 0


def test_no_bound_beyond_the_contraction() -> None:
    """With gamma ||A||/sqrt(m) >= 1 nothing is claimed: infinite errors, a loss without bounds."""
    net = network(32, "3/5")
    assert net.contraction[0] > 1
    state = net.equilibrium()
    assert np.isinf(state.error).all()
    assert not state.decided
    assert not net.loss(state, LABELS).is_finite()
    run = descend(net, LABELS, 0.01, 5)
    assert run.loss.length == 1
    assert isinstance(run.loss, Bounds)
    assert run.loss.upper[0] == np.inf


def test_malformed_networks_are_refused() -> None:
    with pytest.raises(SpecError, match="empty"):
        sample_parameters(0, 3, 0)

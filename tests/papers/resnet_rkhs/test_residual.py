"""Residual networks in an RKHS: passes, descent and the recorded runs.

A failure here means that an enclosed loss, gradient or norm does not contain the value that ball arithmetic gives for
the same control, that a recorded run is no longer reproduced, or that a constant of the theory changed.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from flint import arb
from scipy.integrate import solve_ivp

from certigram.numerics.balls.ball import enclose
from certigram.numerics.balls.precision import precision
from certigram.numerics.eigenvalues.eigenvalue import least_eigenvalue
from certigram.numerics.papers.resnet_rkhs.descent import Descent, Problem, descend, embed
from certigram.numerics.papers.resnet_rkhs.features import (
    enough_at_one_configuration,
    enough_uniformly,
    feature_field,
    feature_gram,
    frequencies,
    spectral_constant,
)
from certigram.numerics.papers.resnet_rkhs.fields import KernelField
from certigram.numerics.papers.resnet_rkhs.lazy import lazy_constants
from certigram.numerics.papers.resnet_rkhs.passes import run_pass
from certigram.numerics.papers.resnet_rkhs.rates import Landscape
from certigram.numerics.papers.resnet_rkhs.recipe import recipe
from certigram.numerics.papers.resnet_rkhs.variation import BallNetwork
from certigram.numerics.radial.distances import separation
from certigram.numerics.radial.gram import largest_eigenvalue, radial_gram
from certigram.numerics.radial.kernel import radial_kernel

N = 8
POINTS = np.array([[np.cos(1 + (3 * i * i + i) * (j + 1) * 0.37) + 0.3 * i / 8 for j in range(2)] for i in range(N)])
TARGETS = np.array([[np.sin(2 + i * i)] for i in range(N)])
LOSS = sum((Fraction(float(y)) ** 2 for y in TARGETS.ravel()), Fraction(0)) / (2 * N)


def train(name: str, scale: str, alpha: str, depth: int, eta: float, steps: int) -> Descent:
    """A run on the eight points."""
    field = KernelField(radial_kernel(name, scale), depth, 3)
    return descend(field, embed(POINTS, TARGETS, float(alpha), 2.0**-52), eta, steps)


def ratios(run: Descent) -> np.ndarray:
    return np.array(run.gradient_squared.midpoints()) / np.array(run.loss.midpoints())


def test_certified_run() -> None:
    """The Gaussian run at the scale of the recipe: ten layers, step one, a hundred steps."""
    run = train("gaussian", "7.6310", "683.8146", 10, 1.0, 100)
    recorded = {0: 0.24628, 5: 6.48e-2, 10: 1.71e-2, 20: 1.19e-3, 50: 4.09e-7, 100: 6.88e-13}
    losses = run.loss.midpoints()
    for step, value in recorded.items():
        assert losses[step] == pytest.approx(value, rel=5e-3)
    assert ratios(run).min() == pytest.approx(0.24898, abs=6e-6)
    assert ratios(run).max() == pytest.approx(0.25, abs=1e-7)
    assert run.norm.midpoints()[-1] == pytest.approx(1.9861, abs=5e-5)
    assert run.path[0] <= run.path[1] == pytest.approx(1.9865, abs=5e-5)
    assert run.path[1] <= 2 / ratios(run).min() ** 0.5 * losses[0] ** 0.5
    assert max(b / a for a, b in pairwise(losses)) == pytest.approx(0.76652, abs=1e-5)
    assert (run.loss.upper - run.loss.lower <= 1e-3 * run.loss.lower).all()


@pytest.mark.parametrize(
    ("name", "final", "first", "least", "length", "largest"),
    [
        ("gaussian", 0.0581, 0.08938, 0.02049, 2.13, 0.84533),
        ("matern-5/2", 0.0453, 0.10766, 0.03393, 2.25, 0.79732),
    ],
)
def test_runs_without_a_certificate(
    name: str, final: float, first: float, least: float, length: float, largest: float
) -> None:
    """Five layers at scale 1/2: the ratios stay between the bounds, which the actual eigenvalues give at v = 0."""
    run = train(name, "0.5", "1", 5, 0.1, 300)
    assert run.loss.midpoints()[-1] == pytest.approx(final, abs=6e-5)
    assert ratios(run)[0] == pytest.approx(first, abs=6e-6)
    assert ratios(run).min() == pytest.approx(least, abs=6e-6)
    assert run.path[1] == pytest.approx(length, abs=6e-3)
    kernel = radial_kernel(name, "0.5")
    matrix = radial_gram(kernel, POINTS)
    low, high = least_eigenvalue(matrix), largest_eigenvalue(matrix)
    assert 2 / N * low.lower == pytest.approx({"gaussian": 0.00087, "matern-5/2": 0.00273}[name], abs=6e-6)
    assert 2 / N * high.upper == pytest.approx(largest, abs=6e-6)
    assert 2 / N * low.lower <= ratios(run)[0] <= 2 / N * high.upper


def test_lift_of_the_recipe() -> None:
    """s = 7.6310 and alpha = 683.8146 follow from the closed formulas; the rational recipe satisfies the condition."""
    delta2 = separation(POINTS).squared
    with precision(128):
        assert float(enclose(delta2).sqrt()) == pytest.approx(0.06969135781107574, rel=1e-15)
        assert float(enclose(LOSS)) == pytest.approx(0.2462792715488052, rel=1e-14)
        s = (4 * arb(2).exp() * N * enclose(LOSS)).sqrt()
        alpha = arb(1).exp() * s / enclose(delta2).sqrt() * (2 * arb(14).log()).sqrt()
        assert abs(s - arb("7.6310")) < arb("5e-5")
        assert abs(alpha - arb("683.8146")) < arb("5e-5")
    found = recipe(radial_kernel("gaussian", 1), N, 3, delta2, LOSS)
    with precision(128):
        assert found.holds()
        assert abs(found.mu - arb("0.016917")) < arb("1e-6")
        assert Fraction("7.6310") < found.landscape.kernel.scale < Fraction("7.7")


@pytest.mark.parametrize("depth", [None, 10])
@pytest.mark.parametrize("descent", [False, True])
@pytest.mark.parametrize("name", ["gaussian", "matern-3/2", "matern-7/2"])
def test_recipes_hold(name: str, descent: bool, depth: int | None) -> None:
    """Whatever the kernel, the depth and the method, the condition is proved, and fails for half the scale."""
    found = recipe(radial_kernel(name, 1), N, 3, separation(POINTS).squared, LOSS, depth=depth, descent=descent)
    with precision(128):
        assert found.holds()
        assert found.landscape.lower(found.radius) >= found.mu
        halved = replace(found.landscape, kernel=found.landscape.kernel.rescaled("1/2"))
        assert not replace(found, landscape=halved).holds()


def test_strict_certificate_for_ten_layers() -> None:
    """With ten layers and R = s the compression is 1/(1 - 10^(-1/2)) = 1.4625."""
    landscape = Landscape(radial_kernel("gaussian", 2), N, 3, Fraction(1), Fraction(1), 10)
    with precision(128):
        assert abs(landscape.compression(arb(2)) - arb("1.4625")) < arb("5e-5")


LAZY = [
    (0, 0.89015, 0.01272, 13.11, 0.039855, 4.972, 0.22657, 1.984),
    (1, 0.86883, 0.01315, 12.53, 0.039057, 5.022, 0.22360, 2.066),
    (2, 0.91011, 0.01315, 12.83, 0.040597, 4.926, 0.23094, 1.981),
]


@pytest.mark.parametrize(("seed", "eigenvalue", "kappa1", "radius", "mu", "path", "least", "norm"), LAZY)
def test_lazy_runs(
    seed: int, eigenvalue: float, kappa1: float, radius: float, mu: float, path: float, least: float, norm: float
) -> None:
    """512 random frequencies, s = 80, lift 4830.5: the recorded constants and run, up to the rounding of the lift."""
    field = feature_field(frequencies(radial_kernel("gaussian", 80), 512, 3, seed), 10)
    problem = embed(POINTS, TARGETS, 4830.5, 0.0)
    found = least_eigenvalue(feature_gram(field, problem.start, problem.start_error))
    assert found.lower == pytest.approx(eigenvalue, abs=1e-4)
    assert field.kappa1 == pytest.approx(kappa1, abs=6e-6)
    with precision(128):
        r, m, p = lazy_constants(arb(found.lower), arb(field.kappa1), N, enclose(LOSS), None)
        assert p < r
        assert float(r) == pytest.approx(radius, abs=6e-3)
        assert float(m) == pytest.approx(mu, rel=1e-4)
        assert float(p) == pytest.approx(path, abs=2e-3)
    run = descend(field, problem, 1.0, 119)
    assert ratios(run).min() == pytest.approx(least, abs=1e-4)
    assert (run.gradient_squared.lower >= mu * run.loss.upper)[run.loss.lower > 1e-12].all()
    assert run.loss.upper[-1] < 2e-13
    assert run.norm.upper[-1] == pytest.approx(norm, abs=2e-3)


def test_feature_counts_of_the_table() -> None:
    """Frequencies that suffice at failure 0.01: 1.226e5 at one configuration, about 1.4e10 uniformly."""
    with precision(128):
        eigenvalue, failure = arb("0.0034906185"), arb("0.01")
        assert abs(enough_at_one_configuration(N, eigenvalue, failure) - arb("1.226e5")) < arb("50")
        count = enough_uniformly(radial_kernel("gaussian", "1/2"), 3, N, arb(4), eigenvalue, failure)
        assert abs(count / arb("1.4e10") - 1) < arb("0.02")


def _random_field(name: str, depth: int, q: int, seed: int) -> tuple[KernelField, Problem, BallNetwork]:
    """A field with centres near the states, as floats and in balls."""
    rng = np.random.default_rng(seed)
    kernel = radial_kernel(name, "3/2")
    start, targets = rng.standard_normal((4, q)), rng.standard_normal((4, 1))
    centres = rng.standard_normal((depth, 6, q))
    coefficients = rng.standard_normal((depth, 6, q)) / 3
    net = BallNetwork(kernel, start, targets[:, 0], centres, coefficients, coefficients)
    with precision(96):
        squares = []
        for layer in range(depth):
            one = BallNetwork(kernel, start, targets[:, 0], centres[layer : layer + 1], coefficients[layer : layer + 1],
                              coefficients[layer : layer + 1])  # fmt: skip
            norm = float(one.squared_norm(one.coefficients))
            squares.append([norm * (1 - 1e-12), norm * (1 + 1e-12)])
    field = KernelField(kernel, depth, q, list(centres), list(coefficients), np.array(squares))
    return field, Problem(start, np.zeros(4), targets), net


@pytest.mark.parametrize("name", ["gaussian", "matern-3/2", "matern-5/2"])
def test_passes_contain_the_exact_values(name: str) -> None:
    """The float64 enclosures of loss and gradient contain what 160 bits give for the same control."""
    field, problem, net = _random_field(name, 3, 4, 1)
    found = run_pass(field, problem.start, problem.start_error, problem.targets)
    with precision(160):
        loss, derivative, _ = net.loss_series()
        assert arb(found.loss[0]) <= loss <= arb(found.loss[1])
        assert found.loss[1] - found.loss[0] < 1e-7 * found.loss[1]
        # the pairing of the gradient with the control itself, from the float64 adjoint
        total = 0.0
        for layer in range(3):
            total += float(np.sum(found.adjoints[layer + 1] * found.values[layer][0])) / 12
        assert abs(derivative - arb(total)) < arb("1e-12")
    # the slope of Matern 3/2 has a kink, which costs half the digits of a distance
    width = 1e-5 if name == "matern-3/2" else 1e-6
    assert found.gradient_squared[1] - found.gradient_squared[0] < width * found.gradient_squared[1]


def test_gradient_by_differences() -> None:
    """A step along the gradient changes the loss by eta |grad|^2 to first order."""
    field, problem, _ = _random_field("gaussian", 3, 4, 2)
    eta = 1e-6
    run = descend(field, problem, eta, 1)
    slope = (run.loss.midpoints()[0] - run.loss.midpoints()[1]) / eta
    assert slope == pytest.approx(run.gradient_squared.midpoints()[0], rel=2e-2)


def integrate(field: KernelField, problem: Problem) -> float:
    """The loss of the infinitely deep network by an adaptive solver in float64, without a proved error."""
    z, shape = problem.start, problem.start.shape
    for layer in range(field.depth):

        def velocity(_: float, flat: np.ndarray, layer: int = layer) -> np.ndarray:
            return field.evaluate(layer, flat.reshape(shape)).value.ravel()

        span = (layer / field.depth, (layer + 1) / field.depth)
        found = solve_ivp(velocity, span, z.ravel(), method="DOP853", rtol=1e-10, atol=1e-10)
        assert found.success, found.message
        z = found.y[:, -1].reshape(shape)
    gap = z[:, -problem.targets.shape[1] :] - problem.targets
    return float(np.sum(gap * gap)) / (2 * len(gap))


@pytest.mark.parametrize("name", ["gaussian", "matern-5/2"])
def test_infinite_depth_against_an_ode_solver(name: str) -> None:
    """The enclosure through Euler's rule contains the adaptive solver's loss, and shrinks like 1/substeps."""
    field, problem, _ = _random_field(name, 2, 3, 5)
    loss = integrate(field, problem)
    widths = []
    for substeps in (200, 400):
        found = run_pass(field, problem.start, problem.start_error, problem.targets, substeps=substeps, flow=True)
        assert found.loss[0] <= loss <= found.loss[1]
        widths.append(found.loss[1] - found.loss[0])
    assert widths[1] < 0.6 * widths[0]
    shallow = run_pass(field, problem.start, problem.start_error, problem.targets)
    assert abs(sum(shallow.loss) / 2 - loss) > 1e-3, (
        "two layers are not infinitely many: the comparison means something"
    )


def test_norms_by_accumulation() -> None:
    """The norm carried along the run contains the norm of the final control, from all of its centres at once."""
    run = train("gaussian", "0.5", "1", 3, 0.1, 12)
    field = run.field
    assert isinstance(field, KernelField)
    total = 0.0
    for z, c in zip(field.centres, field.coefficients, strict=True):
        total += float(np.sum((field.radial.values(np.maximum(_squared(z), 0.0)) @ c) * c)) / 3
    assert run.norm.lower[-1] - 1e-9 <= total**0.5 <= run.norm.upper[-1] + 1e-9


def _squared(z: np.ndarray) -> np.ndarray:
    return np.asarray(((z[:, None] - z[None]) ** 2).sum(axis=2))


def test_spectral_constant_is_tight() -> None:
    """The enclosure of kappa_1^2 of random features contains the eigenvalue and is narrow."""
    table = frequencies(radial_kernel("matern-5/2", 2), 200, 5, 3)
    found = spectral_constant(table)
    assert found.contains(float(np.linalg.eigvalsh(table.T @ table / 200)[-1]))
    assert found.relative_width < 1e-9

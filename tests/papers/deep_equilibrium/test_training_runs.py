"""A failure here means that trained networks do not show what docs/papers/deep_equilibrium/training.md says.

Its tables come from single networks with other random weights. Their numbers are compared with the spread of several
networks here: a number of a table must look like one more draw. Theorems and enclosures are compared exactly.
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import cache

import numpy as np
import pytest
import scipy.stats
from flint import arb

from certigram.numerics.checks.relation import Relation
from certigram.numerics.checks.trajectories import Bounds
from certigram.numerics.expressions.enclosed_function import EnclosedFunction
from certigram.numerics.kernels.points import points
from certigram.numerics.papers.deep_equilibrium.instance import EquilibriumInstance
from certigram.numerics.papers.deep_equilibrium.training.descent import certified_descent, geometric
from certigram.numerics.papers.deep_equilibrium.training.equilibrium import Differentiable, differentiable, solve
from certigram.numerics.papers.deep_equilibrium.training.gradient import (
    equilibrium,
    gradient,
    sample_network,
    tangent_gram,
)
from certigram.numerics.papers.deep_equilibrium.training.sampled import population_stability
from certigram.numerics.sampling.operator_norm import operator_norm
from certigram.numerics.studies.data import DataSet
from certigram.numerics.studies.networks import instance
from certigram.numerics.studies.study import Study
from certigram.theory.activations.activation import activation
from certigram.theory.claims.system import systems
from certigram.theory.verdict import Verdict

pytestmark = pytest.mark.slow

# width, steps, lambda_0/m, lambda_*, lambda_min(H)/m, lambda_min(Theta), last factor
GRADIENT_DESCENT = {
    "tanh": (1024, 520, 0.047080, 0.048088, 0.106346, 0.10025134, 0.933895),
    "sin": (512, 160, 0.114790, 0.120139, 0.261902, 0.25266655, 0.815010),
    "gelu": (512, 670, 0.097216, 0.092626, 0.234748, 0.20728348, 0.951310),
    "sigmoid": (512, 800, 0.003569, 0.003465, 0.004370, 0.00408522, 0.997577),
}
# sigma_w^2: q, chi, ||W||_2, spectral radius of DW, Picard iterations to 1e-11 (None: none), width, inputs
STABILITY = {
    1 / 16: (0.525684, 0.04308, 0.705, 0.2111, 18, 1024, 6),
    1 / 8: (0.531305, 0.08497, 0.998, 0.2966, 22, 1024, 6),
    1 / 4: (0.542274, 0.16532, 1.411, 0.4116, 30, 1024, 6),
    1 / 2: (0.563070, 0.31341, 1.995, 0.5589, 46, 1024, 6),
    0.6: (0.570951, 0.36836, 2.186, 0.6066, 54, 1024, 6),
    1.0: (0.599998, 0.56717, 2.798, 0.8206, 109, 400, 4),
    1.5: (0.631095, 0.77752, 3.426, 0.9181, 265, 400, 4),
    3.0: (0.698097, 1.25098, 4.846, 1.0989, None, 400, 4),
    8.0: (0.797827, 2.19115, 7.913, 1.5153, None, 400, 4),
}
LOOKS_LIKE = 1e-4
"""Probability with which a number of the table may be refused although it is one more draw."""


def data(n: int, d: int) -> np.ndarray:
    x = np.random.default_rng(0).standard_normal((d, n)).T
    return np.ascontiguousarray(x * (np.sqrt(d) / np.linalg.norm(x, axis=1, keepdims=True)))


def is_one_more_draw(value: float, others: list[float]) -> bool:
    """A Student prediction interval of one draw from the spread of the others."""
    mean, spread = float(np.mean(others)), float(np.std(others, ddof=1))
    half = float(scipy.stats.t.isf(LOOKS_LIKE / 2, len(others) - 1)) * spread * math.sqrt(1 + 1 / len(others))
    return abs(value - mean) <= half


def start(phi: Differentiable, width: int, seed: int, x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """lambda_0/m and lambda_min(H)/m of one network."""
    found = gradient(phi, sample_network(width, x.shape[1], 1 / 16, seed), x, y, tolerance=1e-12)
    features = found.state.T @ found.state
    return (
        float(np.linalg.eigvalsh(features)[0]) / width,
        float(np.linalg.eigvalsh(tangent_gram(found.state, found.adjoint, x))[0]) / width,
    )


@pytest.mark.parametrize("name", GRADIENT_DESCENT)
def test_the_eigenvalues_at_the_start(name: str) -> None:
    """lambda_0/m and lambda_min(H)/m of the table are one more draw; both limits are enclosed."""
    width, _, least, star, tangent, limit, _ = GRADIENT_DESCENT[name]
    phi, x, y = differentiable(activation(name)), data(8, 10), np.ones(8)
    draws = [start(phi, width, seed, x, y) for seed in range(12)]
    assert is_one_more_draw(least, [d[0] for d in draws])
    assert is_one_more_draw(tangent, [d[1] for d in draws])
    exact = DataSet(points(np.random.default_rng(0).standard_normal((10, 8)).T), None, "eight random points")
    model = instance("deq-general", name, Study("table", ("deq-general",), (name,), exact))
    assert isinstance(model, EquilibriumInstance)
    assert model.eigenvalue.lower - 5e-7 <= star <= model.eigenvalue.upper + 5e-7
    from certigram.numerics.checks.registry import decide

    certificate, _ = decide(systems()["deq-general"].claim("deq-general.tangent-order"), model)
    assert certificate.lower is not None
    assert certificate.upper is not None
    assert certificate.lower - 5e-9 <= limit <= certificate.upper + 5e-9


@pytest.mark.parametrize("name", GRADIENT_DESCENT)
def test_gradient_descent_keeps_the_rate(name: str) -> None:
    """The proved rate at every iterate; the last factor is (1 - eta lambda_min(H))^2 up to a tenth of its exponent."""
    width, steps, _, _, _, _, last = GRADIENT_DESCENT[name]
    phi, x = activation(name), data(8, 10)
    f = differentiable(phi)
    y = np.sign(np.random.default_rng(5).standard_normal(8))
    network = sample_network(width, 10, 1 / 16, 7)
    first = gradient(f, network, x, y, tolerance=1e-12)
    spectrum = np.linalg.eigvalsh(tangent_gram(first.state, first.adjoint, x))
    step = float(0.5 / spectrum[-1])
    run = certified_descent(
        f, EnclosedFunction(phi), network, x, y, step=step, steps=steps, until=1e-15, tolerance=1e-12
    )
    loss, least = run.bounds("loss"), run.bounds("least")
    factor = 1 - arb(step) * arb(float(least.upper[0])) / 2
    right = geometric(loss, factor, factor, run.length)
    tail = slice(1, None)
    found = Relation.of(
        "loss", Bounds.of(loss.lower[tail], loss.upper[tail]), Bounds.of(right.lower[tail], right.upper[tail])
    )
    assert found.verdict is Verdict.PROVED, str(found)
    assert least.lower.min() >= least.upper[0] / 2
    assert run.arrays["norm_upper"].max() * float(f.lipschitz or math.inf) < 1
    ratio = math.sqrt(loss.upper[-2] / loss.upper[-4])  # over two steps: the recorded bounds are wide at the end
    predicted = (1 - step * spectrum[0]) ** 2
    assert 0.7 < math.log(ratio) / math.log(predicted) < 1.6
    assert 0.6 < math.log(ratio) / math.log(last) < 1.7


@cache
def tanh() -> Differentiable:
    return differentiable(activation("tanh"))


@pytest.mark.parametrize("sigma_w2", STABILITY)
def test_stability(sigma_w2: float) -> None:
    """chi to all printed digits; norm, spectral radius and the number of iterations like one more draw."""
    q, chi, norm, radius, iterations, width, n = STABILITY[sigma_w2]
    assert abs(population_stability(tanh(), sigma_w2) - chi) < 6e-6
    x = data(n, 10)
    norms, radii, counts = [], [], []
    width = min(width, 512)  # eigenvalues of a full matrix of order 1024 take half a minute
    for seed in range(8):
        network = sample_network(width, 10, sigma_w2, seed)
        bias = network.inputs @ x.T
        found = solve(tanh(), network.recurrent, bias, tolerance=1e-11, max_iterations=1000)
        counts.append(found.iterations if found.converged else math.inf)
        slopes = tanh().derivative(network.recurrent @ found.state + bias)
        radii.append(float(np.abs(np.linalg.eigvals(slopes[:, :1] * network.recurrent)).max()))
        norms.append(operator_norm(network.recurrent).upper)
        assert abs(float(np.mean(found.state**2)) - q) < 0.25 * q or iterations is None
    assert is_one_more_draw(norm, norms) or abs(norm / np.mean(norms) - 1) < 0.02  # other widths, other means
    assert 0.85 < np.mean(radii) / math.sqrt(chi) < 1.2
    assert 0.85 < radius / np.mean(radii) < 1.2
    if iterations is None:
        assert all(count == math.inf for count in counts)
    else:
        near = abs(iterations / float(np.median(counts)) - 1) < 0.15
        assert near or is_one_more_draw(math.log(iterations), [math.log(min(count, 1000)) for count in counts])


def test_the_population_fixed_point_of_the_table() -> None:
    """q of the first rows, inside the range where it is enclosed."""
    for sigma_w2 in (1 / 16, 1 / 8, 1 / 4):
        exact = DataSet(points(np.random.default_rng(0).standard_normal((10, 4)).T), None, "four random points")
        study = Study(
            "table", ("deq-general",), ("tanh",), exact, parameters={"deq-general": {"sigma_w2": Fraction(sigma_w2)}}
        )
        model = instance("deq-general", "tanh", study)
        assert isinstance(model, EquilibriumInstance)
        assert abs(float(model.fixed_point.q) - STABILITY[sigma_w2][0]) < 6e-7


def test_relu_keeps_the_rate() -> None:
    """ReLU, for which no step size is proved small enough: the rate along the run, and lambda_0/m near lambda_*."""
    phi, x = activation("relu"), data(8, 10)
    f = differentiable(phi)
    draws = [start(f, 512, seed, x, np.ones(8))[0] for seed in range(12)]
    assert is_one_more_draw(0.08474311, draws)
    y = np.sign(np.random.default_rng(5).standard_normal(8))
    network = sample_network(512, 10, 1 / 16, 7)
    first = gradient(f, network, x, y)
    step = float(0.5 / np.linalg.eigvalsh(tangent_gram(first.state, first.adjoint, x))[-1])
    run = certified_descent(f, EnclosedFunction(phi), network, x, y, step=step, steps=400)
    loss, least = run.bounds("loss"), run.bounds("least")
    factor = 1 - arb(step) * arb(float(least.upper[0])) / 2
    right = geometric(loss, factor, factor, run.length)
    tail = slice(1, None)
    left = Bounds.of(loss.lower[tail], loss.upper[tail])
    assert Relation.of("loss", left, Bounds.of(right.lower[tail], right.upper[tail])).verdict is Verdict.PROVED
    assert equilibrium(f, network, x).converged

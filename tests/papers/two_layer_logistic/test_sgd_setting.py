"""The constants of noisy descent: against enumerated batches and random networks, and at the edge of what is allowed.

A failure means that a theorem on noisy descent would be evaluated with a constant that is too small.
"""

from __future__ import annotations

import itertools
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from flint import arb, arb_mat

from certigram.numerics.eigenvalues.largest import largest_eigenvalue
from certigram.numerics.kernels.points import points
from certigram.numerics.papers.two_layer_logistic.bounds import OuterWeights, alternating
from certigram.numerics.papers.two_layer_logistic.loss import TwoLayerLogistic
from certigram.numerics.papers.two_layer_logistic.scalar import reference
from certigram.numerics.papers.two_layer_logistic.sgd.activation import descent_activation
from certigram.numerics.papers.two_layer_logistic.sgd.inputs import LabelledInputs, input_moments
from certigram.numerics.papers.two_layer_logistic.sgd.log_sobolev import (
    BAKRY_EMERY,
    HOLLEY_STROOCK,
    best,
    envelope,
    gap,
    holley_stroock,
    log_lipschitz,
    one_neuron,
    options,
)
from certigram.numerics.papers.two_layer_logistic.sgd.setting import Batches, SgdSetting
from certigram.theory.activations.activation import activation
from certigram.theory.errors import DerivationGap, SpecError

TANH, TENTH, HALF = activation("tanh"), Fraction(1, 10), Fraction(1, 2)


def _line(*data: tuple[Fraction | int, int]) -> LabelledInputs:
    return LabelledInputs.of(points([[x] for x, _ in data], zero_rows=True), [y for _, y in data])


def test_largest_eigenvalue_from_both_sides() -> None:
    """Against LAPACK; a double eigenvalue, rank one, the zero matrix."""
    rng = np.random.default_rng(5)
    half = rng.standard_normal((7, 9))
    given = half @ half.T
    found = largest_eigenvalue(arb_mat(given.tolist()))
    assert abs(float(found) - np.linalg.eigvalsh(given)[-1]) < 1e-10 * float(found)
    assert float(found.rad()) < 1e-12 * float(found)
    assert largest_eigenvalue(arb_mat([[3, 0], [0, 3]])).contains(3)
    assert largest_eigenvalue(arb_mat([[1, 1], [1, 1]])).contains(2)
    assert largest_eigenvalue(arb_mat(3, 3)) == 0


@pytest.mark.parametrize("shape", [(3, 5), (5, 3)])
@pytest.mark.parametrize("on_sphere", [True, False])
def test_moments_of_inputs(shape: tuple[int, int], on_sphere: bool) -> None:
    """Both ways to find them, with d below and above n, on the sphere and as given."""
    x = np.random.default_rng(1).standard_normal(shape)
    moments = input_moments(LabelledInputs.of(points(x), (1,) * shape[0], on_sphere=on_sphere))
    if on_sphere:
        x = x * np.sqrt(shape[1]) / np.linalg.norm(x, axis=1, keepdims=True)
    second = x.T @ x / len(x)
    expected = np.linalg.eigvalsh(second)[-1], np.trace(second), np.linalg.norm(second), (x**2).sum(axis=1).max()
    found = moments.norm, moments.trace, moments.frobenius, moments.largest
    assert np.allclose([float(value) for value in found], expected, rtol=1e-12)


@pytest.mark.parametrize(("n", "size"), [(4, 2), (5, 3), (6, 1), (4, 4)])
def test_batches_by_enumeration(n: int, size: int) -> None:
    """ν/b is the variance of the mean of a batch by that of one number, with and without replacement, exactly."""
    numbers = [Fraction(k * k - 3 * k, 7) for k in range(n)]
    mean = sum(numbers, Fraction(0)) / n
    variance = sum(((x - mean) ** 2 for x in numbers), Fraction(0)) / n
    inputs = _line(*((k + 1, 1) for k in range(n)))
    for batches, drawn in (
        (Batches(size), itertools.combinations(numbers, size)),
        (Batches(size, replacement=True), itertools.product(numbers, repeat=size)),
    ):
        squares = [(sum(batch, Fraction(0)) / size - mean) ** 2 for batch in drawn]
        assert sum(squares, Fraction(0)) / len(squares) == batches.share(inputs) * variance


@pytest.mark.parametrize("name", ["tanh", "sigmoid", "softplus"])
def test_random_networks_obey_the_constants(name: str) -> None:
    """Gradient, Laplacian, Hessian and the gradients of single inputs at random weights."""
    rng = np.random.default_rng(7)
    for _ in range(4):
        n, p, d = 3, 3, 2
        x, y, a = rng.standard_normal((n, d)), rng.choice([-1.0, 1.0], n), rng.standard_normal(p)
        inputs = LabelledInputs.of(points(x), [int(v) for v in y])
        outer = OuterWeights(tuple(Fraction(v) for v in a))
        c = SgdSetting.of(activation(name), outer, inputs, TENTH, Batches(1))
        net = TwoLayerLogistic(activation(name), x, y, a, 0.0)
        for _ in range(10):
            weights = 2 * rng.standard_normal((p, d))
            eigenvalues = np.linalg.eigvalsh(net.hessian(weights))
            gradient = net.gradient(weights)
            assert eigenvalues[0] >= -float(c.convexity_threshold)
            assert eigenvalues[-1] + 0.1 <= float(c.smoothness)
            assert np.linalg.norm(gradient) <= float(c.gradient)
            assert net.laplacian(weights) <= float(c.laplacian)
            assert (weights * gradient).sum() >= -float(c.radial)
            singles = np.stack([
                TwoLayerLogistic(activation(name), x[i : i + 1], y[i : i + 1], a, 0.0).gradient(weights).ravel()
                for i in range(n)
            ])  # fmt: skip
            noise = singles - singles.mean(axis=0)
            assert (noise**2).sum(axis=1).mean() <= float(c.noise)
            assert np.linalg.norm(noise.T @ noise / n) <= float(c.noise_frobenius)
            assert np.sqrt((noise**2).sum(axis=1)).max() <= float(c.noise_bound)


def test_the_range_bounds_q() -> None:
    """Alternating signs and equal signs give different bounds; one label needs one end only."""
    both, one = _line((1, 1), (1, -1)), _line((1, 1), (2, 1))
    sigmoid = activation("sigmoid")
    positive = OuterWeights((Fraction(1),) * 2)
    assert SgdSetting.of(sigmoid, positive, one, TENTH).largest_q.overlaps(arb(1) / 2)  # f >= 0, and y = 1
    assert SgdSetting.of(sigmoid, positive, both, TENTH).largest_q.overlaps(1 / (1 + arb(-2).exp()))
    assert SgdSetting.of(sigmoid, alternating(2, Fraction(1)), both, TENTH).largest_q.overlaps(1 / (1 + arb(-1).exp()))
    assert SgdSetting.of(activation("softplus"), positive, both, TENTH).largest_q == 1


BAD = {
    "no regularisation": (lambda: SgdSetting.of(TANH, alternating(1, HALF), _line((1, 1)), Fraction(0)), "lambda > 0"),
    "batch too large": (lambda: Batches(3).share(_line((1, 1), (2, -1))), "at most 2"),
    "no batch": (lambda: Batches(0).share(_line((1, 1))), "at least 1"),
    "unequal weights": (lambda: Batches(1).share(LabelledInputs.on_a_line(reference("T1").data)), "with replacement"),
    "a label": (lambda: _line((1, 2)), "labels 1 and -1"),
    "weights": (lambda: LabelledInputs(points([[1]]), (1,), (HALF,)), "sum to one"),
    "a zero row on the sphere": (
        lambda: LabelledInputs.of(points([[0]], zero_rows=True), (1,), on_sphere=True),
        "no direction",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_gets_a_sentence(name: str) -> None:
    make, said = BAD[name]
    with pytest.raises(SpecError, match=said):
        make()


def test_activations_that_are_not_covered() -> None:
    """A kink, and a radial derivative without a bound."""
    with pytest.raises(DerivationGap, match="jumps"):
        descent_activation(activation("relu"))
    with pytest.raises(DerivationGap, match="neither"):
        _ = SgdSetting.of(activation("sin"), alternating(2, HALF), _line((1, 1)), TENTH).radial


def test_edges() -> None:
    """Inputs that are all zero, an affine activation, one point in one dimension, a batch of everything."""
    nothing = SgdSetting.of(TANH, alternating(2, HALF), _line((0, 1), (0, -1)), TENTH)
    assert nothing.norm == 0
    assert nothing.convexity_threshold == 0
    assert nothing.gradient == 0
    affine = SgdSetting.of(activation("3*x + 1"), alternating(2, HALF), _line((1, 1)), TENTH)
    assert affine.convexity_threshold == 0
    assert affine.convex
    assert affine.oscillation is None
    assert next(o.name for o in options(affine, HALF)) == BAKRY_EMERY
    everything = SgdSetting.of(TANH, alternating(2, HALF), _line((1, 1), (2, -1)), TENTH, Batches(2))
    assert everything.noise == everything.noise_bound == everything.noise_frobenius == 0


def test_options_at_the_reference_cases() -> None:
    """The table of one-dimensional constants, with the exact oscillation; and G of Lemma 1 in the last column."""
    table = {
        ("T1", 2): 2.95e-4, ("T1", 5): 1.49e-6, ("T1", 10): 2.23e-10,
        ("T2", 2): 1.01e-3, ("T2", 5): 9.16e-5, ("T2", 10): 1.68e-6,
        ("S1", 2): 1.76e-3, ("S1", 5): 1.31e-4, ("S1", 10): 1.71e-6,
    }  # fmt: skip
    for (name, inverse), value in table.items():
        case = reference(name)
        found = holley_stroock(SgdSetting.scalar(case), Fraction(1, inverse), case.oscillation())
        assert found is not None
        assert abs(float(found.constant) / value - 1) < 0.004  # three printed digits
    lipschitz = log_lipschitz(SgdSetting.scalar(reference("T1")), HALF)
    assert abs(float(lipschitz.log10_constant) + 1655.6) < 0.1
    exact = log_lipschitz(SgdSetting.scalar(reference("T1")), HALF, arb("0.728"))
    assert abs(float(exact.log10_constant) + 119) < 1


def test_which_option_wins() -> None:
    """Bakry and Emery above λ_cvx, one neuron for wide layers, an envelope near λ_cvx; all at most λ."""
    inputs = _line((1, 1), (2, -1))
    wide = OuterWeights((Fraction(1, 512),) * 256)
    c = SgdSetting.of(TANH, wide, inputs, Fraction(1, 2000))
    cold = Fraction(1, 2000)
    neuron, whole = one_neuron(c, cold), envelope(c, cold)
    assert neuron is not None
    assert whole is not None
    assert neuron.log_constant > whole.log_constant
    assert neuron.defect > 0
    assert best(c, cold).name != neuron.name  # no defect is allowed
    assert best(c, cold, 2 * neuron.defect).name == neuron.name
    assert all(option.constant <= c.rate for option in options(c, cold))
    convex = SgdSetting.of(TANH, wide, inputs, TENTH)
    assert best(convex, cold).name == BAKRY_EMERY
    single = SgdSetting.scalar(reference("T1"))
    assert best(single, HALF).name == HOLLEY_STROOCK
    assert gap(single, HALF) is None
    found = gap(convex, cold)
    assert found is not None
    assert found.of_gap


def test_every_theta_is_valid_and_the_search_finds_a_good_one() -> None:
    """Other values of theta give constants below the one found, up to the grid, or none."""
    c = SgdSetting.of(TANH, alternating(4, Fraction(1, 8)), _line((1, 1), (2, -1)), Fraction(1, 10))
    found = envelope(c, TENTH)
    assert found is not None
    assert not c.convex
    for k in range(65):
        other = envelope(c, TENTH, Fraction(k, 64))
        assert other is None or other.log_constant <= found.log_constant + arb(1) / 1000
    assert envelope(c, TENTH, Fraction(1)) is None


def test_numbers_without_a_value_prove_nothing() -> None:
    """A ball that is not a number gives no convexity, no target met, no inequality."""
    c = replace(SgdSetting.scalar(reference("T1")), norm=arb("nan"))
    assert not c.convex
    assert envelope(c, HALF, HALF) is None

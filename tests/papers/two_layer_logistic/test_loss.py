"""The loss of a two-layer network and its derivatives: numpy against sympy, differences and balls.

A failure means that the implementation does not compute the loss that the theorems are about, so that simulations and
evaluations in balls say nothing about it.
"""

from __future__ import annotations

import numpy as np
import pytest
import sympy
from flint import arb, arb_mat

from certigram.numerics.balls.precision import precision
from certigram.numerics.expressions.elementary.real import power
from certigram.numerics.expressions.lowering import lower_arb
from certigram.numerics.papers.two_layer_logistic.enclosed import EnclosedNetwork
from certigram.numerics.papers.two_layer_logistic.loss import TwoLayerLogistic
from certigram.theory.activations.activation import activation
from certigram.theory.activations.functions import X, rewrite_elementary
from certigram.theory.errors import SpecError


def _network(name: str, p: int, d: int, n: int, rate: float = 0.25) -> tuple[TwoLayerLogistic, np.ndarray]:
    rng = np.random.default_rng([p, d, n, len(name)])
    points = rng.integers(-4, 5, (n, d)) / 4.0 + 1 / 8
    labels = np.where(np.arange(n) % 2 == 0, 1.0, -1.0)
    outer = np.where(np.arange(p) % 2 == 0, 1.0, -1.0) * (np.arange(p) + 2) / 2
    weights = rng.integers(-6, 7, (p, d)) / 8.0
    return TwoLayerLogistic(activation(name), points, labels, outer, rate), weights


def _symbolic(net: TwoLayerLogistic) -> tuple[sympy.Expr, list[sympy.Symbol]]:
    """The loss as a sympy expression of its pd weights, written from its definition."""
    p, d = net.shape
    w = sympy.Matrix(p, d, lambda j, k: sympy.Symbol(f"w{j}_{k}", real=True))
    sigma = rewrite_elementary(net.activation.expression)
    total = sympy.Rational(net.regularisation) / 2 * sum(v**2 for v in w)
    for x, y in zip(net.points, net.labels, strict=True):
        output = sum(
            sympy.Rational(net.outer[j]) * sigma.subs(X, sum(w[j, k] * sympy.Rational(x[k]) for k in range(d)))
            for j in range(p)
        )
        total += sympy.log(1 + sympy.exp(-sympy.Rational(y) * output)) / len(net.labels)
    return total, list(w)


@pytest.mark.parametrize("name", ["tanh", "softplus", "gelu"])
@pytest.mark.parametrize(("p", "d", "n"), [(1, 1, 1), (2, 1, 2), (1, 2, 2), (2, 2, 2)])
def test_numpy_agrees_with_sympy(name: str, p: int, d: int, n: int) -> None:
    """Value, gradient, Hessian and Laplacian at a rational point, to rounding, against symbolic differentiation."""
    net, weights = _network(name, p, d, n)
    loss, symbols = _symbolic(net)
    place = dict(zip(symbols, map(sympy.Rational, weights.ravel()), strict=True))
    gradient = [sympy.diff(loss, s) for s in symbols]
    hessian = [[sympy.diff(g, s) for s in symbols] for g in gradient]

    def number(e: sympy.Expr) -> float:
        return float(e.subs(place).evalf(30))

    exact = np.array([[number(e) for e in row] for row in hessian])
    assert float(net.loss(weights)) == pytest.approx(number(loss), rel=1e-14)
    np.testing.assert_allclose(net.gradient(weights).ravel(), [number(g) for g in gradient], rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(net.hessian(weights), exact, rtol=1e-12, atol=1e-14)
    assert float(net.laplacian(weights)) == pytest.approx(np.trace(exact), rel=1e-12)


@pytest.mark.parametrize("name", ["sigmoid", "erf", "silu", "x*(2+sin(log(1+x**2)))"])
def test_derivatives_agree_with_differences(name: str) -> None:
    """Central differences of the loss and of the gradient along a random direction, on a larger network."""
    net, _ = _network(name, 5, 4, 9)
    rng = np.random.default_rng(1)
    weights, direction, h = rng.standard_normal((5, 4)), rng.standard_normal((5, 4)), 1e-5
    slope = (net.loss(weights + h * direction) - net.loss(weights - h * direction)) / (2 * h)
    assert float(slope) == pytest.approx(float((net.gradient(weights) * direction).sum()), rel=1e-7)
    change = (net.gradient(weights + h * direction) - net.gradient(weights - h * direction)).ravel() / (2 * h)
    np.testing.assert_allclose(net.hessian(weights) @ direction.ravel(), change, rtol=1e-6, atol=1e-8)
    assert np.trace(net.hessian(weights)) == pytest.approx(float(net.laplacian(weights)), rel=1e-12)


def test_many_weights_at_once() -> None:
    """A batch of weights gives what single ones give."""
    net, _ = _network("tanh", 3, 2, 5)
    batch = np.random.default_rng(2).standard_normal((7, 3, 2))
    for k in range(7):
        np.testing.assert_allclose(net.loss(batch)[k], net.loss(batch[k]), rtol=1e-14)
        np.testing.assert_allclose(net.gradient(batch)[k], net.gradient(batch[k]), rtol=1e-12)
        np.testing.assert_allclose(net.potential(batch, 0.1)[k], net.potential(batch[k], 0.1), rtol=1e-12)


@pytest.mark.parametrize("name", ["tanh", "gelu", "sin"])
def test_balls_contain_what_numpy_computes(name: str) -> None:
    """Every enclosed quantity at a point against float64, and over a box against points of the box."""
    net, weights = _network(name, 3, 2, 6)
    direction = np.random.default_rng(3).standard_normal((3, 2))
    with precision(80):
        enclosed = EnclosedNetwork(
            net.activation,
            arb_mat(net.points.tolist()),
            tuple(int(y) for y in net.labels),
            tuple(map(arb, net.outer)),
            arb(net.regularisation),
            (arb(1) / 6,) * 6,
        )
        at = enclosed.values(arb_mat(weights.tolist()), arb_mat(direction.tolist()))
        box = enclosed.values(arb_mat([[arb(w, 0.125) for w in row] for row in weights.tolist()]))
        along = enclosed.along(arb_mat(weights.tolist()), arb_mat(direction.tolist()))
    flat = direction.ravel()
    data = net.hessian(weights) - net.regularisation * np.eye(6)
    assert float(at.loss) == pytest.approx(float(net.loss(weights)), rel=1e-13)
    assert float(at.gradient) == pytest.approx(float((net.gradient(weights) ** 2).sum()), rel=1e-12)
    assert float(at.laplacian) == pytest.approx(float(net.laplacian(weights)), rel=1e-12)
    assert float(at.curvature) == pytest.approx(float(flat @ data @ flat), rel=1e-11)
    assert along[1].overlaps(at.slope)
    assert along[2].overlaps(at.curvature)
    assert box.gradient.is_finite()
    for corner in np.random.default_rng(4).uniform(-0.125, 0.125, (20, 3, 2)):
        moved = weights + corner
        assert box.loss.contains(arb(float(net.loss(moved)), 1e-12))
        assert (box.gradient + arb(0, 1e-9)).contains(arb(float((net.gradient(moved) ** 2).sum())))
        assert (box.laplacian + arb(0, 1e-9)).contains(arb(float(net.laplacian(moved))))


@pytest.mark.parametrize("bend_sign", [-1, 1])
def test_the_sign_of_the_second_term(bend_sign: int) -> None:
    """Formula and power series enclose one Laplacian, one curvature, for both labels; with another sign they do not."""
    with precision(80):
        points, outer, mass = arb_mat([[3, 4], [1, -2]]), (arb(2), arb(-1)), (arb(0.25), arb(0.75))
        for labels in ((1, -1), (-1, 1)):
            network = EnclosedNetwork(activation("tanh"), points, labels, outer, arb(0), mass, bend_sign)
            weights, units = arb_mat([[0.25, 0.5], [-1, 0.125]]), [[int(i == k) for i in range(4)] for k in range(4)]
            seconds = [network.along(weights, arb_mat(2, 2, unit))[2] for unit in units]
            right = bend_sign == -1
            assert network.values(weights).data_laplacian.overlaps(sum(seconds, arb(0))) is right
            assert network.values(weights, arb_mat(2, 2, units[0])).curvature.overlaps(seconds[0]) is right


@pytest.mark.parametrize("radius", [1e-20, 1e-5, 0.1])
def test_derivatives_on_balls_centred_at_zero(radius: float) -> None:
    """A ball whose midpoint is exactly zero, wide or not: powers and derivatives of tanh stay finite and contain."""
    ball = arb(0, radius)
    for order, value in ((1, 1), (2, 0)):
        found = lower_arb(sympy.diff(sympy.tanh(X), X, order))(ball)
        assert found.is_finite()
        assert found.contains(value)
    for n in (1, 2, 3, 4):
        assert power(ball, n).is_finite()
        assert power(ball, n).contains(arb(radius) ** n * 0.99)


def test_malformed_input_is_refused() -> None:
    """Shapes and labels that do not fit are named."""
    good = np.ones((2, 1))
    with pytest.raises(SpecError, match="labels"):
        TwoLayerLogistic(activation("tanh"), good, np.array([1.0, 0.5]), np.ones(1), 0.1)
    with pytest.raises(SpecError, match="points"):
        TwoLayerLogistic(activation("tanh"), good, np.ones(3), np.ones(1), 0.1)
    with pytest.raises(SpecError, match="non-negative"):
        TwoLayerLogistic(activation("tanh"), good, np.ones(2), np.ones(1), 0.1, np.array([1.5, -0.5]))
